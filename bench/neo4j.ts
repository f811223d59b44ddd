/**
 * Publication to Neo4j and what it is for: the first one, one after 1 % of the grants changed, one with nothing changed,
 * beside writing everything again; reach asked of the server. `--size` 1 is the estate of 10,000 agents (see estate.ts).
 * The server is the one of FOREREACH_NEO4J_URI, or one that is started for this. Each step has a process of its own, so
 * that its memory is what is measured; `cpu` counts that process, and the server's where it was started here. A step that
 * fails or does not end says so, and the next one begins.
 */
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Neo4jServer, startNeo4j } from "../scripts/neo4j.ts";
import { tenantLabel } from "../src/graph/generate-neo4j.ts";
import { loadRules } from "../src/graph/rules.ts";
import type { GraphSource } from "../src/graph/store.ts";
import { openEmbeddedStore } from "../src/graph/store-embedded.ts";
import { stateFiles } from "../src/graph/store-neo4j.ts";
import { type PublishOptions, publish } from "../src/graph/store-neo4j-publish.ts";
import { connectNeo4j, type Neo4jOptions } from "../src/graph/store-neo4j-server.ts";
import type { GraphTable } from "../src/keep/inventory.ts";
import { makeEstate } from "./estate.ts";
import { line, megabytes } from "./meter.ts";
import {
  nestedGroups,
  PATTERN,
  publishedPairs,
  reachByLevels,
  reachOfOne,
  withChangedGrants,
  writeAllAgain,
} from "./neo4j-tasks.ts";

const TENANT = "bench";
/** Seconds that one step may take; the others go on without it. */
const LIMIT = 3_600;
const TIME = "2026-01-01T00:00:00Z";

type State = Omit<PublishOptions, "files"> & { files: [string, string][] };

const server = (): Neo4jOptions => ({
  uri: process.env.FOREREACH_NEO4J_URI ?? "",
  user: process.env.FOREREACH_NEO4J_USER ?? "neo4j",
  password: process.env.FOREREACH_NEO4J_PASSWORD ?? "",
});
const connected = async <T>(work: (connection: Awaited<ReturnType<typeof connectNeo4j>>) => Promise<T>) => {
  const connection = await connectNeo4j(server());
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
};
const stateOf = async (folder: string, name: string): Promise<PublishOptions> => {
  const state = JSON.parse(await readFile(join(folder, `${name}.json`), "utf8")) as State;
  return { ...state, files: new Map(state.files) };
};

interface Done {
  rows: number;
  /** More to say. */
  note?: string;
}

/** What a child does in the folder of one estate; its answer goes to the parent as JSON. */
const TASKS: Readonly<Record<string, (folder: string, argument: string) => Promise<Done>>> = {
  async estate(folder, size) {
    const tables = await makeEstate(Number(size), join(folder, "estate"));
    await writeFile(join(folder, "tables.json"), JSON.stringify(tables));
    return { rows: tables.reduce((sum, { rows }) => sum + rows, 0) };
  },
  async derive(folder, name) {
    const tables = JSON.parse(await readFile(join(folder, "tables.json"), "utf8")) as GraphTable[];
    const of = name === "first" ? tables : await withChangedGrants(tables, join(folder, "changed"));
    const source: GraphSource = { snapshot: name, time: TIME, gaps: [], tables: of };
    const store = openEmbeddedStore({ folder: join(folder, name) });
    await store.rebuild(source);
    let rows = 0;
    for await (const derived of store.derive(loadRules())) rows += derived.rows;
    await mkdir(join(folder, `${name}-files`));
    const files = await stateFiles(source, store, join(folder, `${name}-files`));
    await store.close();
    const state: State = {
      ...{ tenant: TENANT, snapshot: name, time: TIME, files: [...files] },
      folder: join(folder, "published"),
    };
    await writeFile(join(folder, `${name}.json`), JSON.stringify(state));
    return { rows };
  },
  async publish(folder, name) {
    const state = await stateOf(folder, name);
    const { written, how } = await connected((connection) => publish(connection, state));
    return { rows: written, note: how };
  },
  async again(folder, argument) {
    const [how, name = ""] = argument.split(" ");
    const { files } = await stateOf(folder, name);
    const state = join(folder, `again-${how}`);
    await mkdir(state, { recursive: true });
    const by = how === "CREATE" ? how : "MERGE";
    return {
      rows: await connected((connection) =>
        writeAllAgain(connection, `${TENANT}-merge`, { state, files, by }),
      ),
    };
  },
  levels: () => connected((connection) => reachByLevels(connection, tenantLabel(TENANT))),
  published: () => connected((connection) => publishedPairs(connection, tenantLabel(TENANT))),
  async pattern(_, flow) {
    const {
      rows: [row],
    } = await connected((connection) =>
      connection.read(PATTERN(tenantLabel(TENANT), flow === "acl" ? "acl" : "containment")),
    );
    return { rows: Number(row?.n ?? 0) };
  },
  async one(folder) {
    return reachOfOne(server(), TENANT, folder);
  },
};

/** Seconds of processor time of a process, its threads included; undefined if it is not one of this machine. */
async function cpuOf(pid: number | undefined): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) / 100;
}

