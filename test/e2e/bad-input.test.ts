/** What people get wrong: each has one clear message, the right exit code, and changes nothing. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSimulator } from "../../simulator/server.ts";
import { type Ended, newFolder, recordsIn, run, smallTenant } from "./cli.ts";

const SECRET = "Xy9~do-not-show-this";
const TENANT = "7be7a504-13f2-435d-ae82-be8d002fc4ce";

/** One scanned tenant that all questions are put to; none of them may change it. */
let folder: string;
let work: string;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "forereach-bad-input-"));
  folder = join(work, "data");
  const simulator = await startSimulator({ tenant: smallTenant() });
  const { code, stderr } = await run(["scan", "--simulator", simulator.url], { folder });
  await simulator.stop();
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** One message on stderr: what is wrong and, behind an arrow, what to type. Nothing else, on stdout neither. */
function expectRefused(ended: Ended, code: number, ...says: (string | RegExp)[]): void {
  const { stderr, stdout } = ended;
  expect({ code: ended.code, stderr }).toMatchObject({ code });
  expect(stdout).toBe("");
  for (const text of says) expect(stderr).toMatch(text);
  expect(stderr).not.toMatch(/^\s+at |Internal error|node:internal|ForereachError|Error:/m);
  expect(stderr).not.toContain(SECRET);
  expect(stderr.match(/^→/gm)?.length ?? 0).toBeLessThanOrEqual(1);
}

