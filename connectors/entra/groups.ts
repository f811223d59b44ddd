import type { Page, Pass, Step, StepContext } from "../../src/connector.ts";
import type { Coverage } from "../../src/model.ts";
import { type Change, directoryId } from "../../src/schema.ts";
import { askEach, ofGroup } from "./ask.ts";
import { GROUP_MEMBERS, HIDDEN_MEMBERS } from "./needs.ts";
import {
  type DirectoryObject,
  GROUP_SELECT,
  type Group,
  groupChange,
  isHidden,
  principalRef,
} from "./principals.ts";
import { type Batch, decode, deltaOrListing, encode, remaining } from "./read.ts";

const ID = "entra.groups";

/** A row of `groups/delta`: the members of one large group are spread over several rows. */
export interface GroupDelta extends Group {
  "members@delta"?: readonly DirectoryObject[];
}

/**
 * A direct membership. Only the id of a member is sure: without a permission for its type the service
 * answers the type and nulls. https://learn.microsoft.com/graph/permissions-overview#limited-information-returned-for-inaccessible-member-objects
 */
export function membershipChange(group: string, member: DirectoryObject): Change {
  const ends = { kind: "MEMBER_OF", from: principalRef(member.id), to: principalRef(group) } as const;
  return member["@removed"] === undefined ? { put: { ...ends, props: { tier: "now" } } } : { remove: ends };
}

/** A group that hides its members and shows none: whether it has any is not known. */
const hiddenGap = (group: string): Coverage => ({
  step: ID,
  scope: directoryId(group),
  state: "denied",
  reason: "The group hides its members, and none were shown.",
  fix: `Grant the Graph application permission ${HIDDEN_MEMBERS.name}.`,
});

/**
 * Groups and their direct members in one partition: the delta names both in one answer, the listing asks for
 * the members of each group it finds. A separate step could not know which of the two was used.
 */
export function createGroups(how: "delta" | "list"): Step {
  return {
    id: ID,
    title: "Groups and their direct members",
    produces: ["Principal", "MEMBER_OF"],
    needs: [GROUP_MEMBERS, HIDDEN_MEMBERS],
    reads: [
      "GET graph /v1.0/groups/delta",
      "GET graph /v1.0/groups",
      "GET graph /beta/groups/{id}/members",
      "GET graph /v1.0/groups/{id}/members",
    ],
    // Memberships of people who are gone are told apart by what the list of people says now.
    follows: ["entra.users"],
    // A deny of a group binds whoever is in it: memberships that nobody read may take away, too.
    hides: "both",
    delta: true,
    // A group that hides its members, or refuses to tell them.
    gapsAreNodes: true,
    async *crawl(c, pass) {
      const paths = {
        delta: `/v1.0/groups/delta?$select=${GROUP_SELECT},members`,
        list: `/v1.0/groups?$select=${GROUP_SELECT}&$top=999`,
        how,
      };
      const silent = new Set(decode(pass.cursor)?.silent);
      for await (const batch of deltaOrListing<GroupDelta>(c, pass, paths))
        if (batch.variant === "list") yield* membersOf(c, batch);
        else yield await deltaPage(c, batch, pass, silent);
    },
  };
}

async function deltaPage(
  c: StepContext,
  batch: Batch<GroupDelta>,
  pass: Pass,
  silent: Set<string>,
): Promise<Page> {
  const changes: Change[] = [];
  for (const group of batch.items) {
    changes.push(groupChange(group));
    const id = directoryId(group.id);
    const members = group["@removed"] === undefined ? (group["members@delta"] ?? []) : [];
    for (const member of members) changes.push(membershipChange(group.id, member));
    if (members.length > 0 || group["@removed"] !== undefined) silent.delete(id);
    // A later row may still bring members, so it is judged at the end.
    else if (isHidden(group)) silent.add(id);
  }
  const { cursor } = batch.end;
  if (silent.size === 0) return { changes, ...batch.end };
  if (cursor === undefined) return { changes, ...batch.end, gaps: await hiddenGaps(c, pass, silent) };
  return { changes, cursor: encode({ ...decode(cursor)!, silent: [...silent] }) };
}

/** Of groups that showed no members, those of which none are known: in a delta, a change of a name shows none. */
async function hiddenGaps(c: StepContext, pass: Pass, silent: ReadonlySet<string>): Promise<Coverage[]> {
  const known = pass.mode === "delta" ? await c.targets("MEMBER_OF") : new Set();
  return [...silent].filter((id) => !known.has(id)).map(hiddenGap);
}

async function* membersOf(c: StepContext, batch: Batch<Group>): AsyncGenerator<Page> {
  const groups = remaining(batch, ({ id }) => directoryId(id));
  const asks = groups.map((group) => ({
    item: group,
    id: directoryId(group.id),
    ...ofGroup(group.id, "members", "$select=id&$top=999"),
  }));
  let nodes: Change[] = groups.map(groupChange);
  const map = (group: Group, members: readonly DirectoryObject[]) => ({
    changes: members.map((member) => membershipChange(group.id, member)),
    gaps: isHidden(group) && members.length === 0 ? [hiddenGap(group.id)] : [],
  });
  for await (const { changes, gaps, last } of askEach<Group, DirectoryObject>(c, ID, asks, map)) {
    yield {
      changes: [...nodes, ...changes],
      cursor: batch.midway(last),
      ...(gaps.length === 0 ? {} : { gaps }),
    };
    nodes = [];
  }
  if (batch.end.cursor !== undefined) yield { changes: [], ...batch.end };
}
