/**
 * All ways from an agent to a place, as the graph's records have them: with whose rights it acts, what those are members
 * of or could become, what these are granted, and what lies in what. Denies and gates are not asked: rows say what they
 * leave.
 */
import type { GraphStore } from "../graph/store.ts";
import { type Edge, smallestCut } from "./cut.ts";
import type { PathStep } from "./paths.ts";
import { addCarried, addCopies } from "./ways-copies.ts";
import { addGrants } from "./ways-grants.ts";
import { type Add, AS, columnsOf, END, type Move, nodeOf, OWN, type Removal, stepTo } from "./ways-moves.ts";

type Query = GraphStore["query"];

export interface Ways {
  /** Every way that meets nobody twice; the shortest first, then by ids. May be very many: they are found as they are read. */
  paths(): Generator<PathStep[]>;
  /** The fewest grants, memberships and copies without which no way is left. */
  cut: readonly Removal[];
}

const MODES = ["app", "maker", "key"];

/** `time`: now, for what ends. */
export async function waysBetween(query: Query, agent: string, scope: string, time: string): Promise<Ways> {
  const [self] = await query(`MATCH (n:Agent) WHERE n.id = $agent RETURN ${columnsOf("n", "a")}`, { agent });
  const moves = new Map<string, Move[]>();
  const add: Add = (from, move) => {
    const there = moves.get(from);
    if (there === undefined) moves.set(from, [move]);
    else there.push(move);
  };
  await addIdentities(query, agent, add);
  await addMemberships(query, agent, time, add);
  const copies = await addCopies(query, scope, END, add);
  await addGrants(query, { agent, places: [scope, ...copies], time, moves }, add);
  await addCarried(query, agent, scope, END, add);
  for (const list of moves.values()) list.sort((a, b) => Buffer.compare(keyOf(a), keyOf(b)));
  const start = `Agent ${agent}`;
  const first = self === undefined ? { id: agent, name: "", kind: "" } : nodeOf(self, "a");
  const cut = smallestCut(edgesOf(moves), start, END);
  return {
    cut: cut ?? [],
    paths: () => pathsOf(moves, start, { kind: first.kind || "Agent", id: agent, name: first.name || agent }),
  };
}

const keyOf = ({ steps }: Move): Buffer =>
  Buffer.from(steps.map(({ id, grant }) => `${id}\n${grant?.id ?? ""}`).join("\n"));

/** Servers and agents on the way, and with whose rights these act. */
async function addIdentities(query: Query, agent: string, add: Add): Promise<void> {
  const seen = new Set([agent]);
  const servers = new Set<string>();
  const actsAs = async (kind: "Agent" | "McpServer", id: string) => {
    for (const row of await query(
      `MATCH (n:${kind})-[r:ACTS_AS]->(p:Principal) WHERE n.id = $id AND r.mode IN $modes AND (p.enabled IS NULL OR p.enabled)
       RETURN DISTINCT ${columnsOf("p", "p")}`,
      { id, modes: MODES },
    ))
      add(`${kind} ${id}`, {
        to: `${OWN}${row.p}`,
        steps: [stepTo(nodeOf(row, "p"), "Principal", "ACTS_AS")],
      });
  };
  for (const id of seen) {
    await actsAs("Agent", id);
    for (const row of await query(
      `MATCH (n:Agent)-[:USES]->(m:McpServer) WHERE n.id = $id RETURN DISTINCT ${columnsOf("m", "m")}`,
      { id },
    )) {
      add(`Agent ${id}`, {
        to: `McpServer ${row.m}`,
        steps: [stepTo(nodeOf(row, "m"), "McpServer", "USES")],
      });
      if (servers.has(String(row.m))) continue;
      servers.add(String(row.m));
      await actsAs("McpServer", String(row.m));
    }
    for (const row of await query(
      `MATCH (n:Agent)-[r:INVOKES]->(b:Agent) WHERE n.id = $id AND r.mode = 'own' AND (b.status IS NULL OR b.status <> 'disabled')
       RETURN DISTINCT ${columnsOf("b", "b")}`,
      { id },
    )) {
      add(`Agent ${id}`, { to: `Agent ${row.b}`, steps: [stepTo(nodeOf(row, "b"), "Agent", "INVOKES")] });
      seen.add(String(row.b));
    }
  }
}

