/** Who gains by an agent and who has most through it: on random tenants against the definition, and why it says nothing. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { importFile } from "../src/app.ts";
import { lendsToPeople } from "../src/reach/audience.ts";
import type { Standing } from "../src/reach/people-gain.ts";
import type { ReachRow } from "../src/reach/reach-row.ts";
import { openWithPeople } from "../src/suppose.ts";
import { audienceOf } from "./oracle/audience.ts";
import { gainersOf, readsToday, worstOf } from "./oracle/people.ts";
import { type Put, World } from "./oracle/records.ts";
import { tenants } from "./oracle/tenants.ts";
import { prefixOf, sharesPeople, tenantOf } from "./prove/compare.ts";

// Two graphs are built from many tenants.
vi.setConfig({ testTimeout: 900_000, hookTimeout: 900_000 });

const TENANTS = Number(process.env.FOREREACH_PEOPLE ?? 25);
const SEED = Number(process.env.FOREREACH_SEED ?? 1);
/** What is imported is judged at the time of the import. */
const NOW = new Date().toISOString();

type Line = { put: Put } | { coverage: { step: string; scope: string; state: string; reason?: string } };
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** Imports records, and says what all agents mean for people. */
async function said(
  lines: readonly Line[],
  expand = false,
): Promise<{ rows: ReachRow[]; standings: Standing[]; left: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), "people-"));
  folders.push(folder);
  const file = join(folder, "world.jsonl");
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join("\n"));
  await importFile({ folder, file });
  const answers = await openWithPeople({ folder, agent: "*", signal: new AbortController().signal });
  const rows: ReachRow[] = [];
  for await (const row of answers.reach({ expand })) rows.push(row);
  const standings = answers.people.standings();
  await answers.close();
  return { rows, standings, left: readdirSync(folder) };
}

const node = (kind: string, id: string, props = {}): Put => ({ kind, id, props });
const rel = (kind: string, from: [string, string], to: [string, string], props = {}): Put => ({
  ...{ kind, from: { kind: from[0], id: from[1] }, to: { kind: to[0], id: to[1] }, props },
});
/** Items of a place, some of them sensitive: how many depends on its name alone. */
const itemsAt = (scope: string): { items: number; sensitive: number } => {
  const sum = [...scope].reduce((total, char) => total + (char.codePointAt(0) ?? 0), 0);
  return { items: 1 + (sum % 3), sensitive: sum % 2 };
};
const itemsOf = (scope: string): Put[] =>
  [...Array(itemsAt(scope).items).keys()].flatMap((n) => [
    node("Item", `${scope}#${n}`, { size: 1, types: n < itemsAt(scope).sensitive ? "card" : "" }),
    rel("PROTECTED_BY", ["Item", `${scope}#${n}`], ["Scope", scope]),
    rel("LABELED", ["Item", `${scope}#${n}`], ["Label", "unlabeled"], {
      method: "standard",
      source: "bytes",
    }),
  ]);

const isRel = (put: Put, kind: string): put is Extract<Put, { from: unknown }> =>
  "from" in put && put.kind === kind;
/** Every person of the tenant in front of every agent. */
const moreUsers = (records: readonly Put[]): Put[] => {
  const ids = (kind: string, which: (put: Put) => boolean = () => true): string[] =>
    records.flatMap((put) => ("id" in put && put.kind === kind && which(put) ? [put.id] : []));
  const persons = ids("Principal", ({ props }) => props?.kind === "User" || props?.kind === "Guest");
  return ids("Agent").flatMap((agent) =>
    persons.map((person) => rel("MAY_USE", ["Principal", person], ["Agent", agent])),
  );
};
/** Tenants with many consents and people say most. */
const weight = (records: readonly Put[]): number =>
  records.filter((put) => isRel(put, "MAY_USE") || isRel(put, "CONSENTED")).length;

const isForEverybody = (put: Put): boolean => isRel(put, "MAY_USE") && prefixOf(put.from.id) === "";

