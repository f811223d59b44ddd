/** What people see on a terminal. */
import { resolve } from "node:path";
import { renderHtml } from "../../reports/html.ts";
import type { AgentLine, CoverageLine, ReportView } from "../../reports/index.ts";
import type { Answers } from "../app.ts";
import { draftText } from "../keep/files.ts";
import { type GraphMeta, openGaps } from "../keep/meta.ts";
import { type CoverageState, type Finding, type Row, WORST_FIRST } from "../model.ts";
import type { PathStep } from "../reach/paths.ts";
import type { ReachRow } from "../reach/reach-row.ts";
import { type Format, formatRows } from "./format.ts";

export async function write(chunks: AsyncIterable<string>): Promise<void> {
  for await (const chunk of chunks)
    if (!process.stdout.write(chunk)) await new Promise((done) => process.stdout.once("drain", done));
}

const width = (): { width?: number } =>
  process.stdout.columns === undefined ? {} : { width: process.stdout.columns };

async function* each(rows: readonly Row[]): AsyncGenerator<Row> {
  yield* rows;
}

/** A short list that is known as a whole: coverage, findings, permissions. */
export async function printAnswer(
  rows: readonly Row[],
  columns: readonly string[],
  format: Exclude<Format, "parquet">,
): Promise<void> {
  const named = columns.map((name) => ({ name }));
  await write(formatRows(format, each(rows), named, width()));
}

const number = (value: unknown): string => Number(value ?? 0).toLocaleString("en-US");

/**
 * The summary: who reaches most, by which path, and what was not looked at. `typed` is how the next command begins:
 * it must find the same data.
 */
export async function printTop(
  answers: Answers,
  page: string | undefined,
  typed = "forereach",
): Promise<void> {
  const { meta } = answers;
  const totals = await answers.totals();
  const lines = await ranked(answers, 20);
  process.stdout.write(
    `\n${meta.tenantName} (${meta.tenant}), snapshot ${meta.snapshot.slice(0, 12)}, read ${meta.observedFrom} to ${meta.observedTo}\n` +
      `${number(totals.agents)} agents; ${number(totals.reading)} can read data now, ${totals.counted === true ? `${number(totals.reading_sensitive)} of them sensitive data` : "how much of it is sensitive was not counted: no items were read"}` +
      `${Number(totals.maybe ?? 0) === 0 ? "" : `; of ${number(totals.maybe)} more it is unknown`}.\n\n` +
      "Agents that can read most sensitive items now:\n",
  );
  await printAnswer(
    lines.map(({ line, path }) => ({
      agent: line.name,
      owner: line.owner || "nobody",
      sensitive: line.sensitive ?? "not counted",
      "unlabeled sensitive": line.unlabeledSensitive ?? "not counted",
      items: line.items ?? "not counted",
      coverage: line.completeness,
      "by which path (its largest)": path,
    })),
    [
      "agent",
      "owner",
      "sensitive",
      "unlabeled sensitive",
      "items",
      "coverage",
      "by which path (its largest)",
    ],
    "table",
  );
  process.stdout.write(
    "sensitive: items in which sensitive types were found; unlabeled sensitive: those of them without a label.\n" +
      "Each item is counted once: of the modes and servers by which an agent reads, the widest counts.\n" +
      "coverage: the worst state of what these figures depend on; where it is not complete there may be more.\n",
  );
  sayCoverage(meta);
  if (page !== undefined) {
    const draft = await draftText(page, renderHtml(await viewOf(answers, undefined)));
    await draft.publish();
    process.stdout.write(`\nThe same as a page: ${resolve(page)}\n`);
  }
  const [first] = lines;
  if (first !== undefined)
    process.stdout.write(
      `\nNext:\n  ${typed} reach "${first.line.name}"\n  ${typed} explain "${first.line.name}" "${first.steps.at(-1)?.id ?? ""}"\n  ${typed} coverage\n`,
    );
}

