import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { neo4jOptions } from "./store-open.ts";

let folder = "";
let aura = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "forereach-credentials-"));
  aura = join(folder, "Neo4j-credentials.txt");
  // As the console of Aura writes it.
  await writeFile(
    aura,
    "# Wait 60 seconds before connecting\r\nNEO4J_URI=neo4j+s://abc.example\r\nNEO4J_USERNAME=abc\r\nNEO4J_PASSWORD=from-file=\r\nNEO4J_DATABASE=abc\r\nAURA_INSTANCEID=abc\r\n",
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ENVIRONMENT = {
  FOREREACH_NEO4J_URI: "bolt://environment",
  FOREREACH_NEO4J_USER: "somebody",
  FOREREACH_NEO4J_PASSWORD: "from-environment",
  FOREREACH_NEO4J_DATABASE: "reach",
};

describe("where the server is, and the credentials, come from", () => {
  test("the environment", async () => {
    expect(await neo4jOptions({ kind: "neo4j" }, ENVIRONMENT)).toEqual({
      ...{ uri: "bolt://environment", user: "somebody", password: "from-environment", database: "reach" },
    });
  });

  test("a file, before the environment", async () => {
    expect(await neo4jOptions({ kind: "neo4j", credentials: aura }, ENVIRONMENT)).toEqual({
      ...{ uri: "neo4j+s://abc.example", user: "abc", password: "from-file=", database: "abc" },
    });
  });

  test("the configuration, before both", async () => {
    const spec = {
      kind: "neo4j",
      credentials: aura,
      uri: "bolt://here",
      password: "here",
      ca: "ca.pem",
    } as const;
    expect(await neo4jOptions(spec, ENVIRONMENT)).toEqual({
      ...{ uri: "bolt://here", user: "abc", password: "here", database: "abc", ca: "ca.pem" },
    });
  });

  test("a person, who sees no secret that stands in the address", async () => {
    const asked: string[] = [];
    const askPassword = async (user: string, uri: string) => {
      asked.push(`${user} ${uri}`);
      return "typed";
    };
    const spec = { kind: "neo4j", uri: "bolt://me:secret@host" } as const;
    expect(await neo4jOptions(spec, {}, askPassword)).toMatchObject({ user: "neo4j", password: "typed" });
    expect(asked).toEqual(["neo4j bolt://host"]);
  });
});

test.each([
  ["no address", { kind: "neo4j" }, "neo4j-uri", /FOREREACH_NEO4J_URI/],
  ["no password", { kind: "neo4j", uri: "bolt://host" }, "neo4j-password", /FOREREACH_NEO4J_PASSWORD/],
  [
    "no such file",
    { kind: "neo4j", credentials: "/nowhere/file" },
    "credentials-unreadable",
    /NEO4J_PASSWORD=/,
  ],
] as const)("%s: what to set is said", async (_, spec, code, fix) => {
  const error: unknown = await neo4jOptions(spec, {}).catch((one: unknown) => one);
  expect(error).toMatchObject({ code, name: "ConfigError" });
  expect((error as { fix: string }).fix).toMatch(fix);
});
