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

/**
 * Parts that were not read completely at a place, above it, or where copies of it are. A part that is no place of the graph
 * (a group whose members are hidden, what nobody listed) may hide access to any place.
 */
export async function gapsAt(source: GapSource, scope: string): Promise<Unread[]> {
  const parts = unreadParts(source);
  if (parts.length === 0) return [];
  const places = new Set<string>();
  for (const place of [scope, ...(await source.copies(scope))])
    for (const id of await source.above(place)) places.add(id);
  const others = [...new Set(parts.map((part) => part.scope))].filter((id) => id !== "" && !places.has(id));
  const known = await knownAs(source.ask, "Scope", others);
  return parts.filter(
    ({ scope: part }) => part === "" || places.has(part) || (!known.has(part) && mayHold(part, places)),
  );
}

/** What lies in a subscription is told by its path. */
const mayHold = (part: string, places: ReadonlySet<string>): boolean =>
  !part.startsWith("/subscriptions/") || [...places].some((place) => place.startsWith(`${part}/`));

export const stepsOf = (parts: readonly Unread[]): string[] => [...new Set(parts.map(({ step }) => step))];

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
