/** Answers from the graph: reach rows with their witness in words, sorted by key. Reads only what is published. */

import type { GraphStore } from "../graph/store.ts";
import type { GraphMeta } from "../keep/meta.ts";
import { ConfigError, type CoverageState, type Row, WORST_FIRST } from "../model.ts";
import { meantBy } from "../nearest.ts";
import { expanded } from "./expand.ts";
import { agentsAtPlaces, eachOrAll, textOf as text } from "./links.ts";
import { isInAnyMode, liesNowhere, NOWHERE } from "./nowhere.ts";
import { type Decoder, type PathStep, sayPath, type Witness } from "./paths.ts";
import type { ReachRow } from "./reach-row.ts";
import { reasonInWords } from "./reasons.ts";
import { type Any, rowsNowhere, rowsOf, withCounts } from "./rows.ts";
import { chainOf, createColumns, treeBelow } from "./tree.ts";
import { createUse, type Use, unreadLabels } from "./use.ts";

export interface ReachRequest {
  /** Ids of agents; absent: all. */
  agents?: readonly string[];
  /** Only rows that cover this scope, from above too, and those of which nobody knows where they lie. */
  scope?: string;
  /** With a scope: rows at these places as well. */
  inside?: ReadonlySet<string>;
  tiers?: readonly string[];
  modes?: readonly string[];
  /** A row for every place below a row that includes it. */
  expand?: boolean;
}

type Query = GraphStore["query"];

/** So many agents are asked about at a time: memory does not grow with their number. */
const AGENTS_AT_ONCE = 100;
/** In a tree of so many scopes, what some agents reach fits memory. */
const SMALL_TREE = 20_000;
/** For more agents than these the tree of scopes is read as a whole. */
const MANY_AGENTS = 5;
/** So many rows are completed at a time. */
const ROWS_AT_ONCE = 2_000;

/** Rows in the order of their key: tenant, agent, mode, via, scope, tier; bytewise. */
export async function* reachRows(
  query: Query,
  meta: GraphMeta,
  decoder: Decoder,
  request: ReachRequest = {},
): AsyncGenerator<ReachRow> {
  const above = request.scope === undefined ? undefined : await chainOf(query, request.scope);
  const { inside } = request;
  // More places than one: an agent's rows are read as a whole, and what was not asked about is left out.
  const chain = inside === undefined ? above : undefined;
  const { counted, usesOf, any, nowhere } = sameForAll(query, meta);
  const elsewhere = request.scope === undefined || liesNowhere(request.scope) ? NONE : await nowhere();
  const sorted = [
    ...(request.agents ?? (await agentsAt(query, above, [...(inside ?? []), ...elsewhere]))),
  ].sort(bytewise);
  const wants = (row: Row): boolean =>
    (request.tiers === undefined || request.tiers.includes(String(row.tier))) &&
    (request.modes === undefined || request.modes.includes(String(row.mode)) || isInAnyMode(row)) &&
    (above === undefined ||
      elsewhere.has(String(row.scope_id)) ||
      row.scope_id === request.scope ||
      inside?.has(String(row.scope_id)) === true ||
      (row.subtree === true && above.includes(String(row.scope_id))));
  // For many agents the tree is read once.
  const forest =
    request.expand === true && chain === undefined && sorted.length > MANY_AGENTS
      ? await treeBelow(query, undefined)
      : undefined;
  // What lies below one agent's rows may be the whole tenant; with a place, that one is all.
  const few = forest !== undefined && forest.size < SMALL_TREE ? 10 : 1;
  const atOnce = request.expand === true && chain === undefined ? few : AGENTS_AT_ONCE;
  const columns = createColumns(query);
  for (let i = 0; i < sorted.length; i += atOnce) {
    const some = sorted.slice(i, i + atOnce);
    const [found, lost, owners] = await Promise.all([
      rowsOf(query, some, chain),
      chain === undefined || elsewhere.size === 0 ? [] : rowsNowhere(query, some),
      ownersOf(query, some),
    ]);
    const raw = [...found, ...lost];
    const shown = (row: Row): boolean => row.absorbed !== true && wants(row);
    const wanted =
      request.expand === true
        ? [
            ...(await expanded(query, await withCounts(query, some, found, any, true), chain, forest)),
            ...lost.filter(shown),
          ].filter(wants)
        : await withCounts(query, some, raw.filter(shown), any, false);
    wanted.sort(byKey);
    for (let from = 0; from < wanted.length; from += ROWS_AT_ONCE) {
      const part = wanted.slice(from, from + ROWS_AT_ONCE);
      const inheriting = part.flatMap((row) => (row.inherits === true ? [String(row.scope_id)] : []));
      const [said, paths] = await Promise.all([columns(inheriting), decoder(part.map(witnessOf))]);
      const full = part.map((row) => {
        const there = row.inherits === true ? below(row, said.get(String(row.scope_id))) : row;
        return request.expand === true ? { ...there, ...readableOf(there) } : there;
      });
      const uses = await usesOf(full);
      for (const [index, row] of full.entries()) {
        const whole = await counted(text(row.plane));
        yield finish(row, paths[index]!, uses[index]!, meta, owners, whole);
      }
    }
  }
}

