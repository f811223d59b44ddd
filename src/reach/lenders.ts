/** How an agent comes to the rights that an MCP server or another agent lends it: by calls, and the server at their end. */
import type { GraphStore } from "../graph/store.ts";
import { eachOrAll, type Named, named } from "./links.ts";

export interface Loan {
  agent: string;
  /** The server or agent that lends. */
  via: string;
  /** What the lender carries in itself is asked for, which a call with the caller's token does as well. */
  carried: boolean;
}
export interface LoanStep {
  node: Named;
  via: "INVOKES" | "USES";
}
/** Steps behind the agent, the lender last; undefined if none lead there. */
export type Lenders = (loan: Loan) => readonly LoanStep[] | undefined;

interface Neighbour extends LoanStep {
  own: boolean;
}

/** Reads who calls whom, level by level, until each of these loans has its way. */
export async function lendersOf(query: GraphStore["query"], loans: readonly Loan[]): Promise<Lenders> {
  const around = new Map<string, Neighbour[]>();
  const open = new Map(loans.map((loan) => [JSON.stringify(loan), loan]));
  for (let frontier = [...new Set(loans.map(({ agent }) => agent))]; frontier.length > 0; ) {
    const [calls, uses] = await Promise.all([
      eachOrAll(
        query,
        frontier,
        (
          is,
        ) => `MATCH (n:Agent)-[r:INVOKES]->(b:Agent) WHERE ${is("n.id")} AND (b.status IS NULL OR b.status <> 'disabled')
         RETURN n.id AS by, b.id AS id, b.name AS name, b.kind AS kind, max(CASE r.mode WHEN 'own' THEN 1 ELSE 0 END) AS own`,
      ),
      eachOrAll(
        query,
        frontier,
        (is) => `MATCH (n:Agent)-[:USES]->(m:McpServer) WHERE ${is("n.id")}
         RETURN DISTINCT n.id AS by, m.id AS id, m.name AS name, m.kind AS kind`,
      ),
    ]);
    for (const id of frontier) around.set(id, []);
    for (const row of calls)
      around
        .get(String(row.by))
        ?.push({ node: named(row, String(row.id)), via: "INVOKES", own: Number(row.own) === 1 });
    for (const row of uses)
      around.get(String(row.by))?.push({ node: named(row, String(row.id)), via: "USES", own: true });
    // Of ways of one length the same one on every engine.
    for (const id of frontier) around.get(id)?.sort((a, b) => (a.node.id < b.node.id ? -1 : 1));
    const called = new Set(calls.map((row) => String(row.id)).filter((id) => !around.has(id)));
    const find = finder(around);
    for (const [key, loan] of open) if (find(loan) !== undefined) open.delete(key);
    frontier = open.size === 0 ? [] : [...called];
  }
  return finder(around);
}

type Came = ReadonlyMap<string, { by: string; step: LoanStep }>;

/** Whom an agent comes to is worked out once, however many rows ask. */
function finder(around: ReadonlyMap<string, readonly Neighbour[]>): Lenders {
  const known = new Map<string, Came>();
  return ({ agent, via, carried }) => {
    const key = `${carried} ${agent}`;
    const came = known.get(key) ?? cameTo(around, agent, carried);
    known.set(key, came);
    const steps: LoanStep[] = [];
    for (let to = came.get(via); to !== undefined; to = came.get(to.by)) steps.unshift(to.step);
    return steps.length === 0 ? undefined : steps;
  };
}

/** Breadth first from an agent: by whom it comes to each agent and server. */
function cameTo(around: ReadonlyMap<string, readonly Neighbour[]>, agent: string, carried: boolean): Came {
  const came = new Map<string, { by: string; step: LoanStep }>();
  const queue = [agent];
  for (const at of queue)
    for (const { node, via, own } of around.get(at) ?? []) {
      if (node.id === agent || came.has(node.id) || !(own || carried)) continue;
      came.set(node.id, { by: at, step: { node, via } });
      if (via === "INVOKES") queue.push(node.id);
    }
  return came;
}
