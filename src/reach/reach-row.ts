/** The reach row: every column, its meaning and its type, as data. Scripts and auditors depend on it. */
import { COVERAGE_STATES, MODES, TIERS } from "../model.ts";

/** Changes when a column changes or goes; a new column at the end is no change. */
export const REACH_SCHEMA_VERSION = 1;

/** `int` may be null: nobody counted, which is not zero. Text and times that are not known are empty. */
export type ColumnType = "text" | "int" | "time";
export interface Column {
  readonly name: string;
  readonly about: string;
  readonly type: ColumnType;
  /** The only values it takes, where the list is closed. */
  readonly values?: readonly string[];
}

const text = <const N extends string>(name: N, about: string) => ({ name, about, type: "text" }) as const;
const int = <const N extends string>(name: N, about: string) => ({ name, about, type: "int" }) as const;
const time = <const N extends string>(name: N, about: string) => ({ name, about, type: "time" }) as const;
const one = <const N extends string, const V extends readonly string[]>(name: N, values: V, about: string) =>
  ({ name, about, type: "text", values }) as const;
const RIGHT = ["yes", "no", "unknown"] as const;

/** The row’s key and its order, bytewise. */
export const REACH_KEY = ["tenant_id", "agent_id", "mode", "via", "scope_id", "tier"] as const;

export const REACH_COLUMNS = [
  text("tenant_id", "Tenant that the agent lives in"),
  text("agent_id", "The agent: object id of its own identity, or platform:native-id"),
  text("agent_name", "Its name"),
  text("agent_owner", "Who answers for it: owners and sponsors"),
  text("platform", "Where it runs or is registered"),
  one("estate", ["managed", "self-hosted", "shadow"], "Shadow: no catalog lists it"),
  one("mode", MODES, "With whose rights it acts"),
  text("principal_id", "The principal with whose rights it acts on the witness path"),
  text("via", "MCP server or agent that it goes through, or empty"),
  text("scope_id", "The place"),
  text("scope_name", "Its name"),
  text("scope_url", "Where a person opens it"),
  text("scope_kind", "What sort of place"),
  text("scope_owner", "Who answers for the data, if known"),
  text("plane", "The service whose rules decide: azure, sharepoint, exchange, …"),
  one(
    "covers",
    ["scope", "subtree", "class"],
    "scope: this place; subtree: everything below it too, without rows of its own; class: a whole class of principals",
  ),
  one("discover", RIGHT, "Can see that it exists"),
  one("read", RIGHT, "Can read the bytes"),
  one("write", RIGHT, "Can create, change or delete"),
  one("manage", RIGHT, "Can change who has access"),
  one(
    "use",
    [...RIGHT, "cite-only", "bytes-only"],
    "Content can appear in an answer (that of its best class)",
  ),
  one(
    "tier",
    TIERS,
    "now; conditional: if a named condition holds; potential: one step away; latent: n steps away",
  ),
  int("steps", "For latent: how many steps the agent must take to give itself the access"),
  one("certainty", ["exact", "upper-bound", "unknown"], "upper-bound: something unread could take it away"),
  text("reason_code", "Why it is not exact, as a code"),
  text("reason", "The same in words"),
  text("grant_id", "The grant on the witness path: what to revoke"),
  time("expires", "When that grant ends"),
  int("audience_count", "People who may use the agent in this mode"),
  text("worst_user", "The one of them with most reach on whose behalf it acts: id. Where it was asked for"),
  int("gainers", "How many of them do not read this place by their own access. Where it was asked for"),
  int("items", "Items that this row counts and no row above it counted"),
  int("total_items", "All items there"),
  int("labeled", "Items with a sensitivity label"),
  int("unlabeled", "Items that were looked at and have none"),
  int("label_unknown", "Items whose label nobody looked at"),
  int("sensitive", "Items that hold sensitive information"),
  int("unlabeled_sensitive", "Sensitive items without a label"),
  int("not_inspected", "Items that nobody inspected for sensitive information"),
  int("usable", "Items whose content can appear in an answer"),
  int("cite_only", "Items that can be cited, not quoted"),
  int("bytes_only", "Items whose bytes can be read, not opened"),
  text("top_label", "The most sensitive label there"),
  one("logged", RIGHT, "Use would be logged"),
  time("last_seen_used", "Last use that logs saw"),
  text("path", "The witness path, for people"),
  text("path_json", "The witness path, for programs"),
  one("completeness", COVERAGE_STATES, "Worst coverage state of all that the row depends on"),
  text("gap_steps", "The steps that are not complete"),
  time("observed_from", "When the first fact of this row was read"),
  time("observed_to", "When the last one was"),
  text("snapshot", "Id of the inventory snapshot"),
  int(
    "readable_items",
    "Items that this row can read and no row above it could. Empty: not counted, or nobody knows whether it reads",
  ),
  int("readable_sensitive", "Those of them that hold sensitive information"),
  int("readable_unlabeled_sensitive", "Those of them that hold sensitive information and carry no label"),
  text(
    "people_reason",
    "Why `worst_user` or `gainers` is empty, or what they leave open. Where it was asked for",
  ),
] as const satisfies readonly Column[];

