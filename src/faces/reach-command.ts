/** `reach`, `who` and `explain`: what a person asked, printed. */
import { extname } from "node:path";
import { renderHtml } from "../../reports/html.ts";
import type { Answers } from "../app.ts";
import { draftText } from "../keep/files.ts";
import { ConfigError, type Row } from "../model.ts";
import type { PathStep } from "../reach/paths.ts";
import { REACH_COLUMNS, REACH_SCHEMA_VERSION, type ReachRow } from "../reach/reach-row.ts";
import { exportRows } from "./export.ts";
import { type Format, formatRows } from "./format.ts";
import { printAnswer, printTop, viewOf, write } from "./print.ts";

export interface ReachCommand {
  agent: string | undefined;
  all?: boolean;
  expand?: boolean;
  scope?: string;
  tier?: readonly string[];
  mode?: readonly string[];
  format?: Format;
  out?: string;
  excel?: boolean;
  command: string;
  version: string;
}

/** Columns that fit a terminal. */
const FOR_PEOPLE = [
  "agent_name",
  "scope_name",
  "scope_kind",
  "covers",
  "read",
  "write",
  "manage",
  "tier",
  "certainty",
  "total_items",
  "sensitive",
  "completeness",
  "path",
];

export async function reachCommand(answers: Answers, options: ReachCommand): Promise<void> {
  const { agent, out } = options;
  const extension = out === undefined ? "" : extname(out).slice(1).toLowerCase();
  const format = options.format ?? formatOf(extension);
  const agents = agent === undefined ? undefined : await answers.findAgents(agent);
  const scope = options.scope === undefined ? undefined : await answers.findScope(options.scope);
  if (extension === "html" && out !== undefined) {
    const draft = await draftText(out, renderHtml(await viewOf(answers, agents)));
    await draft.publish();
    process.stdout.write(`Wrote ${out}.\n`);
    return;
  }
  const narrowed = agents !== undefined || scope !== undefined || options.all === true;
  if (!narrowed && out === undefined && format === "table") return printTop(answers, undefined);
  const top = narrowed ? agents : (await answers.top(20)).map((row) => String(row.agent_id));
  const rows = answers.reach({
    ...(top === undefined ? {} : { agents: top }),
    ...(scope === undefined ? {} : { scope }),
    ...(options.tier === undefined ? {} : { tiers: options.tier }),
    ...(options.mode === undefined ? {} : { modes: options.mode }),
    ...(options.expand === undefined ? {} : { expand: options.expand }),
  });
  if (out === undefined) {
    if (format === "parquet")
      throw new ConfigError("needs-out", "Parquet goes to a file", "--out reach.parquet");
    if (format !== "table") return write(formatRows(format, rows, REACH_COLUMNS));
    await write(
      formatRows(
        "table",
        rows,
        FOR_PEOPLE.map((name) => ({ name })),
        { limit: 200, ...widthOf() },
      ),
    );
    if (scope !== undefined) sayUnknown(answers, scope);
    return;
  }
  const view = await viewOf(answers, []);
  const { meta } = answers;
  const { rows: count, files } = await exportRows({
    format,
    out,
    rows,
    columns: REACH_COLUMNS,
    ...(options.excel === undefined ? {} : { excel: options.excel }),
    about: {
      view,
      evidence: {
        schemaVersion: REACH_SCHEMA_VERSION,
        controlTotals: [],
        configHash: meta.configHash,
        toolVersion: options.version,
        command: options.command,
      },
    },
  });
  process.stdout.write(`Wrote ${count.toLocaleString("en-US")} rows: ${files.join(", ")}.\n`);
}

const formatOf = (extension: string): Format =>
  extension === "csv" || extension === "json" || extension === "parquet"
    ? extension
    : extension === "jsonl"
      ? "json"
      : "table";

const widthOf = (): { width?: number } =>
  process.stdout.columns === undefined ? {} : { width: process.stdout.columns };