describe(`${TENANTS} random tenants`, () => {
  const drawn = tenants(TENANTS * 6, SEED)
    // Everybody, in front of an agent of one tenant, would be the people of all of them.
    .filter((records) => !sharesPeople(records) && !records.some(isForEverybody))
    .map((records) => [...records, ...moreUsers(records)])
    .sort((a, b) => weight(b) - weight(a))
    .slice(0, TENANTS);
  const worlds = new Map(drawn.map((records) => [tenantOf(records), new World(records, NOW)]));
  let rows: ReachRow[];
  let left: string[];
  beforeAll(async () => {
    const items = drawn.flatMap((records) =>
      records.flatMap((put) => (put.kind === "Scope" && "id" in put ? itemsOf(put.id) : [])),
    );
    const label = node("Label", "unlabeled", { kind: "None" });
    ({ rows, left } = await said(
      [...drawn.flat(), label, ...items].map((put) => ({ put })),
      true,
    ));
    rows = rows.filter((row) => prefixOf(row.scope_id) === prefixOf(row.agent_id));
  });
  const worldOf = (row: ReachRow): World => worlds.get(prefixOf(row.agent_id))!;

  test("nothing is left of what was supposed", () => {
    expect(left.sort()).toEqual(["graph", "graph.json", "inventory.duckdb", "world.jsonl"]);
    expect(rows.filter(({ agent_id }) => agent_id.startsWith("supposed:"))).toEqual([]);
  });

  test("who gains is who does not read the place by access of their own", () => {
    const known = new Map<string, ReturnType<typeof readsToday>>();
    const differ: unknown[] = [];
    const numbers = new Set<number | null>();
    for (const row of rows.filter(
      (one) => (lendsToPeople(one) || one.path.includes("(embedded)")) && one.audience_count !== null,
    )) {
      const world = worldOf(row);
      const reads = (person: string) => {
        const found = known.get(person) ?? readsToday(world, person);
        known.set(person, found);
        return found;
      };
      const audience = audienceOf(world, row.agent_id);
      const expected = gainersOf({ scope: row.scope_id, read: row.read || "no" }, audience, reads);
      numbers.add(expected);
      const { agent_id, mode, via, scope_id, tier, gainers, people_reason } = row;
      if (
        gainers !== expected ||
        (gainers === null) !== (people_reason !== "") ||
        audience.length !== row.audience_count
      )
        differ.push({ agent_id, mode, via, scope_id, tier, gainers, people_reason, expected, audience });
    }
    expect(differ).toEqual([]);
    // All sorts of answers were met.
    expect(numbers.size).toBeGreaterThanOrEqual(4);
    expect(numbers).toContain(null);
  });

  test("the worst user reads most through the agent, and gains nothing by it", () => {
    const agents = new Map(
      rows
        .filter(
          ({ mode, via, audience_count, path }) =>
            mode === "on-behalf-of" && via === "" && audience_count !== null && !path.includes("(embedded)"),
        )
        .map((row) => [row.agent_id, row]),
    );
    const differ: unknown[] = [];
    let named = 0;
    for (const row of agents.values()) {
      const expected = worstOf(worldOf(row), row.agent_id, itemsAt);
      if (expected) named += 1;
      if (
        row.worst_user !== (expected ?? "") ||
        (row.worst_user === "" && row.people_reason === "") ||
        row.gainers !== (row.people_reason.includes("carries in itself") ? null : 0)
      )
        differ.push({ agent: row.agent_id, is: row.worst_user, expected, why: row.people_reason });
    }
    expect(differ).toEqual([]);
    expect(named).toBeGreaterThan(0);
  });
});