/**
 * A row as it holds at a place below its own. What was not read elsewhere below its own place is no concern of that one: a
 * row that nothing else makes an upper bound is exact there.
 */
function below(row: Row, place: Row | undefined): Row {
  if (row.unread !== true || Number(place?.gap_denies ?? 0) > 0) return { ...row, ...place };
  const said = row.reason_code === "denies-unread" ? { reason_code: null } : {};
  return { ...row, ...place, certainty: "exact", ...said };
}

/** Of a row for one place that may be read: what lies there is read by it, and nothing else counts it. */
const readableOf = ({ items, sensitive, unlabeled_sensitive }: Row): Row => ({
  readable_items: items,
  readable_sensitive: sensitive,
  readable_unlabeled_sensitive: unlabeled_sensitive,
});

/** All agents; with a chain, those with rows at its places, or at these. */
async function agentsAt(
  query: Query,
  chain: readonly string[] | undefined,
  also: readonly string[],
): Promise<ReadonlySet<string>> {
  if (chain === undefined) return idsOf(await query("MATCH (a:Agent) RETURN a.id AS id"));
  const covering = await eachOrAll(
    query,
    chain,
    (is) => `MATCH (a:Agent)-[:CAN_REACH]->(s:Scope) WHERE ${is("s.id")} RETURN DISTINCT a.id AS id`,
  );
  return new Set([...idsOf(covering), ...(await agentsAtPlaces(query, also))]);
}
const NONE: ReadonlySet<string> = new Set();
const idsOf = (rows: readonly Row[]): Set<string> => new Set(rows.map(({ id }) => String(id)));

/**
 * What no question changes, asked once a store: planes in which items were listed, guarded labels, whether there are gaps
 * and copies, and places that may be any.
 */
const createShared = (query: Query, meta: GraphMeta) => {
  const once = <T>(cypher: string, of: (rows: Row[]) => T): (() => Promise<T>) => {
    let found: Promise<T> | undefined;
    return () => {
      found ??= query(cypher).then(of);
      return found;
    };
  };
  const isThere = (rows: Row[]): boolean => rows.length > 0;
  const any: Any = {
    gaps: once("MATCH (s:Scope)-[b:BLIND]->(:Scope) RETURN b.rank AS found LIMIT 1", isThere),
    copies: once("MATCH (:Agent)-[c:READS_COPY]->(:Scope) RETURN c.copy AS found LIMIT 1", isThere),
  };
  const nowhere = once(`MATCH (s:Scope) WHERE ${NOWHERE} RETURN s.id AS id`, idsOf);
  return { counted: countedPlanes(query), usesOf: createUse(query, unreadLabels(meta)), any, nowhere };
};
const SHARED = new WeakMap<Query, ReturnType<typeof createShared>>();
function sameForAll(query: Query, meta: GraphMeta): ReturnType<typeof createShared> {
  const found = SHARED.get(query) ?? createShared(query, meta);
  SHARED.set(query, found);
  return found;
}

const witnessOf = (row: Row): Witness => ({
  agent: String(row.agent_id),
  self: { id: text(row.agent_id), name: text(row.agent_name), kind: text(row.agent_kind) },
  mode: String(row.mode),
  via: text(row.via),
  person: text(row.person),
  tier: String(row.tier),
  hops: Number(row.hops),
  steps: Number(row.steps),
  grant: count(row.grant),
  regrant: row.regrant === true,
  scope: String(row.scope_id),
  ...(typeof row.copy === "string" ? { copy: { place: row.copy, embedded: row.embedded === true } } : {}),
  ...(row.inherits === true
    ? {}
    : { place: { id: text(row.scope_id), name: text(row.scope_name), kind: text(row.scope_kind) } }),
});