function sayCoverage(meta: GraphMeta): void {
  const gaps = meta.coverage.filter(({ state }) => state !== "complete");
  const open = openGaps(meta, new Date().toISOString().slice(0, 10));
  if (gaps.length === 0) {
    process.stdout.write("\nEverything that is modelled was read completely.\n");
    return;
  }
  const byStep = new Map<string, { state: CoverageState; parts: number; reason: string }>();
  for (const { step, state, reason } of gaps) {
    const known = byStep.get(step);
    const worse = known === undefined || WORST_FIRST.indexOf(state) < WORST_FIRST.indexOf(known.state);
    byStep.set(step, {
      state: worse ? state : known.state,
      parts: (known?.parts ?? 0) + 1,
      reason: worse ? (reason ?? "") : known.reason,
    });
  }
  process.stdout.write(
    `\nNot read completely (what is there is unknown, not absent): ${gaps.length} part${gaps.length === 1 ? "" : "s"}, ${gaps.length - open.length} of them accepted or left out by choice.\n`,
  );
  for (const [step, { state, parts, reason }] of byStep)
    process.stdout.write(
      `  ${state.padEnd(12)} ${step}${parts === 1 ? "" : ` (${parts} parts)`}${reason === "" ? "" : `: ${reason}`}\n`,
    );
}

interface Ranked {
  line: AgentLine;
  path: string;
  steps: readonly PathStep[];
}

/** The agents with most sensitive reach, each with the row that gives most of it. */
async function ranked(answers: Answers, limit: number, agents?: readonly string[]): Promise<Ranked[]> {
  const top =
    agents === undefined
      ? await answers.top(limit)
      : agents.slice(0, limit).map((id) => ({ agent_id: id }) as Row);
  const order = await answers.labels();
  const rows = new Map<string, ReachRow[]>();
  for await (const row of answers.reach({ agents: top.map((row) => String(row.agent_id)), tiers: ["now"] }))
    if (row.read !== "no") rows.set(row.agent_id, [...(rows.get(row.agent_id) ?? []), row]);
  return top.flatMap((row): Ranked[] => {
    const own = rows.get(String(row.agent_id)) ?? [];
    const best = own.toSorted(
      (a, b) =>
        (b.readable_sensitive ?? 0) - (a.readable_sensitive ?? 0) ||
        (b.readable_items ?? 0) - (a.readable_items ?? 0),
    )[0];
    if (best === undefined) return [];
    const there = new Set(own.filter((each) => each.read === "yes").map((each) => each.top_label));
    return [
      {
        line: {
          id: best.agent_id,
          name: best.agent_name,
          owner: best.agent_owner,
          platform: best.platform,
          sensitive: most(own, "readable_sensitive"),
          unlabeledSensitive: most(own, "readable_unlabeled_sensitive"),
          items: most(own, "readable_items"),
          topLabel: order.find((label) => there.has(label)) ?? "",
          widestScope: `${best.scope_name} (${best.scope_kind})`,
          completeness:
            WORST_FIRST.find((state) => own.some((each) => each.completeness === state)) ?? "complete",
        },
        path: best.path,
        steps: JSON.parse(best.path_json) as PathStep[],
      },
    ];
  });
}

/**
 * Rows of one mode by one server add up; two of them may read the same items, so the widest counts. Undefined if no row
 * was counted: that is not zero.
 */
function most(
  rows: readonly ReachRow[],
  name: "readable_items" | "readable_sensitive" | "readable_unlabeled_sensitive",
): number | undefined {
  const sums = new Map<string, number>();
  for (const { mode, via, [name]: count } of rows) {
    const key = JSON.stringify([mode, via]);
    if (count !== null) sums.set(key, (sums.get(key) ?? 0) + count);
  }
  return sums.size === 0 ? undefined : Math.max(...sums.values());
}

/** Coverage as reports and companions of files print it. */
export const coverageLines = (meta: GraphMeta): CoverageLine[] =>
  meta.coverage.map(
    (row): CoverageLine => ({
      step: row.step,
      scope: row.scope,
      state: row.state,
      reason: row.reason,
      fix: row.fix,
      acceptedReason: row.accepted?.reason,
      acceptedUntil: row.accepted?.until,
      hides: row.hides,
      agentsConcerned:
        row.state === "complete" ? undefined : row.scope === "" ? "all" : `agents that reach ${row.scope}`,
    }),
  );

