/** Who holds something at a place by grants and memberships: what `who` says besides its agents. */
import type { GraphStore } from "../graph/store.ts";
import { type Row, TIERS, type Tier } from "../model.ts";
import { EVERYONE } from "../schema.ts";
import { bytewise } from "./answers.ts";
import { heldAt } from "./copies.ts";
import { openedAt } from "./keys.ts";
import { chainOf } from "./tree.ts";
import { GIVES_PLAINLY, OPENS, READS_PLAINLY } from "./ways-moves.ts";

type Query = GraphStore["query"];
/** By id; of several ways that of the first tier, then the shortest. */
type Holders = Map<string, Row>;

/**
 * People, applications and groups that the graph shows to hold a grant on the scope, above it, or one that reads a copy of it:
 * members too, and who may become one by a click. `time`: now, for what ends.
 */
export async function holdersAt(query: Query, scope: string, time: string): Promise<Row[]> {
  const grants = await grantsAt(query, scope, time);
  const holders: Holders = new Map();
  // An application permission is of the application itself: a group hands it to nobody.
  for (const grant of grants.filter(isOfItself)) if (grant.kind !== "Group") offer(holders, grant);
  const handedOn = grants.filter((grant) => !isOfItself(grant));
  const plain = await withMembers(
    query,
    handedOn.filter((grant) => !isLimited(grant)),
    time,
  );
  for (const row of plain.values()) offer(holders, row);
  for (const grant of handedOn.filter(isLimited))
    for (const row of await limitedTo(query, grant, time)) offer(holders, row);
  return [...holders.values()].sort((a, b) => bytewise(String(a.id), String(b.id)));
}

const isOfItself = ({ source }: Row): boolean => source === "app-role";
const idsIn = (list: unknown): string[] => (Array.isArray(list) ? list.map(String) : []);
const isLimited = ({ together, excluded }: Row): boolean =>
  idsIn(together).length + idsIn(excluded).length > 0;

/** Grants that come down to the place, and those that come down to a copy of it and read there, as rows of their holders. */
async function grantsAt(query: Query, scope: string, time: string): Promise<Row[]> {
  const grants: Row[] = [];
  for (const place of [scope, ...(await heldAt(query, scope))]) {
    const within = new Set(await chainOf(query, place));
    const inherited = new Set(await chainOf(query, place, "INHERITS"));
    const rows = await query(
      `MATCH (p:Principal)-[g:GRANTED]->(s:Scope)
       WHERE s.id IN $ids AND (g.expires IS NULL OR g.expires > $time) AND (p.enabled IS NULL OR p.enabled)
       RETURN p.id AS id, p.name AS name, p.kind AS kind, coalesce(g.tier, 'now') AS tier, g.role AS role, g.flow AS flow,
       g.source AS source, g.together AS together, g.excluded AS excluded, s.id AS scope,
       CASE WHEN ${place === scope ? GIVES_PLAINLY : READS_PLAINLY} THEN 1 ELSE 0 END AS gives, CASE WHEN ${OPENS} THEN 1 ELSE 0 END AS opens`,
      { ids: [...new Set([...within, ...inherited])], time },
    );
    const open = await openedAt(query, [...within]);
    const holds = ({ gives, opens, scope: from }: Row): boolean =>
      Number(gives) === 1 || (Number(opens) === 1 && open.has(String(from)));
    // Lists come down where they are inherited; those of ADLS (posix) have been followed, and hold where they stand.
    const comesDown = ({ flow, scope: from }: Row): boolean =>
      from === place ||
      (flow === "containment" && within.has(String(from))) ||
      (flow === "acl" && inherited.has(String(from)));
    grants.push(
      ...rows.filter((row) => holds(row) && comesDown(row)).map((row) => ({ ...row, through: "" })),
    );
  }
  return grants;
}

const rank = (tier: unknown): number => TIERS.indexOf(tier as Tier);
const later = (a: Row, b: Row): unknown => (rank(a.tier) > rank(b.tier) ? a.tier : b.tier);
const isBetter = (row: Row, known: Row | undefined): boolean =>
  known === undefined || rank(row.tier) < rank(known.tier);
const offer = (holders: Holders, row: Row): void => {
  if (isBetter(row, holders.get(String(row.id)))) holders.set(String(row.id), row);
};

/** These holders, and whoever is in them or may be by a click. */
async function withMembers(query: Query, grants: readonly Row[], time: string): Promise<Holders> {
  const holders: Holders = new Map();
  let frontier: Holders = new Map();
  for (const grant of grants) offer(frontier, grant);
  while (frontier.size > 0) {
    for (const [id, row] of frontier) holders.set(id, row);
    const next: Holders = new Map();
    for (const row of await membersOf(query, [...frontier.keys()], time)) {
      const group = holders.get(String(row.through))!;
      const member = {
        ...row,
        ...{ role: group.role, scope: group.scope, through: String(group.name ?? group.id) },
        tier: later(row, group),
      };
      if (isBetter(member, holders.get(String(row.id)))) offer(next, member);
    }
    frontier = next;
  }
  return holders;
}

/** Who is in these groups, and who may be: eligible, or by a package. */
async function membersOf(query: Query, groups: readonly string[], time: string): Promise<Row[]> {
  const ask = (relationship: string, tier: string, condition = "true") =>
    query(
      `MATCH (m:Principal)-${relationship}->(g:Principal)
       WHERE g.id IN $groups AND (m.enabled IS NULL OR m.enabled) AND (${condition})
       RETURN m.id AS id, m.name AS name, m.kind AS kind, ${tier} AS tier, g.id AS through`,
      { groups, time },
    );
  const lasts = "e.expires IS NULL OR e.expires > $time";
  return [
    ...(await ask("[e:MEMBER_OF]", "coalesce(e.tier, 'now')", lasts)),
    ...(await ask("[e:ELIGIBLE_FOR]", "'potential'", lasts)),
    ...(await ask("[:CAN_REQUEST]->(:AccessPackage)-[:CONFERS]", "'potential'")),
  ];
}

/** Who holds a grant of ADLS lists that asks for more than one group, or leaves somebody out (docs/records-azure.md). */
async function limitedTo(query: Query, grant: Row, time: string): Promise<Row[]> {
  const needed: Holders[] = [];
  for (const id of idsIn(grant.together))
    needed.push(await withMembers(query, await enabledOne(query, id), time));
  // Whoever is in all of these is everyone, too.
  const found = grant.id === EVERYONE ? needed[0] : undefined;
  const excluded = new Set(idsIn(grant.excluded));
  return [...(found ?? (await withMembers(query, [grant], time)))]
    .filter(([id]) => !excluded.has(id) && needed.every((group) => group.has(id)))
    .map(([id, row]) => ({
      ...row,
      ...{ role: grant.role, scope: grant.scope },
      tier: needed.reduce((tier, group) => later({ tier }, group.get(id)!), later(row, grant)),
    }));
}

const enabledOne = (query: Query, id: string): Promise<Row[]> =>
  query(
    `MATCH (p:Principal) WHERE p.id = $id AND (p.enabled IS NULL OR p.enabled)
     RETURN p.id AS id, p.name AS name, p.kind AS kind, 'now' AS tier, '' AS through`,
    { id },
  );
