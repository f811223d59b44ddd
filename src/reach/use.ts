/**
 * What of the content that a row lets an agent read may enter an answer: encrypting labels need a right to open and one
 * to extract, and a policy may keep a label out of answers. Counted by label, as rights on labels go by label. Where the
 * tenant's labels should have been read and were not, an item may have one that encrypts, unless somebody saw that it has none.
 */
import type { GraphStore } from "../graph/store.ts";
import type { GraphMeta } from "../keep/meta.ts";
import type { Row } from "../model.ts";

export interface Use {
  use: "yes" | "no" | "unknown" | "cite-only" | "bytes-only";
  /** Items; null where nobody counted, or the rights on a label were not read. */
  usable: number | null;
  cite_only: number | null;
  bytes_only: number | null;
  /** Parts that were not read and leave it open; absent: none. */
  unread?: readonly Unread[];
}

export type Unread = Pick<GraphMeta["coverage"][number], "step" | "state">;

/**
 * Parts that should have said which labels there are, and what these do, and could not be read to their end; an import may
 * bring labels, too. What the configuration leaves out is not among them: then nothing is said of labels that nobody saw.
 */
export const unreadLabels = ({ coverage }: Pick<GraphMeta, "coverage">): Unread[] =>
  coverage.filter(
    ({ step, scope, state, hides }) =>
      scope === "" && COULD_NOT.has(state) && (hides === "use" || step.startsWith("import.")),
  );
const COULD_NOT: ReadonlySet<string> = new Set(["partial", "denied", "failed"]);

type Query = GraphStore["query"];
/** What an agent may do with a label. Null: unknown. */
interface Leave {
  view: boolean | null;
  extract: boolean | null;
  blocked: boolean;
}
const flag = (value: unknown): boolean | null => (typeof value === "boolean" ? value : null);
const actorOf = (agent: unknown, mode: unknown, via: unknown): string => `${agent}\n${mode}\n${via ?? ""}`;

/**
 * Use of rows of the graph, of which `agent_id`, `mode`, `via`, `scope_id`, `subtree`, `read`, `items`, `label_unknown`,
 * `label_unclear`, `copy` and `embedded` count. `unread`: as `unreadLabels` says.
 * Where no label is guarded, nothing more is asked.
 */
export function createUse(query: Query, unread: readonly Unread[]): (rows: readonly Row[]) => Promise<Use[]> {
  let guarded: Promise<boolean> | undefined;
  let unclear: Promise<ReadonlySet<string>> | undefined;
  /** What is not known is not known for want of these. */
  const said = (row: Row, use: Use): Use =>
    row.read === true &&
    Number(row.label_unknown ?? 0) + Number(row.label_unclear ?? 0) > 0 &&
    unread.length > 0
      ? { ...use, unread }
      : use;
  return async (rows) => {
    guarded ??= isGuarded(query);
    if (!(await guarded)) {
      const open = unread.length > 0 ? {} : { label_unknown: 0, label_unclear: 0 };
      return rows.map((row) => said(row, useOf({ ...row, ...open }, [], new Map())));
    }
    unclear ??= unread.length > 0 ? unclearLabels(query) : Promise.resolve(new Set<string>());
    const doubtful = await unclear;
    const reading = rows.filter((row) => row.read === true);
    const held = await heldBy(query, [...new Set(reading.map((row) => String(row.scope_id)))]);
    const leaves = await leavesOf(query, [...new Set(reading.map((row) => String(row.agent_id)))]);
    return rows.map((row) => {
      const here = (held.get(String(row.scope_id)) ?? []).filter(
        ({ below, label }) => below !== (row.subtree === true ? 0 : 1) && !doubtful.has(label),
      );
      const counted = unread.length > 0 ? row : { ...row, label_unclear: 0 };
      const leave = leaves.get(actorOf(row.agent_id, row.mode, row.via)) ?? new Map<string, Leave>();
      return said(row, useOf(counted, here, leave));
    });
  };
}

