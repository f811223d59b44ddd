/**
 * A server that breaks: killed, out of disk, out of memory, locked, read-only. One that is started for this, since it must
 * not be anybody's.
 */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Driver } from "neo4j-driver";
import { generate } from "selfsigned";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Neo4jServer, startNeo4j } from "../scripts/neo4j.ts";
import { tenantLabel } from "../src/graph/generate-neo4j.ts";
import { connectNeo4j, type Neo4jOptions } from "../src/graph/store-neo4j-server.ts";
import { StoreError } from "../src/model.ts";
import { ask, plainDriver } from "./neo4j.ts";
import { contents, randomFrom, run, type State, twoStates } from "./neo4j-states.ts";

/** Kills of the server, each with a start of it. */
const KILLS = Number(process.env.FOREREACH_KILLS ?? "1");
const SETTINGS = [
  ...["db.lock.acquisition.timeout=500ms", "db.memory.transaction.max=64m"],
  // Little on the disk, so that a small one can be filled.
  ...["db.tx_log.preallocate=false", "db.tx_log.rotation.size=1m"],
];

let folder = "";
let home = "";
let mounted = false;
let states: { small: State; large: State };
const rows = new Map<State, string[]>();
let tls: { key: string; cert: string };
let server: Neo4jServer;
let driver: Driver;
const tenant = randomUUID();
let kept = "";
/** Batches of a difference. */
let stages = 0;

const options = (more: Partial<Neo4jOptions> = {}): Neo4jOptions => ({
  ...{ uri: server.uri, user: server.user, password: server.password, patience: 0 },
  ...more,
});
const start = async (settings: readonly string[] = []): Promise<void> => {
  const again = server === undefined ? {} : { port: server.port, password: server.password };
  server = await startNeo4j({ home, tls, quick: true, ...again, settings: [...SETTINGS, ...settings] });
  driver = plainDriver(options());
};
const stop = async (how: "stop" | "kill"): Promise<void> => {
  await driver.close();
  await server[how]();
};
/** One error of one line, whatever it says. */
const failure = async (publishing: Promise<unknown>): Promise<StoreError> => {
  const error: unknown = await publishing.then(
    () => undefined,
    (one: unknown) => one,
  );
  expect(error).toBeInstanceOf(StoreError);
  expect((error as Error).message.split("\n")).toHaveLength(1);
  return error as StoreError;
};
/** Publishes a state and compares with what an undisturbed publication of it left. */
const converges = async (state: State, note = ""): Promise<void> => {
  await run(state, tenant, kept, options());
  expect(await contents(tenant, driver), note).toEqual(rows.get(state));
};

/** A disk of its own for the server, as small as it can be; where that is not allowed, a folder. */
async function smallDisk(): Promise<void> {
  const refusal = await promisify(execFile)("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", home]).then(
    () => undefined,
    (error: unknown) => String(error).split("\n")[0],
  );
  mounted = refusal === undefined;
  if (!mounted) process.stderr.write(`Skipped: a full disk, since none can be mounted here: ${refusal}\n`);
}

/** A certificate of one's own for loopback, as files. */
async function certificate(place: string): Promise<{ key: string; cert: string }> {
  const made = await generate([{ name: "commonName", value: "localhost" }], {
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] },
    ],
  });
  const [key, cert] = [join(place, "key.pem"), join(place, "cert.pem")];
  await writeFile(key, made.private, { mode: 0o600 });
  await writeFile(cert, made.cert);
  return { key, cert };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "forereach-broken-"));
  home = await mkdtemp(join(tmpdir(), "forereach-home-"));
  kept = join(folder, "kept");
  await smallDisk();
  tls = await certificate(folder);
  const starting = start();
  states = await twoStates(folder);
  await starting;
  for (const state of [states.large, states.small]) {
    stages = 0;
    await run(state, tenant, kept, options(), () => stages++);
    rows.set(state, await contents(tenant, driver));
  }
  expect(rows.get(states.small)).not.toEqual(rows.get(states.large));
});
afterAll(async () => {
  await stop("stop");
  if (mounted) await promisify(execFile)("umount", [home]);
  for (const place of [home, folder]) await rm(place, { recursive: true, force: true });
});

test("a server with a certificate of its own is trusted only where one says so", async () => {
  expect(server.uri).toMatch(/^bolt\+ssc:/);
  const named = `bolt+s://127.0.0.1:${server.port}`;
  const trusting = options({ uri: named, ca: tls.cert });
  expect(await run(states.small, tenant, kept, trusting)).toMatchObject({ how: "unchanged" });
  for (const uri of [`bolt://127.0.0.1:${server.port}`, named])
    expect(await failure(run(states.small, tenant, kept, options({ uri })))).toMatchObject({
      code: "neo4j-unreachable",
    });
});

