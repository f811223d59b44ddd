/** Ids that a file of changes names and of which nothing is known. */
import { properties } from "../graph/generate.ts";
import type { GraphStore } from "../graph/store.ts";
import type { ImportLine } from "../keep/inventory.ts";
import { ALWAYS, sayStrangers } from "../keep/inventory-strangers.ts";
import { isNodeKind, type NodeKind, type NodeRecord, type NodeRef, type RelRecord } from "../schema.ts";

/** As which a consent names all users. */
const ALL_USERS = "*";

/** How a file speaks of a node that it does not put. */
interface Mention {
  kind: NodeKind;
  id: string;
  from: boolean;
  to: boolean;
  /** It goes, or a property has it: neither makes anything of it. */
  mustBeKnown: boolean;
}

export class NamedIds {
  readonly #put = new Set<string>();
  readonly #mentions = new Map<string, Mention>();

  note(line: ImportLine): void {
    if ("coverage" in line) return;
    const removed = "remove" in line;
    const record = removed ? line.remove : line.put;
    if ("from" in record) {
      this.#mention(record.from, removed ? "mustBeKnown" : "from");
      this.#mention(record.to, removed ? "mustBeKnown" : "to");
      for (const id of removed ? [] : namedIn(line.put))
        this.#mention({ kind: "Principal", id }, "mustBeKnown");
    } else if (!isNodeKind(record.kind)) return;
    else if (removed) this.#mention({ kind: record.kind, id: record.id }, "mustBeKnown");
    else this.#put.add(keyOf(record.kind, record.id));
  }

  #mention({ kind, id }: NodeRef, how: "from" | "to" | "mustBeKnown"): void {
    if (id === undefined || ALWAYS.has(id)) return;
    const key = keyOf(kind, id);
    const known = this.#mentions.get(key) ?? { kind, id, from: false, to: false, mustBeKnown: false };
    known[how] = true;
    this.#mentions.set(key, known);
  }

  /**
   * Asked of the graph without the changes: why an answer with them is not complete; undefined if every id is known. An id
   * that relationships of the file lead to and away from is a link that the file makes, and needs no record of its own.
   */
  async gap(query: GraphStore["query"]): Promise<{ reason: string; fix: string } | undefined> {
    const open = [...this.#mentions].filter(
      ([key, { from, to, mustBeKnown }]) => !this.#put.has(key) && (mustBeKnown || from !== to),
    );
    const known = new Set<string>();
    for (const kind of new Set(open.map(([, mention]) => mention.kind))) {
      const ids = open.flatMap(([, mention]) => (mention.kind === kind ? [mention.id] : []));
      for (const row of await query(
        `UNWIND $ids AS id MATCH (n:${kind}) WHERE n.id = id RETURN DISTINCT n.id AS id`,
        { ids },
      ))
        known.add(keyOf(kind, String(row.id)));
    }
    const names = open.flatMap(([key, { kind, id }]) => (known.has(key) ? [] : [`${kind} "${id}"`]));
    return sayStrangers({ count: names.length, named: names });
  }
}

/** Ids of principals in properties. */
function namedIn({ kind, props = {} }: NodeRecord | RelRecord): string[] {
  const naming = properties(kind).flatMap(({ name, ids }) => (ids === true ? [name] : []));
  return Object.entries(props)
    .flatMap(([name, value]: [string, unknown]) => (naming.includes(name) ? [value].flat() : []))
    .flatMap((id) => (typeof id === "string" && id !== ALL_USERS ? [id] : []));
}

const keyOf = (kind: NodeKind, id: string): string => `${kind}\n${id}`;
