/** Ways through copies that left their permissions behind: what is read with them, and which agents carry content. */
import type { GraphStore } from "../graph/store.ts";
import { type Named, named } from "./links.ts";
import type { PathStep } from "./paths.ts";
import { type Add, columnsOf, nodeOf, type Removal, stepTo } from "./ways-moves.ts";

type Query = GraphStore["query"];

/**
 * Adds what leads to a place from copies of it, and copies of these, and so on: `in X` is content of X that is read
 * with something else, `read X` whoever reads X itself. Returns the copies, whose readers are wanted.
 */
export async function addCopies(query: Query, scope: string, end: string, add: Add): Promise<string[]> {
  const copies = new Set<string>();
  const met = new Set([scope]);
  const at = (id: string) => (id === scope ? end : `in ${id}`);
  for (const id of met) {
    for (const row of await query(
      `MATCH (s:Scope)-[:WITHIN]->(p:Scope) WHERE s.id = $id RETURN DISTINCT p.id AS parent, ${columnsOf("s", "s")}`,
      { id },
    )) {
      add(`in ${row.parent}`, { to: at(id), steps: [stepTo(nodeOf(row, "s"), "Scope", "WITHIN")] });
      met.add(String(row.parent));
    }
    for (const row of await query(
      `MATCH (s:Scope)-[:COPIED_TO]->(t:Scope) WHERE s.id = $id AND t.id <> $id RETURN DISTINCT ${columnsOf("s", "s")}, ${columnsOf("t", "t")}`,
      { id },
    )) {
      const [from, to] = [nodeOf(row, "s"), nodeOf(row, "t")];
      const removal: Removal = { kind: "COPIED_TO", from, to };
      for (const node of [`in ${to.id}`, `read ${to.id}`])
        add(node, { to: at(id), steps: [stepTo(from, "Scope", "COPIED_TO")], removal });
      copies.add(to.id);
      met.add(to.id);
    }
  }
  return [...copies];
}

/** Adds what the agent carries, and what agents carry that it calls, with whose token ever. */
export async function addCarried(
  query: Query,
  agent: string,
  scope: string,
  end: string,
  add: Add,
): Promise<void> {
  const some = await query("MATCH (:Agent)-[:EMBEDS]->(s:Scope) RETURN s.id AS id LIMIT 1");
  if (some.length === 0) return;
  // With its own rights a called agent is there already; asked for its content alone it is another node.
  const met = new Set([agent]);
  const nodesOf = (id: string) => (id === agent ? [`Agent ${id}`] : [`Agent ${id}`, `asked ${id}`]);
  for (const id of met) {
    for (const row of await query(
      `MATCH (n:Agent)-[:EMBEDS]->(s:Scope) WHERE n.id = $id RETURN DISTINCT ${columnsOf("n", "n")}, ${columnsOf("s", "s")}`,
      { id },
    )) {
      const to = nodeOf(row, "s");
      const removal: Removal = { kind: "EMBEDS", from: nodeOf(row, "n"), to };
      const steps: PathStep[] = [stepTo(to, "Scope", "EMBEDS")];
      for (const node of nodesOf(id))
        add(node, { to: to.id === scope ? end : `in ${to.id}`, steps, removal });
    }
    for (const row of await query(
      `MATCH (n:Agent)-[r:INVOKES]->(b:Agent) WHERE n.id = $id AND (b.status IS NULL OR b.status <> 'disabled')
       RETURN DISTINCT r.mode AS mode, b.id AS id, b.name AS name, b.kind AS kind`,
      { id },
    )) {
      const to: Named = named(row, String(row.id));
      if (to.id === agent) continue;
      met.add(to.id);
      for (const node of nodesOf(id))
        if (row.mode !== "own" || node.startsWith("asked "))
          add(node, { to: `asked ${to.id}`, steps: [stepTo(to, "Agent", "INVOKES")] });
    }
  }
}
