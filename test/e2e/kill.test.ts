/** A scan that is killed anywhere, again and again, ends as if nothing had happened. */
import { expect, test } from "vitest";
import { mix } from "../../simulator/random.ts";
import { type Ended, metaOf, newFolder, reachCsv, serve, smallTenant, start } from "./cli.ts";

/** A lane has a simulator of its own, whose requests it counts, and one core. */
const SEEDS = [1, 2];
/** Few by default, as each costs seconds; `npm run test:kill` makes 50. Kills of each lane. */
const KILLS = Math.ceil(Number(process.env.FOREREACH_KILLS ?? 10) / SEEDS.length);

test(`a scan killed at ${KILLS * SEEDS.length} random points and run again has the same inventory and the same reach, byte for byte`, {
  timeout: 3_600_000,
}, async () => {
  const lanes = await Promise.all(SEEDS.map(createLane));
  const ends = await Promise.all(lanes.map((lane) => lane.run()));
  for (const { kills, folders, differing } of ends) {
    expect(differing).toEqual([]);
    expect(kills).toBe(KILLS);
    expect(folders).toBeGreaterThan(1);
  }
});

/** Of one scan, so that several scans are killed, however few kills a lane has. */
const MOST_KILLS = Math.min(4, Math.ceil(KILLS / 2));

interface Outcome {
  kills: number;
  /** Scans that were run to their end after one or more kills. */
  folders: number;
  /** What differs from the undisturbed scan, with the points of its kills. */
  differing: string[];
}

async function createLane(seed: number): Promise<{ run(): Promise<Outcome> }> {
  // Progress is a request or a stage of the build, so that points do not depend on how fast the machine is.
  let onProgress = () => {};
  const simulator = await serve({ tenant: smallTenant(), onRequest: () => onProgress() });

  /** Resolves with undefined if it was killed at its `at`th sign of progress. */
  const scanUntil = async (folder: string, at: number): Promise<Ended | undefined> => {
    let seen = 0;
    const { child, ended } = start(["--json-log", "scan", "--simulator", simulator.url], {
      folder,
      onLine: (line) => {
        if (line.includes('"type":"stage"')) onProgress();
      },
    });
    onProgress = () => {
      seen += 1;
      if (seen === at) child.kill("SIGKILL");
    };
    const end = await ended;
    onProgress = () => {};
    if (child.signalCode === "SIGKILL") return undefined;
    if (end.code !== 0) throw new Error(`scan ended with ${end.code}: ${end.stderr}`);
    longest = Math.max(longest, seen);
    return end;
  };
  const answerOf = async (folder: string) => [metaOf(folder).snapshot, await reachCsv(folder)];
  let longest = 0;
  let draws = 0;
  const upTo = (most: number) => 1 + (mix(seed, ++draws) % most);

  return {
    async run() {
      const whole = newFolder();
      await scanUntil(whole, Number.POSITIVE_INFINITY);
      const undisturbed = await answerOf(whole);
      const outcome: Outcome = { kills: 0, folders: 0, differing: [] };
      while (outcome.kills < KILLS) {
        const folder = newFolder();
        const points: number[] = [];
        // The first kill falls anywhere; most scans are then killed again, sooner, before one may end.
        while (outcome.kills < KILLS && points.length < MOST_KILLS && (points.length === 0 || upTo(8) > 1)) {
          const at = upTo(points.length === 0 ? longest : Math.ceil(longest / 3));
          if ((await scanUntil(folder, at)) !== undefined) break;
          points.push(at);
          outcome.kills += 1;
        }
        await scanUntil(folder, Number.POSITIVE_INFINITY);
        const answer = await answerOf(folder);
        if (answer[0] !== undisturbed[0]) outcome.differing.push(`snapshot after ${points}`);
        if (answer[1] !== undisturbed[1]) outcome.differing.push(`reach after ${points}`);
        outcome.folders += 1;
      }
      return outcome;
    },
  };
}