type ReachColumn = (typeof REACH_COLUMNS)[number];
type ValueOf<C extends Column> = C extends { type: "int" }
  ? number | null
  : C extends { values: readonly (infer V extends string)[] }
    ? V | ""
    : string;
export type ReachRow = { -readonly [C in ReachColumn as C["name"]]: ValueOf<C> };

/** What `reach --with` says besides: how a row would differ from that of today. */
export const CHANGE_COLUMNS = [
  one(
    "change",
    ["new", "changed", "gone"],
    "What the changes would do to the row. A row that would be gone stands here as it is today",
  ),
  one("gained", ["yes", "no"], "The agent could do more there, or sooner, than it can today"),
  one(
    "before_covers",
    ["scope", "subtree", "class"],
    "What the row of today covers; empty where there is no such row",
  ),
  one("before_discover", RIGHT, "Can see that it exists today"),
  one("before_read", RIGHT, "Can read today"),
  one("before_write", RIGHT, "Can write today"),
  one("before_manage", RIGHT, "Can manage today"),
  one("before_use", [...RIGHT, "cite-only", "bytes-only"], "Content can appear in an answer today"),
  one("before_tier", TIERS, "Tier today; empty likewise"),
  one("before_certainty", ["exact", "upper-bound", "unknown"], "Certainty today; empty likewise"),
] as const satisfies readonly Column[];

type ChangeColumn = (typeof CHANGE_COLUMNS)[number];
export type ChangeRow = ReachRow & { -readonly [C in ChangeColumn as C["name"]]: ValueOf<C> };

const lineOf = (column: Column): string => {
  const values =
    column.values === undefined ? "" : ` One of ${column.values.map((v) => `\`${v}\``).join(", ")}.`;
  return `| \`${column.name}\` | ${column.type} | ${column.about}.${values} |`;
};

/** The documentation page of the row, as Markdown. */
export function columnsPage(): string {
  return [
    "# The reach row",
    "",
    `Schema version ${REACH_SCHEMA_VERSION}. Key, and order of rows (bytewise): ${REACH_KEY.map((k) => `\`${k}\``).join(", ")}.`,
    "A number that is empty was not counted, which is not zero. Times are ISO 8601, UTC.",
    "",
    "| Column | Type | Meaning |",
    "|---|---|---|",
    ...REACH_COLUMNS.map(lineOf),
    "",
    "## What would change",
    "",
    "Rows of `reach --with CHANGES.jsonl` have these columns behind the others. `snapshot` of a row that would be new or",
    "changed names the snapshot and, behind a `+`, the facts with the changes on top.",
    "",
    "| Column | Type | Meaning |",
    "|---|---|---|",
    ...CHANGE_COLUMNS.map(lineOf),
    "",
  ].join("\n");
}