describe("said of one agent", () => {
  const person = (id: string, props = {}): Put =>
    node("Principal", id, { kind: "User", name: id.toUpperCase(), ...props });
  const reads = (who: string, where: string, props = {}): Put =>
    rel("GRANTED", ["Principal", who], ["Scope", where], {
      ...{ key: `${who} ${where}`, flow: "containment", see: true, read: true, ...props },
    });
  const scope = (id: string, props = {}): Put =>
    node("Scope", id, { kind: "Container", plane: "azure", ...props });
  const member = (who: string, group: string): Put =>
    rel("MEMBER_OF", ["Principal", who], ["Principal", group]);
  const may = (who: string, agent: string): Put => rel("MAY_USE", ["Principal", who], ["Agent", agent]);
  const items = (where: string, count: number, sensitive: number): Put[] =>
    [...Array(count).keys()].flatMap((n) => [
      node("Item", `${where}#${n}`, { size: 1, types: n < sensitive ? "card" : "" }),
      rel("PROTECTED_BY", ["Item", `${where}#${n}`], ["Scope", where]),
      rel("LABELED", ["Item", `${where}#${n}`], ["Label", "unlabeled"], {
        method: "standard",
        source: "bytes",
      }),
    ]);
  /** An agent with a stored connection that reads the box, in an account; a group of three that are alike, and others. */
  const STORED: Put[] = [
    ...["ana", "ben", "cem", "dora", "eve", "fay"].map((id) => person(id)),
    person("gus", { kind: "Guest" }),
    node("Principal", "staff", { kind: "Group" }),
    node("Principal", "maker", { kind: "User" }),
    ...["ana", "ben", "cem", "gus"].map((id) => member(id, "staff")),
    node("Agent", "a", { name: "Help desk" }),
    rel("ACTS_AS", ["Agent", "a"], ["Principal", "maker"], { key: "maker", mode: "maker" }),
    ...["staff", "dora", "eve"].map((id) => may(id, "a")),
    scope("account"),
    scope("box"),
    scope("other"),
    rel("WITHIN", ["Scope", "box"], ["Scope", "account"]),
    reads("maker", "box"),
    // By what lies above; by becoming a member, which is not yet; and somebody who may not use it.
    reads("dora", "account"),
    reads("eve", "box", { tier: "potential" }),
    reads("fay", "box"),
    reads("maker", "other"),
    reads("staff", "other"),
  ];
  const put = (records: readonly Put[]): Line[] => records.map((one) => ({ put: one }));
  /** An agent that reads for users what they read: ana one place, ben and cem another one. */
  const BEHALF: Put[] = [
    ...["ana", "ben", "cem"].map((id) => person(id)),
    node("Principal", "app", { kind: "ServicePrincipal" }),
    node("Agent", "b", { name: "Desk" }),
    rel("ACTS_AS", ["Agent", "b"], ["Principal", "app"], { key: "app", mode: "app" }),
    ...["ana", "ben", "cem"].map((id) => may(id, "b")),
    ...["root", "one", "two"].map((id) => scope(id)),
    ...["one", "two"].map((id) => rel("WITHIN", ["Scope", id], ["Scope", "root"])),
    rel("CONSENTED", ["Principal", "app"], ["Scope", "root"], {
      ...{ key: "1", type: "delegated", permission: "Files.Read.All", user: "*" },
    }),
    reads("ana", "one"),
    reads("ben", "two"),
    reads("cem", "two"),
    node("Label", "unlabeled", { kind: "None" }),
  ];
  /** Gainers, worst user and reason of each place, in words of the case alone. */
  const cells = (rows: readonly ReachRow[], name = ""): Record<string, unknown> =>
    Object.fromEntries(
      rows
        .filter(({ tier, agent_id }) => tier === "now" && agent_id.startsWith(name))
        .map((row) => [
          row.scope_id.slice(name.length),
          [row.gainers, row.worst_user.slice(name.length), row.people_reason],
        ]),
    );
  const partial = (where: string): Line => ({
    coverage: { step: "import.hr", scope: where, state: "partial" },
  });
  const both = (box: unknown, other = box) => ({ box, other });
  const most = (id: string, why = "") => ({ one: [0, id, why], two: [0, id, why] });

  test.each([
    ["a part of the tenant", "", both([null, "", "who may use it was not read: import.hr"])],
    ["a place", "account", both([null, "", "not read: import.hr"], [2, "", ""])],
  ])("%s that was not read leaves it open, not zero", async (_, where, expected) => {
    expect(cells((await said([...put(STORED), partial(where)])).rows)).toEqual(expected);
  });

  test("whoever is in a group with everyone but guests reads what that holds, and a guest gains", async () => {
    const insiders = "everyone-except-external";
    const groups = ["visitors", "site"].map((id) => node("Principal", id, { kind: "SiteGroup" }));
    const everyone = node("Principal", insiders, { kind: "EveryoneExceptExternal" });
    const memberships = [member(insiders, "visitors"), member("visitors", "site")];
    const records = [...STORED, everyone, ...groups, ...memberships, reads("site", "box", { flow: "acl" })];
    expect(cells((await said(put(records))).rows)).toEqual(both([1, "", ""], [2, "", ""]));
  });

  describe("each beside the others", () => {
    const PLANE = "plane:sharepoint";
    const unsure = reads("staff", "box", { read: false, unknown: true });
    const uncounted = BEHALF.map((one) =>
      one.kind === "Scope" ? { ...one, props: { ...one.props, plane: "files" } } : one,
    );
    const cases: readonly [string, Put[], Record<string, unknown>][] = [
      ["who does not read a place today gains", STORED, both([5, "", ""], [2, "", ""])],
      [
        "a grant of unknown effect leaves it open",
        [...STORED, unsure],
        both([null, "", "what some of them have there is not certain"], [2, "", ""]),
      ],
      [
        "nobody read who may use it",
        STORED.filter((one) => !isRel(one, "MAY_USE")),
        both([null, "", "who may use it was not read"]),
      ],
      [
        "what people have in a service as a whole is never known",
        [...STORED, scope(PLANE, { kind: "Plane", plane: "sharepoint" }), reads("maker", PLANE)],
        {
          ...both([5, "", ""], [2, "", ""]),
          [PLANE]: [null, "", "what people have in this service is not read"],
        },
      ],
      ["most sensitive items", [...BEHALF, ...items("one", 3, 0), ...items("two", 2, 1)], most("ben")],
      ["then most items", [...BEHALF, ...items("one", 3, 1), ...items("two", 2, 1)], most("ana")],
      ["then the smallest id", [...BEHALF, ...items("one", 1, 0), ...items("two", 1, 0)], most("ana")],
      ["nothing lies there", BEHALF, most("", "none of them is known to read items through it now")],
      [
        "nobody counted",
        uncounted,
        most(
          "",
          "none of them is known to read items through it now; places whose items were not counted are left out",
        ),
      ],
    ];
    const nameOf = (index: number): string => `case${index}-`;
    const renamed = (one: Put, name: string): Put => {
      const id = (bare: string): string =>
        bare === "unlabeled" ? bare : bare === PLANE ? bare : `${name}${bare}`;
      return "from" in one
        ? { ...one, from: { ...one.from, id: id(one.from.id) }, to: { ...one.to, id: id(one.to.id) } }
        : { ...one, id: id(one.id) };
    };
    let found: Awaited<ReturnType<typeof said>>;
    beforeAll(async () => {
      found = await said(
        put(cases.flatMap(([, records], index) => records.map((one) => renamed(one, nameOf(index))))),
      );
    });

    test.each(cases.map(([about, , expected], index) => [about, expected, index] as const))(
      "%s",
      (_, expected, index) => {
        const own = Object.entries(cells(found.rows, nameOf(index))).map(([place, cell]) => [
          // The one place whose id is the same for all cases.
          place.endsWith(PLANE.slice(-5)) ? PLANE : place,
          cell,
        ]);
        expect(Object.fromEntries(own)).toEqual(expected);
      },
    );

    test("of all places together: who gains at one at least, and who has most", () => {
      // Dora gains at the one place, the staff at the other.
      const of = (index: number) =>
        found.standings.find(({ agent_id }) => agent_id.startsWith(nameOf(index)));
      expect(of(0)).toMatchObject({ agent_name: "Help desk", mode: "maker", audience_count: 6, gainers: 6 });
      expect(of(1)).toMatchObject({ gainers: null, reason: "what some of them have there is not certain" });
      expect(of(2)).toMatchObject({ audience_count: null, gainers: null });
      expect(of(4)).toMatchObject({ audience_count: 3, worst: { name: "BEN", items: 2, sensitive: 1 } });
    });
  });
});