test("a batch for which it has no memory", async () => {
  const connection = await connectNeo4j(options());
  const large = "UNWIND range(1, 100000000) AS x WITH collect('text ' + toString(x)) AS c RETURN size(c)";
  expect(await failure(connection.write((ask) => ask(large)))).toMatchObject({ code: "neo4j-memory" });
  await connection.close();
});

describe("another transaction holds what is to be written", () => {
  const label = `\`${tenantLabel(tenant)}\``;
  /** The transactions that wait for it. */
  const waiting = async (): Promise<string[]> =>
    (
      await ask(
        driver,
        "SHOW TRANSACTIONS YIELD transactionId AS id, status WHERE status STARTS WITH 'Blocked' RETURN id",
      )
    ).map(({ id }) => String(id));
  /** Waits until one does that is not among these. */
  const oneMore = async (known: readonly string[]): Promise<string> => {
    for (;;) {
      const found = (await waiting()).find((id) => !known.includes(id));
      if (found !== undefined) return found;
    }
  };
  const holding = async (work: () => Promise<void>): Promise<void> => {
    const session = driver.session();
    const holder = session.beginTransaction();
    try {
      await holder.run(`MATCH (n:${label}) SET n.held = true`);
      await work();
    } finally {
      await holder.rollback();
      await session.close();
    }
  };

  test("for longer than the server lets wait: the publication says so, and the next run converges", async () => {
    await holding(async () => {
      expect(await failure(run(states.large, tenant, kept, options()))).toMatchObject({
        code: "neo4j-blocked",
      });
    });
    await converges(states.large);
  });

  test("and lets go: the publication has tried again, and goes on", async () => {
    let publishing: Promise<unknown> | undefined;
    await holding(async () => {
      publishing = run(states.small, tenant, kept, options({ patience: 60_000 }));
      const first = await oneMore([]);
      // Another transaction of ours: the server has ended the first one.
      await oneMore([first]);
    });
    await publishing;
    expect(await contents(tenant, driver)).toEqual(rows.get(states.small));
  });
});

test("a full disk: it says so, and the next run converges once there is room and the server is started again", async (context) => {
  context.skip(!mounted, "no disk of its own can be mounted here");
  await converges(states.small);
  const filler = join(home, "filler");
  let batches = 0;
  const fill = () => {
    if (++batches === 3) filling = filled(filler);
  };
  let filling: Promise<void> | undefined;
  const error = await failure(
    (async () => {
      // Batches go on until one does not fit.
      for (const state of [states.large, states.small, states.large, states.small]) {
        await run(state, tenant, kept, options(), fill);
        await filling;
      }
    })(),
  );
  expect(error).toMatchObject({ code: "neo4j-broken" });
  expect(error.message).toMatch(/no space left/i);
  expect(error.fix).toMatch(/disk/);
  expect(await failure(run(states.large, tenant, kept, options()))).toMatchObject({ code: "neo4j-broken" });
  await stop("kill");
  await rm(filler);
  await start();
  await converges(states.large);
});

/** Writes until nothing more fits. */
async function filled(file: string): Promise<void> {
  for (let size = 1024 * 1024; size >= 512; )
    await appendFile(file, Buffer.alloc(size)).catch(() => {
      size /= 2;
    });
}

test(`killed at random points, ${KILLS} of them: the next run ends with the rows of an undisturbed one`, async () => {
  const random = randomFrom(20_261);
  await converges(states.large);
  let broken = 0;
  for (let round = 0; round < KILLS; round++) {
    const next = round % 2 === 0 ? states.small : states.large;
    const [victim, last, wait] = [server, 1 + random(stages - 1), random(15)];
    let batches = 0;
    const killing = () => {
      if (++batches === last) setTimeout(() => void victim.kill(), wait);
    };
    const error: unknown = await run(next, tenant, kept, options(), killing).catch((one: unknown) => one);
    // It may have ended in the last moment before.
    if (error instanceof Error) {
      broken++;
      expect(error).toMatchObject({ code: "neo4j-unreachable", name: "StoreError" });
    }
    await stop("kill");
    await start();
    await converges(next, `killed at batch ${last}, ${wait} ms later`);
  }
  expect(broken).toBeGreaterThanOrEqual(Math.floor(KILLS * 0.6));
}, 3_600_000);

test("that takes no writes: it says so, and what is published already is no error", async () => {
  const [there, next] = KILLS % 2 === 1 ? [states.small, states.large] : [states.large, states.small];
  await stop("stop");
  await start(["server.databases.default_to_read_only=true"]);
  expect(await failure(run(next, tenant, kept, options()))).toMatchObject({ code: "neo4j-read-only" });
  expect(await run(there, tenant, kept, options())).toMatchObject({ how: "unchanged" });
});