/** Strings compare by code unit in JavaScript and by byte in the law: they differ beyond the basic plane. */
export const bytewise = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

const byKey = (a: Row, b: Row): number =>
  bytewise(String(a.agent_id), String(b.agent_id)) ||
  bytewise(String(a.mode), String(b.mode)) ||
  bytewise(text(a.via), text(b.via)) ||
  bytewise(String(a.scope_id), String(b.scope_id)) ||
  bytewise(String(a.tier), String(b.tier));

const STATES: readonly CoverageState[] = [
  "complete",
  "not-modelled",
  "skipped",
  "partial",
  "denied",
  "failed",
];
const right = (value: unknown): "yes" | "no" | "unknown" =>
  value === true ? "yes" : value === false ? "no" : "unknown";
const count = (value: unknown): number | null =>
  value === null || value === undefined ? null : Number(value);

function finish(
  row: Row,
  path: readonly PathStep[],
  use: Use,
  meta: GraphMeta,
  owners: ReadonlyMap<string, string>,
  counted: boolean,
): ReachRow {
  const listed = STATES[Number(row.gap_rank ?? 0)] === "complete";
  const ofUse = (use.unread ?? []).map(({ state }) => STATES.indexOf(state));
  const completeness = STATES[Math.max(Number(row.gap_rank ?? 0), Number(row.copy_gap_rank ?? 0), ...ofUse)]!;
  const gapSteps = [row.gap_steps, row.copy_gap_steps, use.unread?.map(({ step }) => step)].flatMap(
    (steps) => (Array.isArray(steps) ? steps.map(String) : []),
  );
  const whole = count(row.items) !== null || (counted && listed);
  const number = (value: unknown): number | null => count(value) ?? (whole ? 0 : null);
  const share = (value: unknown): number | null =>
    !whole ? null : row.top === true ? (count(value) ?? 0) : 0;
  const portion = (value: number | null): number | null => (value === null ? null : share(value));
  const mayRead = right(row.read);
  // Where nobody knows whether it reads, nobody knows how much: that is not zero.
  const read = (value: unknown): number | null =>
    !whole || mayRead === "unknown" ? null : mayRead === "no" ? 0 : (count(value) ?? 0);
  const grant = path.find((step) => step.grant !== undefined)?.grant;
  const code = text(row.reason_code);
  return {
    tenant_id: meta.tenant,
    agent_id: text(row.agent_id),
    agent_name: text(row.agent_name),
    agent_owner: owners.get(text(row.agent_id)) ?? "",
    platform: text(row.platform),
    estate: text(row.estate) as ReachRow["estate"],
    mode: text(row.mode) as ReachRow["mode"],
    principal_id: path.find((step) => step.via === "ACTS_AS")?.id ?? "",
    via: text(row.via),
    scope_id: text(row.scope_id),
    scope_name: text(row.scope_name),
    scope_url: text(row.scope_url),
    scope_kind: text(row.scope_kind),
    scope_owner: text(row.scope_owner),
    plane: text(row.plane),
    covers: row.scope_kind === "Class" ? "class" : row.subtree === true ? "subtree" : "scope",
    discover: right(row.discover),
    read: mayRead,
    write: right(row.write),
    manage: right(row.manage),
    use: use.use,
    tier: text(row.tier) as ReachRow["tier"],
    steps: row.tier === "latent" ? Number(row.hops) : null,
    certainty: text(row.certainty) as ReachRow["certainty"],
    reason_code: code,
    reason: reasonInWords(code, grant?.residual),
    grant_id: grant?.id ?? "",
    expires: grant?.expires ?? "",
    audience_count: null,
    worst_user: "",
    gainers: null,
    items: share(row.items),
    total_items: number(row.items),
    labeled: share(row.labeled),
    unlabeled: share(row.unlabeled),
    label_unknown: share(row.label_unknown),
    sensitive: share(row.sensitive),
    unlabeled_sensitive: share(row.unlabeled_sensitive),
    not_inspected: share(row.not_inspected),
    usable: portion(use.usable),
    cite_only: portion(use.cite_only),
    bytes_only: portion(use.bytes_only),
    top_label: text(row.top_label).slice(6),
    logged: "unknown",
    last_seen_used: "",
    path: sayPath(path),
    path_json: JSON.stringify(path),
    completeness,
    gap_steps: [...new Set(gapSteps)].sort(bytewise).join("; "),
    observed_from: meta.observedFrom,
    observed_to: meta.observedTo,
    snapshot: meta.snapshot,
    readable_items: read(row.readable_items),
    readable_sensitive: read(row.readable_sensitive),
    readable_unlabeled_sensitive: read(row.readable_unlabeled_sensitive),
    people_reason: "",
  };
}

