/** Which parts that were not read completely concern a question. */
import type { Connector } from "../connector.ts";
import type { GraphStore } from "../graph/store.ts";
import type { GraphMeta } from "../keep/meta.ts";
import type { Kind } from "../schema.ts";
import { eachOrAll } from "./links.ts";

export type Unread = GraphMeta["coverage"][number];

/** Where gaps are looked up. */
export interface GapSource {
  meta: Pick<GraphMeta, "coverage">;
  brings: Brings;
  ask: GraphStore["query"];
  /** A place and what contains it. */
  above(scope: string): Promise<readonly string[]>;
  /** Places that hold a copy of it. */
  copies(scope: string): Promise<readonly string[]>;
}

export const unreadParts = ({ meta }: Pick<GapSource, "meta">): Unread[] =>
  meta.coverage.filter(({ state }) => state !== "complete");

/** What a step, or the step of a part, brings; undefined: an import may bring anything. */
export type Brings = (step: string) => ReadonlySet<Kind> | undefined;

export function bringsOf(connectors: readonly Connector[]): Brings {
  const known = new Map<string, ReadonlySet<Kind>>();
  for (const { id, parts, produces } of connectors.flatMap(({ steps }) => steps))
    for (const named of [id, ...(parts ?? []).map((part) => part.id)]) known.set(named, new Set(produces));
  return (step) => known.get(step);
}

/** Of these ids those that are nodes of a kind. */
export async function knownAs(
  ask: GraphStore["query"],
  kind: "Scope" | "Principal",
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await eachOrAll(ask, ids, (is) => `MATCH (n:${kind}) WHERE ${is("n.id")} RETURN n.id AS id`);
  return new Set(rows.map(({ id }) => String(id)));
}

/** Parts that were not read completely and may hide access to a place. */
export interface PlaceGaps {
  /** At it, above it, where copies of it are, or of no place of the graph (a group whose members are hidden, what nobody listed). */
  here: readonly Unread[];
  /** At other places: somebody may become an identity there, and that may hold anything anywhere. */
  elsewhere: readonly Unread[];
}

/** `inside`: places in it that are asked about as well. */
export async function gapsAt(
  source: GapSource,
  scope: string,
  inside: readonly string[] = [],
): Promise<PlaceGaps> {
  const parts = unreadParts(source);
  if (parts.length === 0) return { here: [], elsewhere: [] };
  const places = new Set<string>(inside);
  for (const place of [scope, ...(await source.copies(scope))])
    for (const id of await source.above(place)) places.add(id);
  const others = [...new Set(parts.map((part) => part.scope))].filter((id) => id !== "" && !places.has(id));
  const known = await knownAs(source.ask, "Scope", others);
  const isHere = ({ scope: part }: Unread): boolean =>
    part === "" || places.has(part) || (!known.has(part) && mayHold(part, places));
  return {
    here: parts.filter(isHere),
    elsewhere: await withIdentities(
      source,
      parts.filter((part) => !isHere(part)),
    ),
  };
}

/** What lies in a subscription is told by its path. */
const mayHold = (part: string, places: ReadonlySet<string>): boolean =>
  !part.startsWith("/subscriptions/") || [...places].some((place) => place.startsWith(`${part}/`));

/** Of these parts those that may hide who can act as the identity of a host there: only where there is one, or may be. */
async function withIdentities({ ask, brings }: GapSource, parts: readonly Unread[]): Promise<Unread[]> {
  const hiding = (kind: Kind): Unread[] =>
    parts.filter(({ step, hides }) => hides !== "denies" && brings(step)?.has(kind) === true);
  const [hosts, controls] = [hiding("RUNS_AS"), hiding("CONTROLS")];
  if (controls.length === 0) return hosts;
  const rows = await ask("MATCH (h:Scope)-[:RUNS_AS]->(:Principal) RETURN DISTINCT h.id AS id");
  const places = [...hosts.map(({ scope }) => scope), ...rows.map(({ id }) => String(id))];
  const mayHost = ({ scope }: Unread): boolean => places.some((id) => isAtOrIn(id, scope));
  return parts.filter((part) => hosts.includes(part) || (controls.includes(part) && mayHost(part)));
}
const isAtOrIn = (id: string, part: string): boolean =>
  id === part || id.startsWith(part.endsWith("/") ? part : `${part}/`);

export const stepsOf = (parts: readonly Unread[]): string[] => [...new Set(parts.map(({ step }) => step))];

/** What an answer about a place says of parts that may hide access to it; empty if there are none. */
export const sayGaps = ({ here, elsewhere }: PlaceGaps, where: "here" | "there"): string =>
  sayUnread(here, ` ${where}`) +
  (elsewhere.length === 0
    ? ""
    : `Not read completely elsewhere: ${stepsOf(elsewhere).join(", ")}. Whoever could become an identity there may get ${where} with it: unknown, not excluded.\n`);

/** What an answer says of them; empty if there are none. An answer that lists nobody is unknown then, never no. */
export function sayUnread(parts: readonly Unread[], where: string): string {
  if (parts.length === 0) return "";
  const hidden = new Set(parts.map(({ hides }) => hides));
  const meaning =
    hidden.has("grants") || hidden.has("both")
      ? "Agents that are not listed are unknown, not excluded."
      : hidden.has("denies")
        ? "It can only take access away: what is listed is an upper bound."
        : "It changes nobody's access, but what of it may be used is not known.";
  return `Not read completely${where}: ${stepsOf(parts).join(", ")}. ${meaning}\n`;
}
