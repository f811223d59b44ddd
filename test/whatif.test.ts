/** What would be, beside what is once it has become a fact: on random tenants with all features mixed. */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Answers, importFile, openAnswers } from "../src/app.ts";
import type { ReachRow } from "../src/reach/reach-row.ts";
import { changesOf } from "../src/reach/whatif-compare.ts";
import { Touched } from "../src/reach/whatif-seed.ts";
import type { Change } from "../src/schema.ts";
import { openWhatIf, type Supposed } from "../src/suppose.ts";
import type { Put } from "./oracle/records.ts";
import { tenantPrefix, tenants } from "./oracle/tenants.ts";

// Several graphs are built from many tenants.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const TENANTS = Number(process.env.FOREREACH_WHATIF ?? 60);
const SEED = Number(process.env.FOREREACH_SEED ?? 1);

/** Always the same numbers: which records a change is about. */
function* dice(seed: number): Generator<number> {
  for (let state = seed >>> 0; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

interface Plan {
  before: Put[];
  after: Put[];
  changes: Change[];
}

/** What is about who somebody is and what they hold: of these it is certain whom they may concern. */
const OF_SOMEBODY: ReadonlySet<string> = new Set([
  ...[
    "ACTS_AS",
    "USES",
    "INVOKES",
    "MADE_FROM",
    "MAY_USE",
    "MEMBER_OF",
    "ELIGIBLE_FOR",
    "CAN_REQUEST",
    "CONTROLS",
  ],
  ...["GRANTED", "DENIED", "CONSENTED", "EMBEDS"],
]);

/** Of each tenant some relationships come, and some go; of every second these of somebody alone, of every fourth a node. */
function planOf(world: readonly Put[], roll: () => number, place: number): Plan {
  const [come, go] = [new Set<Put>(), new Set<Put>()];
  for (const put of world) {
    if (!("from" in put) || (place % 2 === 1 && !OF_SOMEBODY.has(put.kind))) continue;
    const drawn = roll();
    if (drawn < 0.04) come.add(put);
    else if (drawn < 0.08) go.add(put);
  }
  const nodes = world.filter(
    (put) => "id" in put && put.kind === "Principal" && !put.id.startsWith("everyone"),
  );
  const gone = place % 4 === 0 ? nodes[Math.floor(roll() * nodes.length)] : undefined;
  const id = gone !== undefined && "id" in gone ? gone.id : undefined;
  const ends = (put: Put): boolean =>
    "from" in put && [put.from, put.to].some((end) => end.kind === "Principal" && end.id === id);
  const changes = world.flatMap((put): Change[] => {
    if (!("from" in put)) return [];
    const { kind, from, to, props } = put;
    const key = props?.key;
    if (go.has(put)) return [{ remove: { kind, from, to, ...(key === undefined ? {} : { key }) } } as Change];
    return come.has(put) && !ends(put) ? [{ put } as Change] : [];
  });
  if (id !== undefined) changes.push({ remove: { kind: "Principal", id } });
  return {
    before: world.filter((put) => !come.has(put)),
    after: world.filter((put) => !go.has(put) && put !== gone && !ends(put)),
    changes,
  };
}

let folder: string;
let plans: Plan[];
let supposed: Supposed;
let fact: Answers;
let untouched: string[];

const write = (name: string, lines: readonly unknown[]): string => {
  const file = join(folder, name);
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join("\n"));
  return file;
};
const puts = (records: readonly Put[]) => records.map((put) => ({ put }));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "whatif-"));
  const dies = dice(SEED);
  const roll = () => dies.next().value as number;
  plans = tenants(TENANTS, SEED).map((world, index) => planOf(world, roll, index));
  const all = (of: (plan: Plan) => Put[]) => plans.flatMap(of);
  await importFile({
    folder: join(folder, "today"),
    file: write("world.jsonl", puts(all(({ before }) => before))),
  });
  await importFile({
    folder: join(folder, "fact"),
    file: write("world.jsonl", puts(all(({ after }) => after))),
  });
  untouched = digests();
  supposed = await openWhatIf({
    folder: join(folder, "today"),
    file: write(
      "changes.jsonl",
      plans.flatMap(({ changes }) => changes),
    ),
    signal: new AbortController().signal,
  });
  fact = await openAnswers(join(folder, "fact"));
});
afterAll(async () => {
  await supposed?.close();
  await fact?.close();
  expect(digests()).toEqual(untouched);
  const left = readdirSync(join(folder, "today"));
  rmSync(folder, { recursive: true });
  expect(left.sort()).toEqual(["graph", "graph.json", "inventory.duckdb"]);
});