/** Whether some items of a plane were listed; elsewhere nobody counted, which is not zero. Asked once a plane. */
function countedPlanes(query: Query): (plane: string) => Promise<boolean> {
  const known = new Map<string, Promise<boolean>>();
  const ask = async (plane: string) =>
    (
      await query(
        "MATCH (s:Scope)-[t:TALLY]->(s) WHERE s.plane = $plane AND t.below <> 1 RETURN t.below AS found LIMIT 1",
        { plane },
      )
    ).length > 0;
  return (plane) => {
    const found = known.get(plane) ?? ask(plane);
    known.set(plane, found);
    return found;
  };
}

async function ownersOf(query: Query, agents: readonly string[]): Promise<Map<string, string>> {
  const answering = (relationships: string, of: string) =>
    eachOrAll(
      query,
      agents,
      (is) =>
        `MATCH (p:Principal)-[:${relationships}]->(n:${of}) WHERE ${is("n.id")} RETURN n.id AS id, p.name AS name, p.id AS owner`,
    );
  const [ofAgents, ofPrincipals, told] = await Promise.all([
    answering("SPONSORS|OWNS", "Agent"),
    answering("OWNS", "Principal"),
    eachOrAll(
      query,
      agents,
      (is) =>
        `MATCH (n:Agent) WHERE ${is("n.id")} AND n.owner IS NOT NULL RETURN n.id AS id, n.owner AS owner`,
    ),
  ]);
  const names = new Map<string, Set<string>>();
  const add = (id: string, name: string) => names.set(id, (names.get(id) ?? new Set()).add(name));
  for (const row of [...ofAgents, ...ofPrincipals]) add(text(row.id), text(row.name) || text(row.owner));
  // Catalogs name people who are no records of the directory.
  for (const row of told)
    for (const name of text(row.owner).split(";")) if (name.trim() !== "") add(text(row.id), name.trim());
  return new Map([...names].map(([id, set]) => [id, [...set].sort(bytewise).join("; ")]));
}

/** Ids of the agents that a person means: an id, a name, or a glob. Throws ConfigError with the candidates. */
export async function findAgents(query: Query, wanted: string): Promise<string[]> {
  return findNodes(query, "Agent", wanted);
}

export async function findNodes(
  query: Query,
  kind: "Agent" | "Scope",
  wanted: string,
  many = true,
): Promise<string[]> {
  const ids = new Set([wanted, wanted.toLowerCase().replace(/(?<=.)\/+$/, "")]);
  const [exact] = await eachOrAll(
    query,
    [...ids],
    (is) => `MATCH (n:${kind}) WHERE ${is("n.id")} RETURN n.id AS id`,
  );
  if (exact !== undefined) return [String(exact.id)];
  const glob = /[*?]/.test(wanted);
  const rows = await query(`MATCH (n:${kind}) RETURN n.id AS id, n.name AS name, n.kind AS kind`);
  const pattern = globOf(wanted);
  const found = rows.filter((row) => pattern.test(text(row.name)) || (glob && pattern.test(text(row.id))));
  const word = kind === "Agent" ? "agent" : "scope";
  if (found.length === 0)
    throw notCalled(
      word,
      wanted,
      rows.map((row) => text(row.name)),
      `forereach query "MATCH (n:${kind}) RETURN n.id, n.name LIMIT 20" lists some`,
    );
  if (found.length > 1 && !(glob && many)) {
    const list = found.map((row) => `${text(row.id)}  ${text(row.name)} (${text(row.kind)})`);
    throw ambiguous(word, wanted, list);
  }
  return found.map((row) => String(row.id)).sort(bytewise);
}

