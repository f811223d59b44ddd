/**
 * All ways from an agent to a place, as the graph's records have them: with whose rights it acts, what those are members
 * of or could become, what these are granted, and what lies in what. Denies and gates are not asked: rows say what they
 * leave.
 */
import type { GraphStore } from "../graph/store.ts";
import { type Edge, smallestCut } from "./cut.ts";
import { type Named, textOf } from "./links.ts";
import type { PathStep } from "./paths.ts";
import { addCarried, addCopies } from "./ways-copies.ts";
import { type Add, columnsOf, GIVES, type Move, nodeOf, READS, type Removal, stepTo } from "./ways-moves.ts";

type Query = GraphStore["query"];

export interface Ways {
  /** Every way that meets nobody twice; the shortest first, then by ids. May be very many: they are found as they are read. */
  paths(): Generator<PathStep[]>;
  /** The fewest grants, memberships and copies without which no way is left. */
  cut: readonly Removal[];
}

const MODES = ["app", "maker", "key"];
const END = "place";

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
  await addGrants(query, agent, [scope, ...copies], time, add);
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
      add(`${kind} ${id}`, { to: `own ${row.p}`, steps: [stepTo(nodeOf(row, "p"), "Principal", "ACTS_AS")] });
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
    for (const as of ["own", "as"])
      add(`${as} ${from.id}`, { to: `as ${to.id}`, steps: [stepTo(to, "Principal", "MEMBER_OF")], removal });
  }
  for (const row of await query(
    `${around}-[:CONTROLS]->(q:Principal) WHERE a.id = $agent AND (q.enabled IS NULL OR q.enabled)
     RETURN DISTINCT p.id AS p, ${columnsOf("q", "q")}`,
    { agent },
  ))
    for (const as of ["own", "as"])
      add(`${as} ${row.p}`, {
        to: `own ${row.q}`,
        steps: [stepTo(nodeOf(row, "q"), "Principal", "CONTROLS")],
      });
}

/** Grants of the place, which comes first, and those that read a copy of it. */
async function addGrants(
  query: Query,
  agent: string,
  [scope, ...copies]: readonly string[],
  time: string,
  add: Add,
): Promise<void> {
  const targets: { place: string; to: string; chains: Record<"WITHIN" | "INHERITS", Chains> }[] = [];
  for (const place of [scope!, ...copies])
    targets.push({
      place,
      to: place === scope ? END : `read ${place}`,
      chains: {
        WITHIN: await chainsTo(query, place, "WITHIN"),
        INHERITS: await chainsTo(query, place, "INHERITS"),
      },
    });
  const rows = await query(
    `MATCH (a:Agent)-[:HAS_RIGHTS_OF]->(p:Principal)-[g:GRANTED]->(s:Scope)
     WHERE a.id = $agent AND (g.expires IS NULL OR g.expires > $time) AND (${GIVES})
     RETURN DISTINCT ${columnsOf("p", "p")}, ${columnsOf("s", "s")}, g.code AS code, g.key AS key, g.role AS role, g.flow AS flow,
     g.source AS source, CASE WHEN ${READS} THEN 1 ELSE 0 END AS reads`,
    { agent, time },
  );
  const removals = new Map<string, Removal>();
  const known = new Set<string>();
  // Of a grant in parts that comes first which stands where it was made: above the others.
  for (const row of rows.toSorted((a, b) => String(a.s).length - String(b.s).length)) {
    const [from, to] = [nodeOf(row, "p"), nodeOf(row, "s")];
    // A permission of an application is never of a group.
    if (row.source === "app-role" && from.kind === "Group") continue;
    const id = String(row.key).split("#")[0]!;
    const role = textOf(row.role) || "grant";
    const which = grantOf(from, to, id);
    const removal = removals.get(which) ?? { kind: "GRANTED", from, to, id, role };
    removals.set(which, removal);
    for (const { place, to: end, chains } of targets) {
      if (end !== END && Number(row.reads) === 0) continue;
      const way = JSON.stringify([which, to.id, place, row.flow, row.source]);
      if (known.has(way)) continue;
      known.add(way);
      // Of ADLS the connector has followed the lists: they hold where they stand.
      const ways =
        row.flow === "posix"
          ? row.s === place
            ? [[]]
            : []
          : (chains[row.flow === "acl" ? "INHERITS" : "WITHIN"].get(String(row.s)) ?? []);
      for (const down of ways) {
        const steps = [{ ...stepTo(to, "Scope", "GRANTED"), grant: { id, role } }, ...down];
        add(`own ${from.id}`, { to: end, steps, removal });
        if (row.source !== "app-role") add(`as ${from.id}`, { to: end, steps, removal });
      }
    }
  }
}

/**
 * What is revoked as one: conditions make several relationships of one role assignment, also at places below its own. Other
 * grants may bear one key at several places.
 */
const grantOf = (from: Named, to: Named, id: string): string =>
  JSON.stringify(id.startsWith("/") ? [from.id, id] : [from.id, to.id, id]);

type Chains = ReadonlyMap<string, PathStep[][]>;
/** Every way down to a place, by the scope where it begins; one that goes round in bad data ends. */
async function chainsTo(query: Query, scope: string, via: "WITHIN" | "INHERITS"): Promise<Chains> {
  const chains = new Map<string, PathStep[][]>([[scope, [[]]]]);
  const climb = async (id: string, below: PathStep[], met: readonly string[]): Promise<void> => {
    for (const row of await query(
      `MATCH (s:Scope)-[:${via}]->(p:Scope) WHERE s.id = $id RETURN DISTINCT p.id AS parent, ${columnsOf("s", "s")}`,
      { id },
    )) {
      const parent = String(row.parent);
      if (met.includes(parent)) continue;
      const down = [stepTo(nodeOf(row, "s"), "Scope", via), ...below];
      chains.set(parent, [...(chains.get(parent) ?? []), down]);
      await climb(parent, down, [...met, parent]);
    }
  };
  await climb(scope, [], [scope]);
  return chains;
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