/** The page: ranked agents, a picture of one path, what was not looked at. */
export async function viewOf(answers: Answers, agents: readonly string[] | undefined): Promise<ReportView> {
  const { meta } = answers;
  const totals = await answers.totals();
  const lines = agents !== undefined && agents.length === 0 ? [] : await ranked(answers, 50, agents);
  const longest = lines.toSorted((a, b) => b.steps.length - a.steps.length)[0];
  return {
    title: "What the agents can reach",
    tenant: `${meta.tenantName} (${meta.tenant})`,
    snapshot: meta.snapshot,
    time: meta.time,
    coverage: coverageLines(meta),
    agents: lines.map(({ line }) => line),
    paths:
      longest === undefined
        ? []
        : [
            {
              title: `How ${longest.line.name} reaches ${longest.steps.at(-1)?.name ?? ""}`,
              steps: withoutSelf(longest.steps).map((step) => ({
                kind: step.kind,
                name: step.name,
                id: step.id,
                via: step.grant === undefined ? VERBS[step.via ?? ""] : step.grant.role,
              })),
            },
          ],
    totals: [
      { name: "agents", value: Number(totals.agents ?? 0) },
      { name: "can read data now", value: Number(totals.reading ?? 0) },
      {
        name: "can read sensitive data now",
        value: totals.counted === true ? Number(totals.reading_sensitive ?? 0) : "not counted",
      },
      { name: "findings", value: meta.findings.filter(({ status }) => status !== "resolved").length },
    ],
  };
}

/** The agent's own identity is the agent: one box is enough. */
const withoutSelf = (steps: readonly PathStep[]): PathStep[] =>
  steps.filter((step, index) => !(index === 1 && step.id === steps[0]?.id));

/** What a step of a path does, where it is no grant: at most 17 letters, which is what an arrow of the picture has room for. */
export const VERBS: Readonly<Record<string, string>> = {
  ACTS_AS: "acts as",
  MEMBER_OF: "is in",
  WITHIN: "which includes",
  INHERITS: "inherited by",
  MADE_FROM: "is made from",
  USES: "uses",
  INVOKES: "calls",
  CONTROLS: "can become",
  COPIED_TO: "with a copy of",
  EMBEDS: "carries a copy of",
};

export async function printCoverage(
  meta: GraphMeta,
  format: "table" | "csv" | "json",
  all: boolean,
): Promise<void> {
  const rows = meta.coverage
    .filter(({ state }) => all || state !== "complete")
    .map((row) => ({
      state: row.state,
      step: row.step,
      scope: row.scope || "(tenant)",
      reason: row.reason ?? "",
      fix: row.fix ?? "",
      hides: row.hides,
      accepted_until: row.accepted?.until ?? "",
      accepted_reason: row.accepted?.reason ?? "",
      records: row.records,
    }));
  if (rows.length === 0 && format === "table")
    process.stdout.write("Everything that is modelled was read completely. --all lists the parts.\n");
  else
    await printAnswer(
      rows,
      ["state", "step", "scope", "reason", "fix", "hides", "accepted_until", "accepted_reason", "records"],
      format,
    );
}

export async function printFindings(findings: readonly Finding[]): Promise<void> {
  const rows = findings.map(({ severity, status, title, row, firstSeen }) => ({
    severity,
    status,
    title,
    ...row,
    first_seen: firstSeen,
  }));
  if (rows.length === 0) process.stdout.write("No findings.\n");
  else
    await printAnswer(
      rows.map((row) => ({
        severity: row.severity,
        status: row.status,
        title: row.title,
        about: Object.entries(row)
          .filter(([name]) => !["severity", "status", "title", "first_seen"].includes(name))
          .map(([name, value]) => `${name}=${String(value)}`)
          .join(", "),
      })),
      ["severity", "status", "title", "about"],
      "table",
    );
}