/** Every file of what is, by name and content. */
const digests = (): string[] => {
  const data = join(folder, "today");
  const graph = readdirSync(join(data, "graph")).map((name) => join("graph", name));
  return ["inventory.duckdb", "graph.json", ...graph].map(
    (name) =>
      `${name} ${createHash("sha256")
        .update(readFileSync(join(data, name)))
        .digest("hex")}`,
  );
};

/** Rows without when and in which snapshot they were read. */
async function rowsOf(answers: Pick<Answers, "reach">, expand = false): Promise<string[]> {
  const lines: string[] = [];
  for await (const { observed_from, observed_to, snapshot, ...row } of answers.reach({ expand }))
    lines.push(JSON.stringify(row));
  return lines;
}

test(`what would be is what is once it is a fact: ${TENANTS} random tenants, row for row`, async () => {
  const rows = await rowsOf(supposed);
  expect(rows.length).toBeGreaterThan(TENANTS * 5);
  expect(rows).toEqual(await rowsOf(fact));
  expect(rows).not.toEqual(await rowsOf(supposed.today));
});

test("agents that are said not to be concerned answer as before, tenant by tenant", async () => {
  const [before, after] = [await byAgent(supposed.today), await byAgent(supposed)];
  const agents = [...new Set([...before.keys(), ...after.keys()])];
  let certain = 0;
  for (const [index, { changes }] of plans.entries()) {
    const touched = new Touched();
    for (const change of changes) touched.note(change);
    const concerned = await touched.concerned(supposed.today.ask);
    if (concerned === undefined) continue;
    certain += 1;
    const own = agents.filter((id) => id.startsWith(tenantPrefix(index)));
    const differ = own.filter((id) => before.get(id) !== after.get(id));
    expect(differ.filter((id) => !concerned.has(id))).toEqual([]);
  }
  expect(certain).toBeGreaterThan(TENANTS / 8);
});

async function byAgent(answers: Answers): Promise<Map<string, string>> {
  const rows = new Map<string, string>();
  for await (const row of answers.reach({})) {
    // All tenants share everyone: what that opens in another tenant is not about this one.
    if (!row.scope_id.includes(row.agent_id.slice(0, row.agent_id.indexOf(":") + 1))) continue;
    const said = [row.mode, row.via, row.scope_id, row.tier, row.discover, row.read, row.write, row.manage];
    rows.set(
      row.agent_id,
      `${rows.get(row.agent_id) ?? ""}${said.join(" ")} ${row.certainty} ${row.path_json}\n`,
    );
  }
  return rows;
}

test("what differs at a place is said of it, or of a place above; and nothing else is said to be gained", async () => {
  const said = new Map<string, Set<string>>();
  const actorOf = ({ agent_id, mode, via }: ReachRow) => [agent_id, mode, via].join("\n");
  /** Actors that gain: as is said, at any place, and at one by more than use alone. */
  const [gains, anywhere, surely] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for await (const row of changesOf(supposed.today, supposed, { moved: supposed.moved })) {
    said.set(actorOf(row), (said.get(actorOf(row)) ?? new Set()).add(row.scope_id));
    if (row.gained === "yes") gains.add(actorOf(row));
  }
  let rows = 0;
  const known = new Map<string, Promise<string[]>>();
  /** Places above one, as they are and as they would be. */
  const above = (place: string): Promise<string[]> => {
    const found =
      known.get(place) ??
      Promise.all([supposed.above(place), supposed.today.above(place)]).then((both) => both.flat());
    known.set(place, found);
    return found;
  };
  for await (const row of changesOf(supposed.today, supposed, { moved: supposed.moved, expand: true })) {
    rows += 1;
    const places = said.get(actorOf(row));
    const told = (await above(row.scope_id)).some((place) => places?.has(place));
    // What may be used at a place, by its labels and who may open them: the row above says that of its best class, which may stay.
    const useAlone =
      row.use !== row.before_use &&
      (["discover", "read", "write", "manage", "tier", "covers", "certainty"] as const).every(
        (name) => row[name] === row[`before_${name}`],
      );
    if (row.gained === "yes") anywhere.add(actorOf(row));
    if (row.gained === "yes" && !useAlone) surely.add(actorOf(row));
    if (!told && !useAlone) expect.fail(JSON.stringify(row));
  }
  expect(rows).toBeGreaterThan(TENANTS);
  // Otherwise both would have looked at every place.
  expect(supposed.moved?.length).toBeGreaterThan(0);
  expect([...surely].filter((actor) => !gains.has(actor))).toEqual([]);
  expect([...gains].filter((actor) => !anywhere.has(actor))).toEqual([]);
});

test("the inventory and the published graph stay as they are, byte by byte, while it is asked", async () => {
  for await (const _ of supposed.reach({ expand: true }));
  expect(digests()).toEqual(untouched);
});