export const isNotFound = (error: unknown): boolean =>
  error instanceof ConfigError && error.code === "not-found";

/**
 * What to say where nothing has this name, but not everything was read: a part that is called so was refused, or what was
 * not read may bear it. Else the error itself.
 */
export function notFoundIn(coverage: readonly CoverageLine[], wanted: string, error: unknown): unknown {
  if (!isNotFound(error)) return error;
  const { message, fix } = error as ConfigError;
  const unread = coverage.filter(({ state }) => state !== "complete");
  if (unread.length === 0) return error;
  const name = wanted.toLowerCase().replace(/\/+$/, "");
  const called = unread.filter(({ scope }) =>
    [scope, scope.slice(scope.lastIndexOf("/") + 1)].some((one) => name !== "" && one.toLowerCase() === name),
  );
  const steps = [...new Set(called.map(({ step }) => step))];
  const [said, next] =
    called.length > 0
      ? [
          `"${wanted}" was not read (${steps.join(", ")}): who gets there is unknown, not nobody`,
          "forereach coverage says what to grant",
        ]
      : [`${message}\nNot everything was read, so something may be called so (forereach coverage).`, fix];
  return new ConfigError("not-found", said, next, { cause: error });
}
type CoverageLine = { step: string; scope: string; state: CoverageState };

/** A place that was asked about, and the item that was named, if it was one: the place protects it. */
export interface FoundPlace {
  scope: string;
  item?: { id: string; name: string; place: string };
}

/**
 * The item with this id, name or path, and the place that protects it; undefined if there is none. Throws ConfigError with
 * the candidates.
 */
export async function findItem(query: Query, wanted: string): Promise<FoundPlace | undefined> {
  const protectedItems = (is: string, value: string) =>
    query(
      `MATCH (i:Item)-[:PROTECTED_BY]->(s:Scope) WHERE ${is}
       RETURN DISTINCT i.id AS id, i.name AS name, i.path AS path, s.id AS scope, s.name AS place ORDER BY id, scope`,
      { value },
    );
  let rows = await protectedItems("i.id = $value", wanted);
  if (rows.length === 0)
    rows = await protectedItems("toLower(i.name) = $value OR toLower(i.path) = $value", wanted.toLowerCase());
  const [row] = rows;
  if (row === undefined) return undefined;
  if (rows.length > 1)
    throw ambiguous(
      "item",
      wanted,
      rows.map(
        (one) =>
          `${text(one.id)}  ${text(one.path) || text(one.name)} (in ${text(one.place) || text(one.scope)})`,
      ),
    );
  const scope = text(row.scope);
  const item = { id: text(row.id), name: text(row.name) || text(row.id), place: text(row.place) || scope };
  return { scope, item };
}

/** So many candidates are named. */
const CANDIDATES = 10;
const candidates = (list: readonly string[]): string =>
  [
    ...list.slice(0, CANDIDATES).map((one) => `\n  ${one}`),
    ...(list.length > CANDIDATES ? ["\n  …"] : []),
  ].join("");

/** Nothing has this name; those that it may be short for, or a slip of, are named. */
export function notCalled(
  word: string,
  wanted: string,
  names: readonly string[],
  otherwise: string,
): ConfigError {
  const said = `no ${word} is called "${wanted}"`;
  const meant = meantBy(wanted, names);
  return meant.length === 0
    ? new ConfigError("not-found", said, otherwise)
    : new ConfigError(
        "not-found",
        `${said}; did you mean${meant.length === 1 ? "" : ` one of ${meant.length}`}:${candidates(meant)}`,
        "give a whole name or an id",
      );
}

/** Several have this name. */
export const ambiguous = (word: string, wanted: string, list: readonly string[]): ConfigError =>
  new ConfigError("ambiguous", `"${wanted}" fits ${list.length} ${word}s:${candidates(list)}`, "give the id");

/** `*` and `?` as in a shell; case does not matter. */
export const globOf = (wanted: string): RegExp =>
  new RegExp(
    `^${wanted
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
    "i",
  );

export const worstOf = (states: Iterable<CoverageState>): CoverageState => {
  const seen = new Set(states);
  return WORST_FIRST.find((state) => seen.has(state)) ?? "complete";
};
