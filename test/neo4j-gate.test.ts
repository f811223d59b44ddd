/** Attacks on a real server: each does what it says where nobody checks it, and none passes the gate. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import neo4j, { type Driver } from "neo4j-driver";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkQuery } from "../src/ask/gate.ts";
import { openNeo4jStore } from "../src/graph/store-neo4j.ts";
import { ConfigError } from "../src/model.ts";
import { ATTACKS, type Attack } from "./attacks-neo4j.ts";
import { plainDriver, Stage, serverOptions } from "./neo4j.ts";

let driver: Driver;
/** Of the server: major and minor. */
let version: readonly [number, number];
let visits = 0;
const listener = createServer((_, response) => {
  visits++;
  response.end("a,b\n");
});
let http = "";

beforeAll(async () => {
  driver = plainDriver();
  const { agent = "" } = await driver.getServerInfo();
  const [, major, minor] = /(\d+)\.(\d+)/.exec(agent) ?? [];
  version = [Number(major), Number(minor)];
  await new Promise<void>((done) => listener.listen(0, "127.0.0.1", done));
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  http = `http://127.0.0.1:${address.port}`;
});
afterAll(async () => {
  await driver.executeQuery("MATCH (n:Attack) DETACH DELETE n");
  await driver.close();
  await new Promise((done) => listener.close(done));
});

const filled = (text: string): string => text.replaceAll("{http}", http);
const all = Object.entries(ATTACKS).flatMap(([name, attacks]) =>
  attacks.map((attack) => ({ name, ...attack })),
);

test("there are at least 60 attacks in at least 12 classes", () => {
  expect(Object.keys(ATTACKS).length).toBeGreaterThanOrEqual(12);
  expect(new Set(all.map(({ cypher }) => cypher)).size).toBeGreaterThanOrEqual(60);
});

const isSince = ([major, minor]: readonly [number, number]): boolean =>
  version[0] > major || (version[0] === major && version[1] >= minor);
/** What the attack does on this server. */
const outcome = ({ without, since = [0, 0] }: Attack): Attack["without"] =>
  isSince(since) ? without : "lacks";
/** Older servers have one language, and no word for it. */
const prefix = ({ language }: Attack): string =>
  language !== undefined && isSince([5, 21]) ? `CYPHER ${language} ` : "";

/** What the server says, without the gate. */
async function unguarded(attack: Attack): Promise<unknown> {
  const { cypher, params = {}, without } = attack;
  const session = driver.session({
    defaultAccessMode: without === "writes" ? neo4j.session.WRITE : neo4j.session.READ,
  });
  const given = Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, typeof value === "string" ? filled(value) : value]),
  );
  try {
    await session.run(prefix(attack) + filled(cypher), given);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await session.close();
  }
}

describe.each(all)("$name: $cypher", (attack) => {
  test(`without the gate, on servers that have it: ${attack.without}`, async () => {
    const before = visits;
    const error = await unguarded(attack);
    switch (outcome(attack)) {
      case "opens":
        // Where there is such a file, the server reads it.
        expect(error === undefined || /external resource/i.test(String(error))).toBe(true);
        break;
      case "asks":
        expect(visits).toBeGreaterThan(before);
        break;
      case "lacks":
        expect(error).toBeInstanceOf(Error);
        break;
      default:
        expect(error).toBeUndefined();
    }
  });

  test("the gate refuses it, with the place and the reason", () => {
    let refusal: unknown;
    try {
      checkQuery(filled(attack.cypher), "neo4j");
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(ConfigError);
    expect(refusal).toMatchObject({ code: "query-refused" });
    expect(String(refusal)).toMatch(/at line \d+, column \d+: .{10}/s);
  });
});

describe("the roles of docs/neo4j.md", async () => {
  const page = await readFile(join(import.meta.dirname, "../docs/neo4j.md"), "utf8");
  const statements = [...page.matchAll(/```cypher\n(.*?)```/gs)]
    .flatMap(([, block = ""]) => block.split(";\n"))
    .map((statement) => statement.trim())
    .filter((statement) => /^(CREATE ROLE|GRANT|DENY)/.test(statement));

  test.each(statements)("%s is a statement that the server knows", async (statement) => {
    // Community parses it and says that this edition has no roles.
    for (const language of isSince([2025, 6]) ? ["CYPHER 5 ", "CYPHER 25 "] : [""]) {
      const session = driver.session({ database: "system" });
      const error: unknown = await session.run(language + statement).catch((one: unknown) => one);
      await session.close();
      expect(String(error)).toMatch(/unsupported administration command/i);
    }
  });
});

test("what the gate takes for a blank is one to the server, in each of its languages", async () => {
  const passes = (text: string): boolean => {
    try {
      checkQuery(text, "neo4j");
      return true;
    } catch {
      return false;
    }
  };
  const blanks = Array.from({ length: 0x1_0000 }, (_, code) => String.fromCharCode(code))
    .filter((char) => passes(`RETURN${char}1`))
    // Signs, digits and quotes may stand there, too.
    .filter((char) => /\s|\p{White_Space}|\p{C}/u.test(char))
    .join("");
  expect(blanks.length).toBeGreaterThan(20);
  for (const language of isSince([2025, 6]) ? ["CYPHER 5 ", "CYPHER 25 "] : [""]) {
    const { records } = await driver.executeQuery(
      `${language}RETURN${blanks}1${blanks}AS${blanks}one${blanks},${blanks}2 AS two`,
    );
    expect(records[0]?.toObject()).toEqual({ one: 1, two: 2 });
  }
});

describe("what passes the gate is bounded", () => {
  const stage = new Stage();
  afterAll(() => stage.end());
  const limited = async (limits: { time: number; rows: number }) => {
    const store = openNeo4jStore({
      server: serverOptions(),
      tenant: "limits",
      folder: await stage.folder(),
      deriver: await stage.embedded(),
      limits,
    });
    stage.onEnd(() => store.close());
    return store;
  };
  const LONG = "UNWIND range(1, 1000000) AS x UNWIND range(1, 1000000) AS y WITH sum(x * y) AS s RETURN s";

  test.each([
    ["in time", LONG, { time: 1_000, rows: 10 }, "query-too-long"],
    ["in rows", "UNWIND range(1, 100000) AS x RETURN x", { time: 60_000, rows: 1_000 }, "query-too-large"],
    [
      "in memory",
      "UNWIND range(1, 100000000) AS x WITH collect('text ' + toString(x)) AS c RETURN size(c)",
      { time: 60_000, rows: 10 },
      "query-too-large",
    ],
  ] as const)("%s", async (_, cypher, limits, code) => {
    checkQuery(cypher, "neo4j");
    const store = await limited(limits);
    await expect(store.query(cypher)).rejects.toMatchObject({ code, name: "StoreError" });
    expect(await store.query("RETURN 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("an answer has the names of its columns, with rows and without", async () => {
    const store = await limited({ time: 10_000, rows: 10 });
    const asked = "MATCH (a:Agent) WHERE a.id = 'nobody' RETURN a.id AS agent, a.name";
    expect(await store.answer(asked)).toEqual({ columns: ["agent", "a.name"], rows: [] });
    expect(await store.answer("RETURN 1 AS one")).toEqual({ columns: ["one"], rows: [{ one: 1 }] });
  });

  test("a store writes nothing for a query, even one that meets no gate", async () => {
    const store = await limited({ time: 10_000, rows: 10 });
    await expect(store.query("CREATE (n) RETURN n")).rejects.toThrow(/read access mode|takes no writes/i);
  });
});
