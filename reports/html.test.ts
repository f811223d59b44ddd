import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { renderHtml } from "./html.ts";
import type { AgentLine, CoverageLine, ReportView } from "./index.ts";
import { REPORTS } from "./index.ts";

const agent = (changes: Partial<AgentLine> = {}): AgentLine => ({
  id: "a1",
  name: "Payroll assistant",
  owner: "Finance",
  platform: "entra",
  sensitive: 12,
  unlabeledSensitive: 3,
  items: 1234,
  topLabel: "Confidential",
  widestScope: "container x",
  completeness: "complete",
  ...changes,
});
const gap: CoverageLine = {
  step: "azure.blobs",
  scope: "c1",
  state: "denied",
  reason: "403",
  fix: "grant Reader",
  hides: "grants",
};
const view = (changes: Partial<ReportView> = {}): ReportView => ({
  title: "What agents reach",
  tenant: "t",
  snapshot: "abc",
  time: "2026-01-05T08:30:00Z",
  coverage: [{ step: "entra.users", scope: "", state: "complete" }],
  agents: [agent()],
  paths: [],
  totals: [{ name: "agents", value: 1 }],
  ...changes,
});
const page = async (changes?: Partial<ReportView>): Promise<string> => {
  let text = "";
  for await (const chunk of renderHtml(view(changes))) text += chunk;
  return text;
};

describe("the page", () => {
  it("escapes every name of the tenant, in text, attributes and pictures", async () => {
    const evil = `"><script>alert('x')</script>&`;
    const text = await page({
      title: evil,
      tenant: evil,
      agents: [agent({ name: evil, owner: evil })],
      coverage: [{ ...gap, scope: evil, reason: evil }],
      paths: [
        {
          title: evil,
          steps: [
            { kind: evil, name: evil, id: evil },
            { kind: "Scope", name: evil, id: evil, via: evil },
          ],
        },
      ],
      columns: ["a"],
      rows: (async function* () {
        yield { a: evil };
      })(),
    });
    expect(text).not.toContain("<script>alert");
    expect(text.match(/<script>/g)).toHaveLength(1);
  });

  it("fetches nothing, and its policy lets run only what it carries", async () => {
    const text = await page();
    expect(text).not.toMatch(/(src|href)=|url\(http|@import/);
    const policy =
      /Content-Security-Policy" content="([^"]*)"/.exec(text)?.[1]?.replaceAll("&#39;", "'") ?? "";
    expect(policy).toContain("default-src 'none'");
    for (const tag of ["style", "script"]) {
      const inside = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(text)?.[1] ?? "";
      expect(policy).toContain(`${tag}-src 'sha256-${createHash("sha256").update(inside).digest("base64")}'`);
    }
    expect(text).not.toMatch(/ (style|on[a-z]+)="/);
  });

  it("says first what was not looked at, and what to grant", async () => {
    const text = await page({ coverage: [gap, { step: "entra.users", scope: "", state: "complete" }] });
    expect(text).toContain("1 of 2 parts were not read completely");
    expect(text).toContain("grant Reader");
    expect(text.indexOf("What was not looked at")).toBeLessThan(text.indexOf('class="totals"'));
    expect(text.indexOf("What was not looked at")).toBeLessThan(text.indexOf("Agents by what"));
  });

  it("folds a long list of gaps, worst first, and drops none", async () => {
    const coverage = Array.from({ length: 30 }, (_, n): CoverageLine => ({ ...gap, scope: `c${n}` }));
    const text = await page({ coverage: [...coverage, { ...gap, step: "worst", state: "failed" }] });
    expect(text).toContain("23 more");
    expect(text.match(/azure\.blobs/g)).toHaveLength(30);
    expect(text.indexOf("worst")).toBeLessThan(text.indexOf("azure.blobs"));
  });

  it("says that all was read only if all was, and that nothing was if nothing was", async () => {
    expect(await page()).toContain("Everything that was asked for was read");
    expect(await page({ coverage: [] })).toContain("Nothing was looked at");
    expect(await page({ coverage: [{ ...gap, acceptedReason: "later" }] })).toContain("Accepted: later");
  });

  it("tells not counted from zero", async () => {
    const text = await page({ agents: [agent({ sensitive: undefined, items: 0 })] });
    expect(text).toContain("not counted");
    expect(text).toContain('data-n="0">0<');
  });

  it("draws a path with its kinds and how each step goes on, and says the same in words", async () => {
    const steps = ["Agent", "Group", "Group", "Group", "Container"].map((kind, n) => ({
      kind,
      name: `n${n}`,
      id: `id${n}`,
      ...(n > 0 && { via: `how${n}` }),
    }));
    const text = await page({ paths: [{ title: "n0 reads n4", steps }] });
    expect(text.match(/<g class="box/g)).toHaveLength(5);
    expect(text.match(/<g class="how"/g)).toHaveLength(4);
    expect(text).toContain('role="img"');
    for (const { id } of steps) expect(text).toContain(`<code>${id}</code>`);
  });

  it("gives every table a caption and every heading a scope", async () => {
    const text = await page({ coverage: [gap] });
    expect(text.match(/<caption>/g)?.length).toBe(text.match(/<table/g)?.length);
    expect(text).not.toMatch(/<th(?![^>]*scope=)[ >]/);
  });

  it("shows the first rows and says how many there are", async () => {
    const rows = (async function* () {
      for (let n = 0; n < 700; n++) yield { agent: `a${n}`, items: n };
    })();
    const text = await page({ columns: ["agent", "items"], rows });
    expect(text).toContain("The first 500 of 700 rows");
    expect(text).not.toContain("a600");
  });

  it("has one main part, whatever it holds", async () => {
    const rows = (async function* () {})();
    expect((await page({ columns: ["a"], rows })).match(/<\/?main>/g)).toEqual(["<main>", "</main>"]);
  });

  it("gives the same bytes for the same view", async () => {
    expect(await page()).toBe(await page());
  });
});

describe("the reports", () => {
  it("have a name and an extension each, of their own", () => {
    expect(new Set(REPORTS.map((report) => report.extension)).size).toBe(REPORTS.length);
  });
});
