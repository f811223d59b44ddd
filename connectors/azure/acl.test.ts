import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AccessList,
  AclSyntaxError,
  clauseOf,
  EXECUTE,
  type Holder,
  holdersOf,
  parseAcl,
  READ,
  WRITE,
} from "./acl.ts";
import { aclRecords, aclScopeId, outcomeOf } from "./acl-grants.ts";

const list = (acl: string, more: { owner?: string; group?: string; permissions?: string } = {}): AccessList =>
  parseAcl({ acl, owner: "$superuser", group: "$superuser", ...more });

interface Who {
  id: string;
  groups: ReadonlySet<string>;
}

/** The order of the vendor's page once more, for one identity and one list. */
function permits(acl: AccessList, want: number, who: Who): boolean {
  const mask = acl.mask ?? 7;
  const covers = (bits: number) => (bits & want) === want;
  if (acl.owner === who.id) return covers(acl.ofOwner);
  const named = acl.users.get(who.id);
  if (named !== undefined) return covers(named & mask);
  for (const group of who.groups) {
    const bits = acl.groups.get(group);
    if (bits !== undefined && covers(bits & mask)) return true;
    if (group === acl.owningGroup && covers(acl.ofOwningGroup & mask)) return true;
  }
  return covers(acl.other & mask);
}

/** What a rule makes of holders: in the closure, which holds the identity, with all of the others, and not excluded. */
const holds = (holders: readonly Holder[], { id, groups }: Who): boolean =>
  holders.some(
    (holder) =>
      [holder.id ?? id, ...holder.together].every((one) => one === id || groups.has(one)) &&
      !holder.excluded.includes(id),
  );

