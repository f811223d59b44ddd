/** A part that configuration leaves out is as unread as one that was refused: rows above it say so. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { connectors, importFile, openAnswers } from "../src/app.ts";
import { crawl } from "../src/collect/crawl.ts";
import { openInventory } from "../src/keep/inventory.ts";
import { openGaps } from "../src/keep/meta.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const AZURE = "/subscriptions/s1/resourcegroups/r/providers/microsoft.storage/storageaccounts/a";
const principal = { kind: "Principal", id: "p1" };
const records = [
  { put: { kind: "Agent", id: "p1", props: { name: "Bot" } } },
  { put: { ...principal, props: { kind: "AgentIdentity", enabled: true } } },
  {
    put: {
      kind: "ACTS_AS",
      from: { kind: "Agent", id: "p1" },
      to: principal,
      props: { key: "app", mode: "app" },
    },
  },
  ...[AZURE, "plane:sharepoint"].flatMap((id) => [
    {
      put: {
        kind: "Scope",
        id,
        props: { kind: "Place", plane: id.startsWith("/") ? "azure" : "sharepoint" },
      },
    },
    {
      put: {
        ...{ kind: "GRANTED", from: principal, to: { kind: "Scope", id } },
        props: {
          key: `g:${id}`,
          flow: "containment",
          tier: "now",
          certainty: "exact",
          read: true,
          see: true,
        },
      },
    },
  ]),
];

/** Rows after a scan in which only these connectors are configured, and an import of one agent with two grants. */
async function rowsWith(configured: readonly string[], lines: readonly unknown[] = []) {
  const folder = mkdtempSync(join(tmpdir(), "forereach-skipped-"));
  folders.push(folder);
  const inventory = await openInventory(join(folder, "inventory.duckdb"));
  if (configured.length < connectors.length)
    await crawl({
      connectors: connectors.map((connector) => ({
        ...connector,
        steps: connector.steps.map(({ scopes, ...step }) => ({ ...step, async *crawl() {} })),
      })),
      ...{ configured: new Set(configured), inventory, tenantId: "t", level: "metadata", mode: "full" },
      http: () => {
        throw new Error("nothing is read here");
      },
      signal: new AbortController().signal,
    });
  await inventory.close();
  const file = join(folder, "own.jsonl");
  writeFileSync(file, [...records, ...lines].map((line) => JSON.stringify(line)).join("\n"));
  await importFile({ folder, file });
  const answers = await openAnswers(folder);
  try {
    const rows: Record<string, unknown>[] = [];
    for await (const { scope_id, certainty, completeness, gap_steps } of answers.reach({}))
      rows.push({ scope_id, certainty, completeness, gap_steps });
    return { rows, gaps: openGaps(answers.meta, "2026-01-01"), coverage: answers.meta.coverage };
  } finally {
    await answers.close();
  }
}

test("without the connector that reads denies, what a grant in Azure gives is an upper bound", async () => {
  const { rows, gaps, coverage } = await rowsWith([]);
  const azure = rows.find(({ scope_id }) => scope_id === AZURE);
  expect(azure).toMatchObject({ certainty: "upper-bound", completeness: "skipped" });
  expect(azure?.gap_steps).toContain("azure.deny-assignments");
  expect(coverage.find(({ step }) => step === "azure.deny-assignments")).toMatchObject({ state: "skipped" });
  // Chosen, not failed: the rows carry it, and the exit code stays 0.
  expect(gaps).toEqual([]);
});

test("a skipped step that could only add takes no certainty away", async () => {
  const { rows } = await rowsWith([]);
  expect(rows.find(({ scope_id }) => scope_id === "plane:sharepoint")).toMatchObject({
    ...{ certainty: "exact", completeness: "complete" },
  });
});

test("with everything read, both rows are exact", async () => {
  const { rows } = await rowsWith(connectors.map(({ name }) => name));
  expect(rows.map(({ certainty }) => certainty)).toEqual(["exact", "exact"]);
});

test("a scope that is excluded concerns the rows at it", async () => {
  const skipped = { coverage: { step: "azure.deny-assignments", scope: AZURE, state: "skipped" } };
  const { rows } = await rowsWith(
    connectors.map(({ name }) => name),
    [skipped],
  );
  expect(rows.find(({ scope_id }) => scope_id === AZURE)).toMatchObject({
    ...{ certainty: "upper-bound", completeness: "skipped", gap_steps: "azure.deny-assignments" },
  });
});

test("an import while a scan has not ended says what that scan did not read", async () => {
  const folder = mkdtempSync(join(tmpdir(), "forereach-skipped-"));
  folders.push(folder);
  const inventory = await openInventory(join(folder, "inventory.duckdb"));
  const scan = await inventory.startScan("f");
  const pass = await inventory.begin("entra.users", "", { mode: "full", fingerprint: "f" });
  await pass.finish();
  await inventory.endScan(scan.id, "interrupted");
  await inventory.close();
  const file = join(folder, "own.jsonl");
  writeFileSync(file, records.map((line) => JSON.stringify(line)).join("\n"));
  const { meta } = await importFile({ folder, file });
  const open = openGaps(meta, "2026-01-01").map(({ step }) => step);
  expect(open).toContain("azure.blobs");
  expect(open).toContain("entra.groups");
  expect(open).not.toContain("entra.users");
});