interface Answer extends Done {
  seconds: number;
  cpu: number;
  peak: number;
}

async function step(
  what: string,
  folder: string,
  [task, argument]: readonly [string, string],
  started: Neo4jServer | undefined,
  target?: string,
): Promise<Answer | undefined> {
  const before = await cpuOf(started?.pid);
  const child = spawnSync(
    process.execPath,
    [fileURLToPath(import.meta.url), "--task", task, folder, argument],
    {
      encoding: "utf8",
      env: { ...process.env, ...(started === undefined ? {} : environmentOf(started)) },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: LIMIT * 1000,
    },
  );
  if (child.signal !== null) {
    line(what, `did not end in ${LIMIT} s`, target);
    return undefined;
  }
  if (child.status !== 0) {
    line(
      what,
      `did not end: ${
        child.stderr
          .trim()
          .split("\n")
          .find((one) => /Error/.test(one)) ?? child.stderr
      }`,
      target,
    );
    return undefined;
  }
  const answer = JSON.parse(child.stdout) as Answer;
  const after = await cpuOf(started?.pid);
  const cpu =
    before === undefined || after === undefined ? "" : `, server cpu ${(after - before).toFixed(1)} s`;
  line(
    what,
    `${answer.seconds.toFixed(2)} s, ${answer.rows.toLocaleString("en-US")} rows${answer.note === undefined ? "" : ` (${answer.note})`}; cpu ${answer.cpu.toFixed(1)} s${cpu}, ${megabytes(answer.peak)}`,
    target,
  );
  return answer;
}

const environmentOf = ({ uri, user, password }: Neo4jServer) => ({
  FOREREACH_NEO4J_URI: uri,
  FOREREACH_NEO4J_USER: user,
  FOREREACH_NEO4J_PASSWORD: password,
});

async function main(size: string, folder: string, started: Neo4jServer | undefined): Promise<void> {
  const run = (what: string, task: readonly [string, string], target?: string) =>
    step(what, folder, task, started, target);
  process.stdout.write(
    `Neo4j, size ${size} of the estate, ${availableParallelism()} cores, load ${loadavg()[0]!.toFixed(1)}\n`,
  );
  await run("estate", ["estate", size]);
  const derived = await run("derived here", ["derive", "first"]);
  await run("derived here, 1 % changed", ["derive", "second"]);
  // What rules derived is among the rows; deriving it here comes before, and is told apart.
  const first = await run("first publication", ["publish", "first"], "180 s");
  if (derived !== undefined && first !== undefined)
    line("  with deriving", `${(derived.seconds + first.seconds).toFixed(1)} s`);
  await run("nothing changed", ["publish", "first"], "1 s");
  const changes: Answer[] = [];
  for (const name of ["second", "first", "second"]) {
    const answer = await run("1 % of the grants changed", ["publish", name], "5 s");
    if (answer !== undefined) changes.push(answer);
  }
  await run("one agent, warm", ["one", ""], "p95 20 ms");
  const levels = await run("every agent, by levels", ["levels", ""], "15 s");
  const published = await run("  in CAN_REACH", ["published", ""]);
  if (levels?.rows !== published?.rows) line("  they differ", "one of the two is wrong");
  await run("plain pattern, containment", ["pattern", "containment"]);
  await run("plain pattern, lists", ["pattern", "acl"]);
  process.stdout.write("300 groups nested 5-fold in 10 layers, with cycles, 30 agents\n");
  await nestedGroups(started ?? server(), folder).catch((error: unknown) => line("failed", String(error)));
  await rm(join(folder, "published"), { recursive: true, force: true });
  await run("no local copy: compared", ["publish", "second"]);
  await run("written, to be written again", ["again", "CREATE second"]);
  const again = await run("everything again, by MERGE", ["again", "MERGE second"]);
  const change = changes.map(({ seconds }) => seconds).sort((a, b) => a - b)[1];
  if (again !== undefined && change !== undefined)
    line("  times the difference", (again.seconds / change).toFixed(1), "20");
  process.stdout.write(`load at the end ${loadavg()[0]!.toFixed(1)}\n`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { size: { type: "string", default: "0.1" }, task: { type: "string" } },
});
if (values.task !== undefined) {
  const begin = performance.now();
  const done = await TASKS[values.task]!(positionals[0]!, positionals[1] ?? "");
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const answer: Answer = {
    ...done,
    seconds: (performance.now() - begin) / 1000,
    cpu: (userCPUTime + systemCPUTime) / 1e6,
    peak: maxRSS * 1024,
  };
  process.stdout.write(JSON.stringify(answer));
} else {
  const settings = [
    ...["db.memory.transaction.max=1g", "dbms.memory.transaction.total.max=1200m"],
    "server.memory.pagecache.size=1g",
  ];
  const started =
    process.env.FOREREACH_NEO4J_URI === undefined ? await startNeo4j({ heap: "2g", settings }) : undefined;
  const folder = await mkdtemp(join(tmpdir(), "forereach-bench-"));
  try {
    await main(values.size, folder, started);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await started?.stop();
  }
}