/** An empty answer about a place that was not read is unknown, never no. */
function sayUnknown(answers: Answers, scope: string): void {
  const concerned = answers.meta.coverage.filter(
    ({ state, scope: part }) =>
      state !== "complete" && (part === scope || part === "" || scope.startsWith(`${part}/`)),
  );
  if (concerned.length === 0) return;
  process.stdout.write(
    `Not read completely here: ${[...new Set(concerned.map(({ step }) => step))].join(", ")}. Agents that are not listed are unknown, not excluded.\n`,
  );
}

export async function whoCommand(answers: Answers, wanted: string, format: Format): Promise<void> {
  const scope = await answers.findScope(wanted);
  const { agents, people } = await answers.who(scope);
  const rows: Row[] = [
    ...agents.map((row) => ({
      who: row.agent_name,
      kind: "agent",
      id: row.agent_id,
      read: row.read,
      write: row.write,
      manage: row.manage,
      tier: row.tier,
      by: row.path,
    })),
    ...people.map((row) => ({
      who: row.name ?? row.id,
      kind: row.kind ?? "principal",
      id: row.id,
      read: "",
      write: "",
      manage: "",
      tier: "",
      by: [row.role, row.through === "" ? "" : `through ${String(row.through)}`, `at ${String(row.scope)}`]
        .filter(Boolean)
        .join(" "),
    })),
  ];
  await printAnswer(rows, ["who", "kind", "read", "write", "manage", "tier", "by", "id"], format);
  if (format === "table") sayUnknown(answers, scope);
}

export async function explainCommand(
  answers: Answers,
  wantedAgent: string,
  wantedScope: string,
  format: "table" | "json",
): Promise<void> {
  const found = await answers.findAgents(wantedAgent);
  if (found.length !== 1)
    throw new ConfigError("ambiguous", `"${wantedAgent}" fits ${found.length} agents`, "give one id or name");
  const scope = await answers.findScope(wantedScope);
  const { rows, path } = await answers.explain(found[0]!, scope);
  if (format === "json") {
    process.stdout.write(`${JSON.stringify({ agent: found[0], scope, rows, path: path ?? null })}\n`);
    return;
  }
  if (path === undefined) {
    process.stdout.write("No path was read from this agent to this place.\n");
    sayUnknown(answers, scope);
    return;
  }
  process.stdout.write(`${rows.map(sayRow).join("\n")}\n\n${drawPath(path)}`);
  sayUnknown(answers, scope);
}

const sayRow = (row: ReachRow): string => {
  const can = (["read", "write", "manage", "discover"] as const).filter((right) => row[right] === "yes");
  const unknown = (["read", "write", "manage", "discover"] as const).filter(
    (right) => row[right] === "unknown",
  );
  const parts = [
    can.length === 0 ? "" : `can ${can.join(", ")}`,
    unknown.length === 0 ? "" : `unknown: ${unknown.join(", ")}`,
  ].filter(Boolean);
  const steps = row.steps === null ? "" : `, ${row.steps} step${row.steps === 1 ? "" : "s"} away`;
  return `${row.agent_name} ${parts.join("; ") || "has nothing"} (${row.tier}${steps}; ${row.certainty}${row.reason === "" ? "" : `: ${row.reason}`})`;
};

const VERBS: Readonly<Record<string, string>> = {
  ACTS_AS: "acts as",
  MEMBER_OF: "is in",
  WITHIN: "which includes",
  INHERITS: "inherited by",
};

/** The witness, a line a step, with what to revoke. */
const drawPath = (path: readonly PathStep[]): string =>
  path
    .map((step, index) => {
      const how = step.grant !== undefined ? `has ${step.grant.role} on` : (VERBS[step.via ?? ""] ?? "");
      const line = `${"  ".repeat(index)}${how === "" ? "" : `└ ${how} `}${step.name} (${step.kind})`;
      return step.grant === undefined
        ? `${line}\n`
        : `${line}\n${"  ".repeat(index)}  to revoke: ${step.grant.id}\n`;
    })
    .join("");
