/**
 * A world: a tenant as a file that people read and write, with the rows that it must give.
 *
 * ```yaml
 * name: a grant of a group reaches its members
 * why: whatever says so
 * records: |
 *   Principal p {kind: ServicePrincipal}    # KIND id {properties}
 *   a ACTS_AS p {mode: app}                 # id KIND id {properties}
 *   p GRANTED s {flow: containment, read: true}
 * rows: |
 *   a s now: discover read; exact; 2 steps a > p > s #
 * ```
 *
 * `Unread gap {step: azure.deny-assignments, state: failed, hides: denies, scope: s}` says what was not read; of the whole tenant if
 * the scope is empty. Rows of other modes and lenders say so after the agent: `a[maker]`, `a[app via b]`. A right with a question mark is unknown, one that is missing is a no.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { packageRoot } from "../../src/root.ts";
import { NODE_KINDS, REL_KINDS, RELS } from "../../src/schema.ts";
import { evaluate, type OracleRow } from "../oracle/evaluate.ts";
import { compareBytes, type Put, TIERS, UNREAD, type Value } from "../oracle/records.ts";
import { TIME } from "../oracle/tenants.ts";

export interface World {
  name: string;
  why: string;
  records: readonly Put[];
  /** As `rowLines` gives them, sorted as text. */
  rows: readonly string[];
}

/** Every tenant has these in common: their ids have no prefix. */
const SHARED: readonly string[] = ["everyone", "everyone-except-external", "*"];
/** Properties that hold ids of the tenant’s own. */
const IDS: readonly string[] = ["together", "excluded", "appId", "resource", "user", "scope"];
/** Lines that start with an id. */
const LINES = "inheritable";
const RIGHTS = ["discover", "read", "write", "manage"] as const;

const named = <T extends string>(list: readonly T[], name: string): T | undefined =>
  list.find((one) => one === name);

/** Reads a world; `prefix` goes in front of every id. Throws if it is not written as it must be. */
export function worldOf(text: string, prefix: string, file: string): World {
  const { name, why, records, rows } = parse(text) as Record<string, unknown>;
  for (const part of [name, why, records])
    if (typeof part !== "string") throw new Error(`${file}: needs name, why and records, as text`);
  const lines = content(records);
  const declared = new Set(lines.map((line) => line.split(" ", 2).join(" ")));
  return {
    name: String(name),
    why: String(why),
    records: lines.map((line) => recordOf(line, prefix, file, declared)),
    rows: content(rows).sort(),
  };
}

const FOLDER = join(packageRoot, "test", "worlds");
/** All worlds, each with a prefix of its own. */
export const worldFiles = (): { file: string; prefix: string; world: World }[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .map((file, index) => {
      const prefix = `w${index}:`;
      return { file, prefix, world: worldOf(readFileSync(join(FOLDER, file), "utf8"), prefix, file) };
    });
const content = (text: unknown): string[] =>
  (typeof text === "string" ? text : "")
    .split("\n")
    .map((line) => line.replace(/(^|\s)# .*$/, "").trim())
    .filter((line) => line !== "");

/** Properties with every id in them renamed. */
const renamedIn = (
  props: Readonly<Record<string, Value>>,
  rename: (id: string) => string,
): Record<string, Value> =>
  Object.fromEntries(
    Object.entries(props).map(([name, value]) => {
      if (!IDS.includes(name) && name !== LINES) return [name, value];
      return [name, Array.isArray(value) ? value.map((one) => rename(String(one))) : rename(String(value))];
    }),
  );

/** One line of `records`. Ends of a relationship are of the first kind that the schema allows and a line declares. */
function recordOf(line: string, prefix: string, file: string, declared: ReadonlySet<string>): Put {
  const match = /^(\S+) (\S+)(?: ([^\s{]\S*))?(?: (\{.*\}))?$/.exec(line);
  if (match === null) throw new Error(`${file}: not a record: ${line}`);
  const [, first = "", second = "", third, written] = match;
  const id = (bare: string): string => (bare === "" || SHARED.includes(bare) ? bare : `${prefix}${bare}`);
  const props = renamedIn(written === undefined ? {} : parse(written), id);
  const kind = named(REL_KINDS, second);
  if (kind !== undefined && third !== undefined) {
    const end = (kinds: readonly string[], bare: string) => ({
      kind: kinds.find((one) => declared.has(`${one} ${bare}`)) ?? kinds[0]!,
      id: id(bare),
    });
    return { kind, from: end(RELS[kind].from, first), to: end(RELS[kind].to, third), props };
  }
  const node = first === UNREAD ? UNREAD : named(NODE_KINDS, first);
  if (node === undefined || third !== undefined) throw new Error(`${file}: no such kind: ${line}`);
  return { kind: node, id: id(second), props };
}

/** Records as lines of a world, without the prefix of their ids. */
function recordLines(records: readonly Put[], prefix: string): string[] {
  const bare = (id: string): string => (id.startsWith(prefix) ? id.slice(prefix.length) : id);
  return records.map((put) => {
    const props = renamedIn(put.props ?? {}, bare);
    const written =
      Object.keys(props).length === 0
        ? ""
        : ` ${stringify(props, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: false }).trim()}`;
    return "from" in put
      ? `${bare(put.from.id)} ${put.kind} ${bare(put.to.id)}${written}`
      : `${put.kind} ${bare(put.id)}${written}`;
  });
}

const RANKED = new Map<string, number>(TIERS.map((tier, index) => [tier, index]));
const place = (row: OracleRow): string =>
  JSON.stringify([row.agent, row.mode, row.via, row.scope, RANKED.get(row.tier)]);
/** A row as one line: two evaluators agree if these are equal. */
function rowLine(row: OracleRow, bare: (id: string) => string): string {
  const rights = RIGHTS.filter((right) => row[right] !== "no").map((right) =>
    row[right] === "unknown" ? `${right}?` : right,
  );
  const tier = row.tier === "latent" ? `latent ${row.hops}` : row.tier;
  const lent = [row.mode, ...(row.via === "" ? [] : [`via ${bare(row.via)}`])].join(" ");
  return `${bare(row.agent)}${lent === "app" ? "" : `[${lent}]`} ${bare(row.scope)} ${tier}: ${rights.join(" ")}; ${[row.certainty, row.unread].filter(Boolean).join(", ")}; ${row.steps} steps ${row.witness.map(bare).join(" > ")} #${bare(row.key)}`;
}
/** Rows as lines, in order; `prefix` is taken from their ids. */
export const rowLines = (rows: readonly OracleRow[], prefix = ""): string[] =>
  [...rows]
    .sort((a, b) => compareBytes(place(a), place(b)))
    .map((row) =>
      rowLine(row, (id) => id.replace(new RegExp(`^(unknown:mcp:|unknown:agent:|package:)?${prefix}`), "$1")),
    );

/** A world as a file; its rows are those of the definition. */
export function worldText(name: string, why: string, records: readonly Put[], prefix: string): string {
  const block = (lines: readonly string[]): string => lines.map((line) => `  ${line}\n`).join("");
  const rows = rowLines(evaluate(records, TIME), prefix);
  return [
    stringify({ name, why }, { lineWidth: 0 }),
    "records: |\n",
    block(recordLines(records, prefix)),
    rows.length === 0 ? 'rows: ""\n' : `rows: |\n${block(rows)}`,
  ].join("");
}
