/**
 * From the lists above a file or directory to the places and grants of the graph (docs/records-azure.md): one derived
 * scope for each container and distinct outcome, so that files which the same people get at share one. Pure.
 */
import { createHash } from "node:crypto";
import { ACTIONS, type Action, EVERYONE, type GraphRecord } from "../../src/schema.ts";
import {
  type AccessList,
  type Clause,
  clauseOf,
  EXECUTE,
  type Holder,
  holdersOf,
  ownersOnly,
  READ,
  WRITE,
} from "./acl.ts";
import { everyone } from "./everyone.ts";
import { within } from "./scopes.ts";

/** What stands on the way to a file or directory, root first; undefined where a list was not read. */
export interface AclPlace {
  above: readonly (AccessList | undefined)[];
  self: AccessList | undefined;
  directory: boolean;
}

/** A holder with all that it may do. */
interface AclGrant extends Holder {
  actions: ReadonlySet<Action>;
  /** False if a list that could take it away was not read. */
  read: boolean;
}

/** A derived scope without its container. */
export interface Outcome {
  /** The same for the same grants, whatever file they were found on. */
  hash: string;
  grants: readonly AclGrant[];
}

/**
 * Who may do what by access lists alone: execute on every directory above, then the permission itself. Listing,
 * adding and deleting are permissions of the directory. Undefined if the list itself was not read.
 */
export function outcomeOf({ above, self, directory }: AclPlace): Outcome | undefined {
  if (self === undefined) return undefined;
  const parent = above.at(-1);
  const complete = above.every((list) => list !== undefined);
  const way = above.flatMap((list) => (list === undefined ? [] : [clauseOf(list, EXECUTE)]));
  const inside = (list: AccessList, want: number): readonly Clause[] => [clauseOf(list, want + EXECUTE)];
  const needs: [Action, readonly Clause[]][] = [["setAcl", [ownersOnly(self)]]];
  if (directory) needs.push(["see", inside(self, READ)], ["add", inside(self, WRITE)]);
  else {
    needs.push(["read", [clauseOf(self, READ)]], ["write", [clauseOf(self, WRITE)]]);
    // An unread parent may let anybody list and delete: nothing is said of that, but that it was not read.
    if (parent !== undefined)
      needs.push(
        ["see", inside(parent, READ)],
        ["add", inside(parent, WRITE)],
        ["delete", [...inside(parent, WRITE), ...(parent.sticky ? [ownersOnly(self, parent)] : [])]],
      );
  }
  const grants = new Map<string, AclGrant & { actions: Set<Action> }>();
  for (const [action, clauses] of needs)
    for (const holder of holdersOf([...way, ...clauses])) {
      const key = JSON.stringify(holder);
      const known = grants.get(key);
      if (known === undefined) grants.set(key, { ...holder, actions: new Set([action]), read: complete });
      else known.actions.add(action);
    }
  const keys = [...grants.keys()].sort();
  const sorted = keys.map((key) => grants.get(key)!);
  const said = sorted.map(({ actions }, at) => [keys[at], ACTIONS.filter((action) => actions.has(action))]);
  return { hash: digest([complete, said]), grants: sorted };
}

const digest = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);

/** Id of the derived scope of an outcome; where lists give nobody anything, what holds it: container or path set. */
export const aclScopeId = (container: string, { hash, grants }: Outcome): string =>
  grants.length === 0 ? container : `${container}/acl:${hash}`;

/** A derived scope with its grants. None where lists give nobody anything. */
export function aclRecords(container: string, outcome: Outcome): GraphRecord[] {
  const id = aclScopeId(container, outcome);
  if (id === container) return [];
  const name = `${container.slice(container.lastIndexOf("/") + 1)}, access list ${outcome.hash.slice(0, 8)}`;
  const records: GraphRecord[] = [
    { kind: "Scope", id, props: { kind: "AccessList", plane: "azure", name } },
    within(id, container),
  ];
  if (outcome.grants.some((grant) => grant.id === undefined)) records.push(everyone());
  for (const grant of outcome.grants) {
    const { together, excluded, actions } = grant;
    const exact = grant.read && !grant.upperBound;
    records.push({
      kind: "GRANTED",
      from: { kind: "Principal", id: grant.id ?? EVERYONE },
      to: { kind: "Scope", id },
      props: {
        key: `acl:${digest([together, excluded, grant.upperBound])}`,
        ...Object.fromEntries(ACTIONS.map((action) => [action, actions.has(action)])),
        flow: "posix",
        source: "acl",
        role: "access list",
        tier: "now",
        certainty: exact ? "exact" : "upper-bound",
        ...(exact ? {} : { reason_code: grant.read ? "acl-many-ways" : "acl-unread" }),
        ...(together.length > 0 ? { together: [...together] } : {}),
        ...(excluded.length > 0 ? { excluded: [...excluded] } : {}),
      },
    });
  }
  return records;
}