/** Members may use what their groups hold; who controls a principal could become it. Only of those whose rights count. */
async function addMemberships(query: Query, agent: string, time: string, add: Add): Promise<void> {
  const around = "MATCH (a:Agent)-[:HAS_RIGHTS_OF]->(p:Principal)";
  for (const row of await query(
    `${around}-[m:MEMBER_OF]->(g:Principal) WHERE a.id = $agent AND (m.expires IS NULL OR m.expires > $time)
     AND (g.enabled IS NULL OR g.enabled) RETURN DISTINCT ${columnsOf("p", "p")}, ${columnsOf("g", "g")}`,
    { agent, time },
  )) {
    const [from, to] = [nodeOf(row, "p"), nodeOf(row, "g")];
    const removal: Removal = { kind: "MEMBER_OF", from, to };
    for (const as of [OWN, AS])
      add(`${as}${from.id}`, { to: `${AS}${to.id}`, steps: [stepTo(to, "Principal", "MEMBER_OF")], removal });
  }
  for (const row of await query(
    `${around}-[:CONTROLS]->(q:Principal) WHERE a.id = $agent AND (q.enabled IS NULL OR q.enabled)
     RETURN DISTINCT p.id AS p, ${columnsOf("q", "q")}`,
    { agent },
  ))
    for (const as of [OWN, AS])
      add(`${as}${row.p}`, {
        to: `${OWN}${row.q}`,
        steps: [stepTo(nodeOf(row, "q"), "Principal", "CONTROLS")],
      });
}

const edgesOf = (moves: ReadonlyMap<string, readonly Move[]>): Edge<Removal>[] =>
  [...moves].flatMap(([from, list]) =>
    list.map(({ to, removal }) => ({ from, to, ...(removal === undefined ? {} : { removal }) })),
  );

/** Fewest steps from each node to the place; nodes that lead nowhere are missing. */
function distances(moves: ReadonlyMap<string, readonly Move[]>): Map<string, number> {
  const left = new Map([[END, 0]]);
  for (let changed = true; changed; ) {
    changed = false;
    for (const [from, list] of moves)
      for (const { to, steps } of list) {
        const length = (left.get(to) ?? Number.POSITIVE_INFINITY) + steps.length;
        if (length >= (left.get(from) ?? Number.POSITIVE_INFINITY)) continue;
        left.set(from, length);
        changed = true;
      }
  }
  return left;
}

/** Length by length, so that the shortest come first and nothing is kept. */
function* pathsOf(
  moves: ReadonlyMap<string, readonly Move[]>,
  start: string,
  first: PathStep,
): Generator<PathStep[]> {
  const left = distances(moves);
  let longer = true;
  const met = new Set<string>();
  function* from(node: string, path: readonly PathStep[], length: number): Generator<PathStep[]> {
    for (const { to, steps } of moves.get(node) ?? []) {
      const rest = left.get(to);
      // A principal is met once, whether as itself or as a group; so is an agent, with its rights or for what it carries.
      const who = to.replace(/^(own|as) /, "").replace(/^asked /, "Agent ");
      if (rest === undefined || met.has(who)) continue;
      const whole = path.length - 1 + steps.length + rest;
      if (whole > length) {
        longer = true;
        continue;
      }
      const on = [...path, ...steps];
      if (to === END) {
        if (whole === length) yield on;
        continue;
      }
      met.add(who);
      yield* from(to, on, length);
      met.delete(who);
    }
  }
  met.add(start);
  for (let length = left.get(start) ?? 0; longer && left.has(start); length++) {
    longer = false;
    yield* from(start, [first], length);
  }
}
