/**
 * Compact rows to one row an (agent, scope, tier), so that they can be compared with the oracle's. A row that
 * covers its subtree speaks for every scope below that has no row of its own in that tier; there, what an
 * earlier tier already gives is taken away.
 */
import { type Answer, type Certainty, type OracleRow, TIERS, type Tier } from "./evaluate.ts";

/** A row as the graph holds it. Numbers may be bigint. */
export interface CompactRow {
  agent: string;
  scope: string;
  tier: Tier;
  hops: number | bigint;
  discover: Answer;
  read: Answer;
  write: Answer;
  manage: Answer;
  certainty: Certainty;
  covers: "scope" | "subtree" | "class";
  steps: number | bigint;
  path: string;
}
export interface Named {
  sort: "agent" | "principal" | "scope";
  code: string;
  id: string;
}
export interface NamedGrant {
  principal: string;
  scope: string;
  code: string;
  key: string;
}

const RIGHTS = ["discover", "read", "write", "manage"] as const;
const RANK: Record<Answer, number> = { no: 0, unknown: 1, yes: 2 };
/** Digits in front of a path, and characters of one code in it. */
const DIGITS = 3;
const CODE = 5;

/** `parents` is WITHIN, child to parent. Throws where a path does not lead back to ids. */
export function expand(
  rows: readonly CompactRow[],
  names: readonly Named[],
  grants: readonly NamedGrant[],
  parents: ReadonlyMap<string, string>,
): OracleRow[] {
  const idOf = new Map(names.map(({ sort, code, id }) => [`${sort} ${code}`, id]));
  const keyOf = new Map(grants.map((g) => [JSON.stringify([g.principal, g.scope, g.code]), g.key]));
  const decode = (path: string): { steps: number; witness: string[]; key: string } => {
    const codes = path.slice(DIGITS).match(new RegExp(`.{${CODE}}`, "gs")) ?? [];
    const found = (sort: string, code: string | undefined): string => {
      const id = idOf.get(`${sort} ${code}`);
      if (id === undefined) throw new Error(`path ${path}: no ${sort} has the code ${code}`);
      return id;
    };
    const principals = codes.slice(1, -2).map((code) => found("principal", code));
    const scope = found("scope", codes.at(-2));
    const key = keyOf.get(JSON.stringify([principals.at(-1), scope, codes.at(-1)]));
    if (key === undefined) throw new Error(`path ${path}: no grant has the code ${codes.at(-1)}`);
    return {
      steps: Number(path.slice(0, DIGITS)) - 100,
      witness: [found("agent", codes[0]), ...principals, scope],
      key,
    };
  };

  const children = new Map<string, string[]>();
  for (const [child, parent] of parents) children.set(parent, [...(children.get(parent) ?? []), child]);
  const place = (row: { agent: string; tier: Tier }, scope: string): string =>
    JSON.stringify([row.agent, row.tier, scope]);
  const own = new Map<string, CompactRow>();
  for (const row of rows) {
    if (own.has(place(row, row.scope))) throw new Error(`two rows at ${place(row, row.scope)}`);
    own.set(place(row, row.scope), row);
  }

  const cells = new Map<string, Map<Tier, OracleRow>>();
  const say = (row: CompactRow, scope: string, distance: number): void => {
    const { steps, witness, key } = decode(row.path);
    if (steps !== Number(row.steps)) throw new Error(`steps ${row.steps} but path ${row.path}`);
    const { agent, tier, discover, read, write, manage, certainty } = row;
    const cell = cells.get(JSON.stringify([agent, scope])) ?? new Map<Tier, OracleRow>();
    cells.set(JSON.stringify([agent, scope]), cell);
    const rights = { discover, read, write, manage };
    const hops = Number(row.hops);
    cell.set(tier, {
      agent,
      scope,
      tier,
      hops,
      ...rights,
      certainty,
      steps: steps + distance,
      witness,
      key,
    });
    if (row.covers === "scope") return;
    for (const child of children.get(scope) ?? [])
      if (own.get(place(row, child))?.covers === undefined) say(row, child, distance + 1);
      else if (own.get(place(row, child))?.covers === "scope") passBy(row, child, distance + 1);
  };
  /** Below a place with a row for itself alone, the row above goes on. */
  const passBy = (row: CompactRow, scope: string, distance: number): void => {
    for (const child of children.get(scope) ?? []) {
      const here = own.get(place(row, child));
      if (here === undefined) say(row, child, distance + 1);
      else if (here.covers === "scope") passBy(row, child, distance + 1);
    }
  };
  for (const row of rows) say(row, row.scope, 0);

  const result: OracleRow[] = [];
  for (const cell of cells.values()) {
    const sofar: Record<(typeof RIGHTS)[number], Answer> = {
      discover: "no",
      read: "no",
      write: "no",
      manage: "no",
    };
    for (const tier of TIERS) {
      const row = cell.get(tier);
      if (row === undefined) continue;
      for (const right of RIGHTS)
        if (RANK[row[right]] > RANK[sofar[right]]) sofar[right] = row[right];
        else row[right] = "no";
      if (RIGHTS.some((right) => row[right] !== "no")) result.push(row);
    }
  }
  return result;
}