const written = (name: string, text: string): string => {
  const path = join(work, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};

describe("the command line", () => {
  test.each([
    ["a flag", ["scan", "--ful"], /unknown option '--ful'/, /Did you mean --full\?/],
    ["a command", ["raech"], /unknown command 'raech'/, /Did you mean reach\?/],
    ["a tier", ["reach", "--tier", "soon"], /soon/, /now, conditional, potential, latent/],
    ["a format", ["reach", "--format", "xlsx"], /xlsx/, /table, csv, json, parquet/],
    ["a level", ["scan", "--level", "deep"], /No such level/, /metadata or labels/],
    [
      "a level without steps yet",
      ["permissions", "--level", "exports"],
      /collected at this level yet/,
      /metadata or labels/,
    ],
    ["a number", ["demo", "--seed", "many"], /many/, /whole number/],
    ["an address", ["scan", "--simulator", "https://graph.microsoft.com"], /simulator/, /127\.0\.0\.1/],
    [
      "a date",
      ["coverage", "accept", "azure.blobs", "--reason", "known", "--until", "31.12.2099"],
      /31\.12\.2099/,
      /2027-03-31/,
    ],
    [
      "a date that is none",
      ["coverage", "accept", "azure.blobs", "--reason", "known", "--until", "2027-02-31"],
      /2027-02-31/,
      /2027-03-31/,
    ],
    [
      "a reason left out",
      ["coverage", "accept", "azure.blobs", "--until", "2099-12-31"],
      /--reason/,
      /required/,
    ],
    [
      "a reason without a word",
      ["coverage", "accept", "azure.blobs", "--reason", " ", "--until", "2099-12-31"],
      /--reason/,
      /why/,
    ],
  ])("%s that does not exist or fit is named, with what would", async (_, args, what, instead) => {
    expectRefused(await run(args, { folder }), 2, what, instead);
  });
});

describe("the configuration", () => {
  const config = (text: string): string => written("forereach.yaml", text);
  const scanWith = (path: string) => run(["--config", path, "scan"], { folder: newFolder() });

  test("an unknown key is named with the nearest one and its line, and no value is shown", async () => {
    const path = config(
      `tenants:\n  - id: ${TENANT}\n    budgt: 20\n    connectors:\n      entra:\n        credential: { kind: client-secret, clientId: ${TENANT}, secret: "${SECRET}" }\n`,
    );
    expectRefused(await scanWith(path), 2, /forereach\.yaml:3: .*budgt is not known; did you mean budget\?/);
  });

  test("a file that is missing, empty or no YAML is named", async () => {
    expectRefused(
      await scanWith(join(work, "none.yaml")),
      2,
      /none\.yaml/,
      /→ forereach --config \S+none\.yaml --data \S+ init,/,
    );
    expectRefused(await scanWith(config("")), 2, /forereach\.yaml: the file is empty/);
    expectRefused(
      await scanWith(config(`tenants: [\n  secret: "${SECRET}`)),
      2,
      /forereach\.yaml:\d+: not YAML/,
    );
  });

  test("a variable that the environment lacks is named", async () => {
    const path = config(
      `tenants:\n  - id: ${TENANT}\n    name: "\${NO_SUCH_VARIABLE}"\n    connectors: {}\n`,
    );
    expectRefused(await scanWith(path), 2, /forereach\.yaml:3: the environment has no NO_SUCH_VARIABLE/);
  });

  test("a tenant that it does not name is refused with those it names", async () => {
    const path = config(
      `tenants:\n  - id: ${TENANT}\n    connectors:\n      entra:\n        credential: { kind: developer }\n`,
    );
    const ended = await run(["--config", path, "--tenant", "contoso", "scan"], { folder: newFolder() });
    expectRefused(ended, 2, /contoso/, TENANT);
  });

  test("with several tenants a question says which, unless it names a folder", async () => {
    const other = TENANT.replace(/^./, "b");
    const path = config(
      [TENANT, other]
        .map((id) => `  - id: ${id}\n    connectors: {}\n`)
        .join("")
        .replace(/^/, "tenants:\n"),
    );
    const records = recordsIn(newFolder(), [{ put: { kind: "Agent", id: "a", props: {} } }]);
    for (const asked of [["reach"], ["coverage"], ["import", records]])
      expectRefused(
        await run(["--config", path, ...asked], { cwd: newFolder() }),
        2,
        /names 2 tenants/,
        new RegExp(`--tenant ${TENANT} \\| ${other}`),
      );
    expect((await run(["--config", path, "import", records], { folder: newFolder() })).code).toBe(0);
  });

  test("init does not write over a configuration", async () => {
    const path = config("tenants: []\n");
    expectRefused(await run(["--config", path, "init"]), 2, /is there already/, /--config OTHER\.yaml/);
    expect(readFileSync(path, "utf8")).toBe("tenants: []\n");
  });
});

describe("files", () => {
  test("a recording that is missing or unreadable is named", async () => {
    const missing = join(work, "none.jsonl");
    expectRefused(await run(["scan", "--replay", missing], { folder: newFolder() }), 2, missing);
    const path = written("broken.jsonl", "{not json\n");
    expectRefused(
      await run(["scan", "--replay", path], { folder: newFolder() }),
      2,
      /broken\.jsonl/,
      /line 1/,
    );
  });

  test("a recording is not written over", async () => {
    const path = written("kept.jsonl", "kept\n");
    const ended = await run(["scan", "--simulator", "http://127.0.0.1:9", "--record", path], {
      folder: newFolder(),
    });
    expectRefused(ended, 2, /kept\.jsonl exists already/);
    expect(readFileSync(path, "utf8")).toBe("kept\n");
  });

  test("a records file that is missing or must not be read is named", async () => {
    const missing = join(work, "none.jsonl");
    expectRefused(await run(["import", missing], { folder: newFolder() }), 2, `cannot read ${missing}`);
    expectRefused(await run(["import", work], { folder: newFolder() }), 2, `cannot read ${work}`);
    if (process.getuid?.() === 0) return;
    const path = written("closed.jsonl", "");
    chmodSync(path, 0);
    expectRefused(await run(["import", path], { folder: newFolder() }), 2, `cannot read ${path}`);
  });

  test("a records file with a wrong line is refused with its number, and nothing of it is applied", async () => {
    const lines = [
      '{"put":{"kind":"Agent","id":"new-agent","props":{"name":"New agent"}}}',
      '{"put":{"kind":"Principal","id":"p","props":{"nmae":"Ana"}}}',
      `{"put":{"kind":"Principal","id":"q","props":{"name":"${SECRET}"}}}`,
    ];
    const path = written("people.jsonl", `${lines.join("\n")}\n`);
    const before = await run(["query", "MATCH (a:Agent) RETURN count(*) AS n", "--format", "json"], {
      folder,
    });
    expectRefused(
      await run(["import", path], { folder }),
      2,
      /people.*line 2: unknown property of Principal "nmae"; did you mean "name"\?; nothing of the file was applied/,
    );
    const after = await run(["query", "MATCH (a:Agent) RETURN count(*) AS n", "--format", "json"], {
      folder,
    });
    expect(after).toEqual(before);
    const again = await run(
      ["import", written("good.jsonl", '{"coverage":{"step":"import.good","state":"complete"}}')],
      {
        folder,
      },
    );
    expect(again).toMatchObject({ code: 0, stderr: "" });
    expect(
      (await run(["query", "MATCH (a:Agent) RETURN count(*) AS n", "--format", "json"], { folder })).stdout,
    ).toBe(before.stdout);
  });

  test("an output that cannot be written is named", async () => {
    const out = join(work, "no-folder", "reach.csv");
    expectRefused(await run(["reach", "--all", "--out", out], { folder }), 2, out);
  });
});

describe("queries", () => {
  const file = "/etc/hostname";
  test.each([
    ["creates", "CREATE (a:Agent {id: 'x'})"],
    ["changes", "MATCH (a:Agent) SET a.name = 'x'"],
    ["deletes", "MATCH (a:Agent) DELETE a"],
    ["loads", `LOAD FROM '${file}' RETURN *`],
    ["copies", `COPY (MATCH (a:Agent) RETURN a.id) TO '/tmp/forereach-copied.csv'`],
    ["attaches", "ATTACH '/tmp/other.db' AS other (dbtype lbug)"],
    ["exports", "EXPORT DATABASE '/tmp/forereach-exported'"],
    ["has two statements", "MATCH (a:Agent) RETURN a.id; MATCH (a:Agent) RETURN a.id"],
    ["hides a second statement in a comment", "MATCH (a:Agent) RETURN a.id /* */ ; DROP TABLE Agent"],
    ["changes a setting", "CALL threads = 1"],
  ])("one that %s is refused", async (_, cypher) => {
    expectRefused(await run(["query", cypher], { folder }), 2, /line 1/);
  });

  test("one that is no Cypher, or names what does not exist, is refused in a few words", async () => {
    expectRefused(await run(["query", "MATCH (a:Agent RETURN a"], { folder }), 2);
    expectRefused(
      await run(["query", "MATCH (a:Agnet) RETURN a.id"], { folder }),
      2,
      /no kind "Agnet" \(line 1, column 10\); did you mean Agent\?/,
      /forereach --data \S+ schema/,
    );
    expectRefused(
      await run(["query", "no-such-query"], { folder }),
      2,
      /no-such-query/,
      /forereach .*queries/,
    );
    expectRefused(
      await run(["query", "agents-that-can-rite"], { folder }),
      2,
      /did you mean agents-that-can-write/,
    );
  });

  test("that makes a list beyond its memory ends, and what to do is said: lists lie beside the engine's pool", async () => {
    const large = await run(["query", "RETURN size(range(1, 400000000)) AS n"], { folder });
    expectRefused(large, 4, /more memory than/, /narrow it/);
  });

  test("a saved one is not answered about nothing, or about what is not there", async () => {
    const typed = ["query", "agents-that-reach-a-place"];
    expectRefused(await run(typed, { folder }), 2, /needs the parameter place/, /--param place=VALUE/);
    const nowhere = await run([...typed, "--param", "place=nowhere"], { folder });
    expectRefused(nowhere, 2, /There is no Scope nowhere/);
    expect((await run(["queries"])).stdout).toMatch(/agents-that-reach-a-place .*place \(required: Scope\)/);
  });
});

describe("names", () => {
  test("an agent or place that is unknown is named, with how to find some", async () => {
    expectRefused(
      await run(["reach", "Nobody's bot"], { folder }),
      2,
      /no agent is called "Nobody's bot"/,
      /forereach --data \S+ query/,
    );
    expectRefused(
      await run(["reach", "--all", "--scope", "nowhere"], { folder }),
      2,
      /no scope is called "nowhere"/,
    );
    expectRefused(await run(["who", "nowhere"], { folder }), 2, /no scope is called "nowhere"/);
    expectRefused(await run(["explain", "*", "nowhere"], { folder }), 2);
  });

  test("where a part was not read, a name that nothing bears is unknown, and the part is never nobody's", async () => {
    const lines = [
      { put: { kind: "Scope", id: "/subscriptions/1", props: { name: "One" } } },
      { coverage: { step: "azure.containers", scope: "/subscriptions/2", state: "denied", reason: "403" } },
    ];
    const path = written("unread.jsonl", `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`);
    const own = newFolder();
    expect((await run(["import", path], { folder: own })).code).toBeLessThan(4);
    const asked = [
      ["who", "/subscriptions/2"],
      ["reach", "--scope", "/Subscriptions/2/"],
      ["who", "2"],
    ];
    for (const typed of asked)
      expectRefused(
        await run(typed, { folder: own }),
        2,
        /was not read \(azure.containers\): who gets there is unknown, not nobody/,
        /→ forereach --data \S+ coverage/,
      );
    const [agent, place] = [
      ["reach", "Bot"],
      ["who", "Three"],
    ];
    for (const typed of [agent, place])
      expectRefused(await run(typed!, { folder: own }), 2, /is called "\w+"\nNot everything was read/);
  });

  test("a name that fits several is answered with the candidates", async () => {
    const twins = [1, 2].map((n) => `{"put":{"kind":"Agent","id":"twin-${n}","props":{"name":"Twin bot"}}}`);
    const path = written("twins.jsonl", `${twins.join("\n")}\n`);
    const own = newFolder();
    expect((await run(["import", path], { folder: own })).code).toBeLessThan(4);
    const ended = await run(["reach", "twin bot"], { folder: own });
    expectRefused(ended, 2, /"twin bot" fits 2 agents/, /twin-1/, /twin-2/, /give the id/);
    expectRefused(await run(["explain", "Twin*", "x"], { folder: own }), 2, /Twin/);
  });

  test("a part of a name, or a slip, is answered with the names that may have been meant", async () => {
    const names = ["Invoice bot, east", "Invoice bot, west", "Ticket bot"];
    const agents = names.map((name, i) => `{"put":{"kind":"Agent","id":"b${i}","props":{"name":"${name}"}}}`);
    const path = written("bots.jsonl", `${agents.join("\n")}\n`);
    const own = newFolder();
    expect((await run(["import", path], { folder: own })).code).toBeLessThan(4);
    const part = await run(["reach", "invoice"], { folder: own });
    expectRefused(
      part,
      2,
      /did you mean one of 2:\n {2}Invoice bot, east\n {2}Invoice bot, west\n/,
      /whole name/,
    );
    const slip = await run(["reach", "Tiket bot"], { folder: own });
    expectRefused(slip, 2, /no agent is called "Tiket bot"; did you mean:\n {2}Ticket bot\n/);
  });

  test("a gap that is none cannot be accepted", async () => {
    const accept = (...part: string[]) =>
      run(["coverage", "accept", ...part, "--reason", "known", "--until", "2099-12-31"], { folder });
    expectRefused(
      await accept("azure.blbos"),
      2,
      /no gap of step "azure\.blbos"/,
      /forereach --data \S+ coverage/,
    );
    expectRefused(await accept("azure.blobs", "/nowhere"), 2, /no gap of step "azure\.blobs" at \/nowhere/);
  });
});

describe("before anything was read", () => {
  test.each([
    ["reach", ["reach"]],
    ["who", ["who", "x"]],
    ["explain", ["explain", "x", "y"]],
    ["query", ["query", "MATCH (a:Agent) RETURN a.id"]],
    ["coverage", ["coverage"]],
    ["findings", ["findings"]],
  ])("%s says that there is nothing to ask yet, and what to type", async (_, args) => {
    expectRefused(
      await run(args, { folder: join(work, "empty") }),
      4,
      /nothing to ask in .*empty yet/,
      /forereach --data \S+ scan, or forereach --data \S+ import/,
    );
  });

  test("what to type next names the folder as the shell takes it, whatever it is called", async () => {
    const folder = join(work, "cost$& of $1");
    expectRefused(
      await run(["reach"], { folder }),
      4,
      /nothing to ask/,
      /--data '\S+\/cost\$& of \$1' scan,/,
    );
  });

  test("where the demo was made, what to type asks it, and finds it", async () => {
    const folder = join(work, "with a demo");
    expect(
      await run(["import", recordsIn(work, [], "none")], { folder: join(folder, "demo") }),
    ).toMatchObject({ code: 0 });
    const ended = await run(["reach"], { folder });
    expectRefused(ended, 4, /nothing to ask/, / or forereach --data "\S+\/with a demo" scan,/);
    const [, data] = /: forereach --data "([^"]+)" reach;/.exec(ended.stderr) ?? [];
    expect(await run(["reach"], { folder: data ?? "" })).toMatchObject({ code: 0 });
  });

  test("accepting a gap of a folder without data is refused and makes no folder", async () => {
    const ended = await run(
      ["coverage", "accept", "azure.blobs", "--reason", "known", "--until", "2099-12-31"],
      { folder: join(work, "empty") },
    );
    expectRefused(ended, 2, /no gap|nothing/);
  });
});
