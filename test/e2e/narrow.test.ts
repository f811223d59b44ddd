/** What narrows a list decides which rows count in it, wherever it is shown; and a list that is cut is ranked before. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newFolder, recordsIn, run } from "./cli.ts";

type Props = Readonly<Record<string, string | boolean>>;
const ref = (kind: string, id: string) => ({ kind, id });
const node = (kind: string, id: string, props: Props = {}) => ({ put: { ...ref(kind, id), props } });
const rel = (kind: string, from: [string, string], to: [string, string], props: Props = {}) => ({
  put: { kind, from: ref(...from), to: ref(...to), props },
});
const agent = (id: string, name: string, mode = "app") => [
  node("Agent", id, { name }),
  node("Principal", id, { kind: "ServicePrincipal" }),
  rel("ACTS_AS", ["Agent", id], ["Principal", id], { mode }),
];
const grant = (who: string, where: string, props: Props = {}) =>
  rel("GRANTED", ["Principal", who], ["Scope", where], {
    ...{ key: `${who}-${where}`, flow: "containment", read: true, see: true, ...props },
  });
const item = (id: string, where: string) => [
  node("Item", id, { types: "IBAN" }),
  rel("PROTECTED_BY", ["Item", id], ["Scope", where]),
];
/** More than a page shows, by id before those that matter. */
const SMALL = Array.from({ length: 60 }, (_, i) => `a${String(i).padStart(2, "0")}`);
const records = [
  ...["box", "safe", "site"].map((id) => node("Scope", id, { kind: "Container", name: id, plane: "azure" })),
  ...[...item("i1", "safe"), ...item("i2", "safe"), ...item("i3", "site")],
  ...SMALL.flatMap((id) => [...agent(id, `Small ${id}`), grant(id, "box")]),
  ...[...agent("z-most", "Most of all"), grant("z-most", "safe")],
  ...[...agent("z-later", "Only later"), grant("z-later", "site", { tier: "potential" })],
  ...[...agent("z-maker", "Connection", "maker"), grant("z-maker", "site")],
];

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "forereach-narrow-"));
  const file = recordsIn(folder, records, "own");
  expect(await run(["import", file], { folder })).toMatchObject({ code: 0 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pageOf = async (...args: string[]) => {
  const out = join(newFolder(), "page.html");
  expect(await run(["reach", ...args, "--out", out], { folder })).toMatchObject({ code: 0 });
  const text = readFileSync(out, "utf8");
  const [table = ""] = /<h2>Agents.*?<\/section>/s.exec(text) ?? [];
  return {
    said: table.replace(/<[^>]*>/g, " "),
    agents: [...table.matchAll(/<th scope="row">([^<]*)/g)].map(([, name]) => name),
    totals: Object.fromEntries(
      [...text.matchAll(/<dt>([^<]*)(?:<small>[^<]*<\/small>)?<\/dt><dd>([^<]*)<\/dd><\/div>/g)].map(
        ([, name, value]) => [name, value],
      ),
    ),
  };
};

test.each([
  [["--tier", "potential"], "z-later,app,"],
  [["--mode", "maker"], "z-maker,maker,"],
] as const)(
  "rows with %j are the same whether all agents are meant or those with most",
  async (narrow, found) => {
    const all = await run(["reach", "--all", ...narrow, "--format", "csv"], { folder });
    expect(all.stdout).toContain(found.split(",")[0]);
    const top = await run(["reach", ...narrow, "--format", "csv"], { folder });
    expect(top).toEqual(all);
    const out = join(newFolder(), "rows.csv");
    expect((await run(["reach", ...narrow, "--out", out], { folder })).stdout).toMatch(/^Wrote 1 rows: /);
    expect(readFileSync(out, "utf8")).toBe(all.stdout);
  },
);

test("rows of the agents with most say of how many these are", async () => {
  const { stdout, stderr } = await run(["reach", "--format", "csv"], { folder });
  expect(stdout).toContain("z-most");
  expect(stderr).toMatch(/^20 of 63 agents with rows\. .* --all writes the rows of every agent\.\n$/);
});

test("the list of agents is that of the tier or mode, and says so", async () => {
  const tier = await run(["reach", "--tier", "potential"], { folder });
  expect(tier.stdout).toMatch(/^63 agents; 1 can read data in tier potential, 1 of them sensitive data\.$/m);
  expect(tier.stdout).toMatch(/^Agents that can read most sensitive items in tier potential:$/m);
  expect(tier.stdout).toMatch(/^Only later +nobody +1 +0 +1 /m);
  expect(tier.stdout).not.toContain("Most of all");
  const mode = await run(["reach", "--mode", "maker"], { folder });
  expect(mode.stdout).toMatch(/^63 agents; 1 can read data now, mode maker, 1 of them sensitive data\.$/m);
  expect(mode.stdout).toMatch(/^Connection +nobody +1 /m);
  const none = await run(["reach", "--tier", "latent"], { folder });
  expect(none.stdout).toMatch(/^No agent with rows in tier latent among 63 agents, in what was read\.$/m);
});

test("a page ranks before it cuts, and says of how many it shows the first", async () => {
  const { agents, said, totals } = await pageOf("*");
  expect(agents.slice(0, 2)).toEqual(["Most of all", "Connection"]);
  expect(agents).toHaveLength(50);
  expect(said).toContain("50 of 63 agents with rows. Figures count what can be read now.");
  expect(totals).toMatchObject({
    agents: "63",
    "can read data now": "62",
    "can read sensitive data now": "2",
  });
});

test("a page is about the rows that were asked for, and about the agents", async () => {
  const tier = await pageOf("*", "--tier", "potential");
  expect(tier).toMatchObject({ agents: ["Only later"], totals: { "can read data in tier potential": "1" } });
  const scope = await pageOf("--scope", "safe");
  expect(scope).toMatchObject({ agents: ["Most of all"], totals: { "can read data now, at safe": "1" } });
  const mode = await pageOf("--mode", "maker");
  expect(mode).toMatchObject({ agents: ["Connection"], totals: { "can read data now, mode maker": "1" } });
  expect((await pageOf("a0*")).totals).toMatchObject({ agents: "10", "can read data now": "10" });
});

test("an agent that reaches nothing now, but later, is on its page, and the tier is said", async () => {
  const { agents, said } = await pageOf("z-later");
  expect(agents).toEqual(["Only later"]);
  expect(said).toContain("potential: site (Container)");
  const narrow = await pageOf("z-later", "--tier", "latent");
  expect(narrow.said).toContain("No agent with rows in tier latent among 1 agent, in what was read.");
});