/** Whether any label encrypts, or limits its use: then an item whose label nobody looked at may have it. */
async function isGuarded(query: Query): Promise<boolean> {
  for (const pattern of [
    "(l:Label) WHERE l.encrypted",
    "(:Principal)-[:LABEL_RIGHTS]->(l:Label)",
    "(:Policy)-[:GATES]->(l:Label)",
  ])
    if ((await query(`MATCH ${pattern} RETURN l.id AS id LIMIT 1`)).length > 0) return true;
  return false;
}

/** Labels of which it is not known whether they encrypt: `label_unclear` counts what has them. */
async function unclearLabels(query: Query): Promise<ReadonlySet<string>> {
  const rows = await query(
    `MATCH (l:Label) WHERE l.encrypted IS NULL OPTIONAL MATCH (:Principal)-[r:LABEL_RIGHTS]->(l)
     WITH l.id AS id, count(r) AS rights WHERE rights = 0 RETURN id`,
  );
  return new Set(rows.map(({ id }) => String(id)));
}

interface Held {
  label: string;
  items: number;
  below: number;
}

async function heldBy(query: Query, scopes: readonly string[]): Promise<Map<string, Held[]>> {
  const held = new Map<string, Held[]>();
  if (scopes.length === 0) return held;
  for (const row of await query(
    "MATCH (s:Scope)-[g:GUARDED]->(l:Label) WHERE s.id IN $scopes RETURN s.id AS scope, l.id AS label, g.items AS items, g.below AS below",
    { scopes: [...scopes] },
  )) {
    const one = { label: String(row.label), items: Number(row.items), below: Number(row.below) };
    const same = held.get(String(row.scope));
    if (same === undefined) held.set(String(row.scope), [one]);
    else same.push(one);
  }
  return held;
}

async function leavesOf(query: Query, agents: readonly string[]): Promise<Map<string, Map<string, Leave>>> {
  const leaves = new Map<string, Map<string, Leave>>();
  if (agents.length === 0) return leaves;
  for (const row of await query(
    `MATCH (a:Agent)-[m:MAY_OPEN]->(l:Label) WHERE a.id IN $agents
     RETURN a.id AS agent, m.mode AS mode, m.via AS via, l.id AS label, m.view AS view, m.extract AS extract, m.blocked AS blocked`,
    { agents: [...agents] },
  )) {
    const key = actorOf(row.agent, row.mode, row.via);
    const labels = leaves.get(key) ?? new Map<string, Leave>();
    leaves.set(key, labels);
    labels.set(String(row.label), {
      view: flag(row.view),
      extract: flag(row.extract),
      blocked: row.blocked === true,
    });
  }
  return leaves;
}

function useOf(row: Row, held: readonly Held[], leaves: ReadonlyMap<string, Leave>): Use {
  const none = { usable: 0, cite_only: 0, bytes_only: 0 };
  if (row.read !== true) return { use: row.read === false ? "no" : "unknown", ...none };
  const open = Number(row.label_unknown ?? 0) + Number(row.label_unclear ?? 0);
  let [citeOnly, bytesOnly, unknown] = [0, 0, open];
  // Whether a copy is still encrypted nobody recorded; embedded files keep their labels.
  const left = typeof row.copy === "string" && row.embedded !== true;
  for (const { label, items } of held) {
    const leave = leaves.get(label);
    if (leave === undefined || leave.view === null) unknown += items;
    else if (left && (leave.view === false || leave.extract === false)) unknown += items;
    else if (leave.view === false) bytesOnly += items;
    else if (leave.blocked || leave.extract === false) citeOnly += items;
    else if (leave.extract === null) unknown += items;
  }
  const all = row.items === null || row.items === undefined ? null : Number(row.items);
  const usable = (all ?? 0) - citeOnly - bytesOnly - unknown;
  const best =
    usable > 0 || all === null || all === 0
      ? "yes"
      : unknown > 0
        ? "unknown"
        : citeOnly > 0
          ? "cite-only"
          : "bytes-only";
  if (unknown > 0) return { use: best, usable: null, cite_only: null, bytes_only: null };
  return { use: best, usable, cite_only: citeOnly, bytes_only: bytesOnly };
}