describe("an access list", () => {
  it("is read with its owner, named entries and mask, without regard to the default list", () => {
    const acl = list("user::rwx,user:U1:r-x,group::r--,group:G1:-w-,mask::r-x,other::--x,default:user::---", {
      owner: "O1",
      group: "$superuser",
      permissions: "rwxr-x--t+",
    });
    expect(acl).toEqual({
      ...{
        owner: "o1",
        owningGroup: undefined,
        ofOwner: 7,
        ofOwningGroup: 4,
        mask: 5,
        other: 1,
        sticky: true,
      },
      users: new Map([["u1", 5]]),
      groups: new Map([["g1", 2]]),
    });
  });

  it.each([
    "",
    "user::rwx",
    "user::rwx,group::r-x",
    "user::rwx,group::r-x,other::rw",
    "user::rwx,group::r-x,other::r-x,user:a:rwx,user:A:---",
    "user::rwx,user::rwx,group::r-x,other::r-x",
    "user::rwx,group::r-x,other:x:r-x",
    "owner::rwx,group::r-x,other::r-x",
    `${"user:a:rwx,".repeat(10_000)}user::rwx,group::r-x,other::r-x`,
  ])("that is none is refused, never taken for empty: %.40s", (text) => {
    expect(() => list(text)).toThrow(AclSyntaxError);
  });

  it.each([
    [{}, undefined, undefined, false],
    [{ owner: "", group: "", permissions: "" }, undefined, undefined, false],
    [{ owner: "$SuperUser", group: "$superuser", permissions: "rwxr-xr-x" }, undefined, undefined, false],
    [{ owner: "O1", group: "G1", permissions: "rwxr-x--T" }, "o1", "g1", true],
  ] as const)(
    "with %j has the owner %s, the owning group %s, a sticky bit: %s",
    (more, owner, owningGroup, sticky) => {
      const acl = parseAcl({ acl: "user::rwx,group::r-x,other::r-x", ...more });
      expect(acl).toMatchObject({ owner, owningGroup, sticky });
    },
  );

  it("is read as far as 64 KiB, which is more than the service takes by far", () => {
    const text = "user::rwx,group::r-x,other::r-x".padEnd(65_536);
    expect(list(text).other).toBe(5);
    expect(() => list(`${text} `)).toThrow(AclSyntaxError);
  });

  it("never crashes or hangs the parser, whatever stands in it", () => {
    const parts = fc.constantFrom(
      "user",
      "group",
      "mask",
      "other",
      "default",
      ":",
      "::",
      "rwx",
      "r-x",
      "-",
      ",",
      "g1",
      "\0",
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(parts, { maxLength: 40 }).map((all) => all.join("")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          clauseOf(list(text), READ);
        } catch (error) {
          expect(error).toBeInstanceOf(AclSyntaxError);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe("who passes", () => {
  const u1: Who = { id: "u1", groups: new Set(["g1", "g2"]) };
  const one = (acl: AccessList, want: number, who: Who = u1) => holds(holdersOf([clauseOf(acl, want)]), who);

  it("is decided by the owner's entry alone, which no mask narrows", () => {
    const acl = list("user::r--,group::rwx,group:g1:rwx,mask::---,other::rwx", { owner: "u1" });
    expect([one(acl, READ), one(acl, WRITE)]).toEqual([true, false]);
  });

  it("is decided by a named user's entry alone, though a group of theirs or others have more", () => {
    const acl = list("user::rwx,user:u1:r--,group::---,group:g1:rwx,mask::rwx,other::rwx");
    expect([one(acl, READ), one(acl, WRITE)]).toEqual([true, false]);
  });

  it("takes one group that has all of it, never two that have half each", () => {
    const half = list("user::rwx,group::---,group:g1:r--,group:g2:--x,mask::rwx,other::---");
    expect(one(half, READ + EXECUTE)).toBe(false);
    const fallsThrough = list("user::rwx,group::---,group:g1:r--,group:g2:--x,mask::rwx,other::r-x");
    expect(one(fallsThrough, READ + EXECUTE)).toBe(true);
  });

  it("is narrowed by the mask for named entries, groups and others", () => {
    const acl = list("user::rwx,user:u9:rwx,group::---,group:g1:rwx,mask::r--,other::-w-");
    expect([one(acl, READ), one(acl, WRITE)]).toEqual([true, false]);
    expect(one(acl, WRITE, { id: "u9", groups: new Set() })).toBe(false);
  });

  it("counts the owning group like a named one, and the superuser as nobody of the directory", () => {
    const acl = list("user::rwx,group::r--,other::---", { group: "g1" });
    expect(one(acl, READ)).toBe(true);
    expect(holdersOf([clauseOf(list("user::rwx,group::rwx,other::---"), READ)])).toEqual([]);
  });

  it("takes nobody for a member of what they are, if a list names a single identity as a group", () => {
    const made = list("user::rwx,group::r-x,other::---", { owner: "app", group: "app" });
    const theirs = list("user::rw-,group::r--,other::---", { owner: "writer", group: "app" });
    const app: Who = { id: "app", groups: new Set(["g1"]) };
    expect(one(theirs, READ, app)).toBe(false);
    expect(one(theirs, READ, { id: "writer", groups: new Set() })).toBe(true);
    expect(holds(holdersOf([clauseOf(made, EXECUTE), clauseOf(theirs, READ)]), app)).toBe(false);
    expect(one(list("user::---,group::---,group:app:r--,mask::rwx,other::---"), READ, app)).toBe(false);
    const both = [
      clauseOf(theirs, READ),
      clauseOf(list("user::---,group::r--,other::---", { group: "g1" }), READ),
    ];
    expect(holds(holdersOf(both), app)).toBe(false);
  });

  const ids = ["u1", "u2", "u3"];
  const groups = ["g1", "g2", "g3", "g4"];
  const bits = fc.integer({ min: 0, max: 7 });
  const entries = (names: readonly string[]) =>
    fc
      .dictionary(fc.constantFrom(...names), bits, { maxKeys: 3 })
      .map((each) => new Map(Object.entries(each)));
  const anyList: fc.Arbitrary<AccessList> = fc.record({
    owner: fc.constantFrom(undefined, ...ids),
    owningGroup: fc.constantFrom(undefined, ...groups, "u1", "u4"),
    ofOwner: bits,
    ofOwningGroup: bits,
    users: entries(ids),
    groups: entries([...groups, "u2", "u4"]),
    mask: fc.constantFrom(undefined, 0, 1, 4, 5, 7, 7),
    other: fc.constantFrom(0, 0, 0, 1, 4, 5, 7),
    sticky: fc.boolean(),
  });
  const anybody: fc.Arbitrary<Who> = fc.record({
    id: fc.constantFrom(...ids, "u4"),
    groups: fc.subarray(groups).map((some) => new Set(some)),
  });

  it("along a chain is exactly whom the page's order lets through list by list", () => {
    const chain = fc.array(fc.tuple(anyList, fc.constantFrom(1, 2, 4, 3, 5)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(chain, fc.array(anybody, { minLength: 8, maxLength: 8 }), (lists, people) => {
        const holders = holdersOf(lists.map(([acl, want]) => clauseOf(acl, want)));
        for (const who of people) {
          const expected = lists.every(([acl, want]) => permits(acl, want, who));
          if (holders.some(({ upperBound }) => upperBound))
            expect(holds(holders, who) || !expected).toBe(true);
          else expect(holds(holders, who)).toBe(expected);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("is bounded from above, and says so, where groups combine in too many ways", () => {
    const names = (level: number) => Array.from({ length: 9 }, (_, i) => `l${level}-${i}`);
    const lists = [0, 1, 2].map((level) =>
      list(
        `user::---,group::---,${names(level)
          .map((id) => `group:${id}:--x`)
          .join(",")},mask::rwx,other::---`,
      ),
    );
    const holders = holdersOf(lists.map((acl) => clauseOf(acl, EXECUTE)));
    expect(holders).toHaveLength(9);
    expect(holders.every(({ upperBound }) => upperBound)).toBe(true);
    expect(holds(holders, { id: "u", groups: new Set(lists.map((_, level) => `l${level}-3`)) })).toBe(true);
  });

  it("is exact up to 64 ways, and no further", () => {
    const open = (groups: number, name: string) =>
      clauseOf(
        list(
          `user::---,group::---,${Array.from({ length: groups }, (_, i) => `group:${name}${i}:--x`)},mask::rwx,other::---`,
        ),
        EXECUTE,
      );
    const bounds = (a: number, b: number) => [
      ...new Set(holdersOf([open(a, "a"), open(b, "b")]).map(({ upperBound }) => upperBound)),
    ];
    expect([bounds(8, 8), bounds(13, 5)]).toEqual([[false], [true]]);
  });

  it("is said once: not of those who pass with everybody, nor with more groups than it takes", () => {
    const everybody = list("user::rwx,user:u1:r--,user:u2:-w-,group::---,mask::rwx,other::r--");
    expect(holdersOf([clauseOf(everybody, READ)])).toEqual([
      { id: undefined, together: [], excluded: ["u2"], upperBound: false },
    ]);
    const of = (...ids: string[]) =>
      clauseOf(list(`user::---,group::---,${ids.map((id) => `group:${id}:r--`)},mask::rwx,other::---`), READ);
    const ways = holdersOf([of("g1", "g2"), of("g1", "g3")]).map(({ id, together }) => [id, ...together]);
    expect(ways).toEqual([["g1"], ["g2", "g3"]]);
  });

  it("of files and directories: reading needs x above, listing r-x of the directory, deleting w of it", () => {
    const verbs = (above: AccessList[], self: AccessList, directory: boolean, who: Who) =>
      outcomeOf({ above, self, directory })!
        .grants.filter((grant) => holds([grant], who))
        .flatMap(({ actions }) => [...actions])
        .sort();
    fc.assert(
      fc.property(fc.array(anyList, { minLength: 1, maxLength: 3 }), anyList, anybody, (above, self, who) => {
        const parent = above.at(-1)!;
        const through = above.every((acl) => permits(acl, EXECUTE, who));
        const owns = (acl: AccessList) => acl.owner === who.id;
        const file = [
          permits(self, READ, who) && "read",
          permits(self, WRITE, who) && "write",
          permits(parent, READ, who) && permits(parent, READ + EXECUTE, who) && "see",
          permits(parent, WRITE + EXECUTE, who) && "add",
          permits(parent, WRITE + EXECUTE, who) && (!parent.sticky || owns(self) || owns(parent)) && "delete",
          owns(self) && "setAcl",
        ].filter((verb) => verb !== false);
        expect([...new Set(verbs(above, self, false, who))]).toEqual(through ? file.sort() : []);
        const directory = [
          permits(self, READ + EXECUTE, who) && "see",
          permits(self, WRITE + EXECUTE, who) && "add",
          owns(self) && "setAcl",
        ].filter((verb) => verb !== false);
        expect([...new Set(verbs(above, self, true, who))]).toEqual(through ? directory.sort() : []);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("records of an outcome", () => {
  const C =
    "/subscriptions/s/resourcegroups/r/providers/microsoft.storage/storageaccounts/a/blobservices/default/containers/c";
  const root = list("user::rwx,group::r-x,other::--x");

  it("are one derived scope in the container, with a grant a holder, and say who is excluded and what must come together", () => {
    const above = [root, list("user::rwx,group::---,group:g1:--x,mask::rwx,other::---")];
    const self = list("user::rw-,user:u1:---,group::---,group:g2:r--,mask::rwx,other::---", { owner: "o1" });
    const outcome = outcomeOf({ above, self, directory: false })!;
    const records = aclRecords(C, outcome);
    const id = aclScopeId(C, outcome);
    expect(id).toMatch(new RegExp(`^${C}/acl:[0-9a-f]{16}$`));
    expect(records[0]).toMatchObject({ kind: "Scope", id, props: { kind: "AccessList", plane: "azure" } });
    expect(records[1]).toMatchObject({ kind: "WITHIN", from: { id }, to: { id: C } });
    const grants = records.flatMap((record) => (record.kind === "GRANTED" ? [record] : []));
    expect(grants.filter(({ props }) => props?.read)).toMatchObject([
      {
        from: { kind: "Principal", id: "g1" },
        to: { id },
        props: {
          flow: "posix",
          tier: "now",
          certainty: "exact",
          together: ["g2"],
          excluded: ["g1", "g2", "u1"],
          write: false,
        },
      },
      // The owner passes the file by its own entry, and the directory by the group.
      { from: { id: "o1" }, props: { together: ["g1"], read: true } },
    ]);
    expect(grants.find(({ from }) => from.id === "o1")!.props).not.toHaveProperty("excluded");
    for (const { props } of grants) expect(props).not.toHaveProperty("reason_code");
  });

  it("are the same in whatever order lists name people", () => {
    const of = (...named: string[]) =>
      outcomeOf({
        above: [
          root,
          list(`user::rwx,group::---,${named.map((id) => `group:${id}:--x`)},mask::rwx,other::---`),
        ],
        self: list(
          `user::rwx,${[...named].reverse().map((id) => `user:u${id}:r--,group:x${id}:r--`)},group::---,mask::rwx,other::---`,
        ),
        directory: false,
      });
    expect(of("g1", "g2", "g10")).toEqual(of("g10", "g2", "g1"));
  });

  it("are the same for two files that the same people get at, and none where nobody does", () => {
    const self = () => list("user::rwx,group::---,other::r--");
    const [a, b] = [1, 2].map(() => outcomeOf({ above: [root], self: self(), directory: false })!);
    expect(a).toEqual(b);
    const closed = outcomeOf({
      above: [list("user::rwx,group::---,other::---")],
      self: self(),
      directory: false,
    })!;
    expect(aclScopeId(C, closed)).toBe(C);
    expect(aclRecords(C, closed)).toEqual([]);
  });

  it("say that there were too many ways to be exact", () => {
    const of = (name: string) =>
      list(
        `user::---,group::---,${Array.from({ length: 9 }, (_, i) => `group:${name}${i}:r-x`)},mask::rwx,other::---`,
      );
    const outcome = outcomeOf({ above: [of("a"), of("b")], self: of("c"), directory: false })!;
    const grants = aclRecords(C, outcome).flatMap((record) =>
      record.kind === "GRANTED" && record.props?.read ? [record.props] : [],
    );
    expect(grants).toHaveLength(9);
    for (const props of grants)
      expect(props).toMatchObject({ certainty: "upper-bound", reason_code: "acl-many-ways" });
    expect(grants[0]).not.toHaveProperty("together");
  });

  it("put everybody as a principal only where a list lets everybody pass", () => {
    const of = (other: string) =>
      aclRecords(
        C,
        outcomeOf({
          above: [root],
          self: list(`user::rwx,group::---,group:g1:rw-,mask::rwx,other::${other}`, { owner: "o1" }),
          directory: false,
        })!,
      ).flatMap((record) =>
        record.kind === "Principal" ? [record.id] : record.kind === "GRANTED" ? [record.from.id] : [],
      );
    expect([...new Set(of("r--"))].sort()).toEqual(["everyone", "g1", "o1"]);
    expect([...new Set(of("---"))].sort()).toEqual(["g1", "o1"]);
    expect(of("r--").filter((id) => id === "everyone")).toHaveLength(2);
  });

  it("are an upper bound where a list above was not read, and none are made up where its own was not", () => {
    const self = list("user::rwx,group::---,group:g1:r--,mask::r--,other::---");
    const [, , ...grants] = aclRecords(C, outcomeOf({ above: [undefined], self, directory: false })!);
    expect(grants).toMatchObject([
      { from: { id: "g1" }, props: { read: true, certainty: "upper-bound", reason_code: "acl-unread" } },
    ]);
    expect(outcomeOf({ above: [root], self: undefined, directory: false })).toBeUndefined();
  });

  it("have keys that tell grants of one principal apart", () => {
    const self = list("user::rwx,user:u1:r--,user:u2:-w-,group::---,group:g1:rw-,mask::rwx,other::---");
    const keys = aclRecords(C, outcomeOf({ above: [root], self, directory: false })!).flatMap((record) =>
      record.kind === "GRANTED" ? [`${record.from.id} ${record.props?.key}`] : [],
    );
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.filter((key) => key.startsWith("g1 "))).toHaveLength(2);
  });
});
