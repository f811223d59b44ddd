import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Inventory, openInventory } from "./inventory.ts";
import { checkLine } from "./records.ts";

const check = (value: unknown) => checkLine(JSON.stringify(value), 7, "hr.jsonl");
const put = (record: object) => check({ put: record });
const p = { kind: "Principal", id: "p" };
const s = { kind: "Scope", id: "s" };

describe("a line of an import file", () => {
  test("that fits is taken as it stands; blank lines are nothing", () => {
    const props = { key: "1", flow: "acl", tier: null, read: true, expires: null };
    const line = { put: { kind: "GRANTED", from: p, to: s, props } };
    expect(check(line)).toEqual(line);
    const removal = {
      remove: { kind: "GRANTED", from: { kind: "Principal", alias: "upn:u" }, to: s, key: "1" },
    };
    expect(check(removal)).toEqual(removal);
    expect(put({ kind: "Label", id: "l" })).toEqual({ put: { kind: "Label", id: "l", props: {} } });
    expect(checkLine("  \t", 1, "x")).toBeUndefined();
    expect(checkLine("\uFEFF", 1, "x")).toBeUndefined();
    expect(check({ coverage: { step: "import.hr", state: "complete" } })).toEqual({
      coverage: { step: "import.hr", scope: "", state: "complete" },
    });
  });

  test("may say a sort that no rule knows, and such as are known in their spelling", () => {
    for (const put of [
      { kind: "Policy", id: "k", props: { kind: "Retention", effect: "mfa", state: null } },
      { kind: "Scope", id: "s", props: { kind: null, gates: ["lock:NoAccess", "restricted-search"] } },
      { kind: "Principal", id: "everyone", props: { kind: "Everyone" } },
    ])
      expect(check({ put })).toEqual({ put });
  });

  test("gets the spelling of ids that connectors use", () => {
    const guid = "AAAAAAAA-0000-4000-8000-00000000000F";
    const line = {
      kind: "OWNS",
      from: { kind: "Principal", id: guid },
      to: { kind: "Scope", id: "/Subscriptions/X/" },
    };
    expect(check({ put: line })).toEqual({
      put: {
        kind: "OWNS",
        from: { kind: "Principal", id: guid.toLowerCase() },
        to: { kind: "Scope", id: "/subscriptions/x" },
      },
    });
    expect(put({ kind: "Principal", id: "Ana" })).toMatchObject({ put: { id: "Ana" } });
    expect(check({ coverage: { step: "x", scope: "/Subscriptions/X", state: "failed" } })).toMatchObject({
      coverage: { scope: "/subscriptions/x" },
    });
  });

  const refused: [string, unknown, RegExp][] = [
    ["no object", [], /must be a JSON object/],
    ["nothing to do", {}, /exactly one of "put", "remove" and "coverage"/],
    ["two things", { put: p, remove: p }, /exactly one of/],
    ["an unknown verb", { putt: p }, /unknown field "putt"; did you mean "put"\?/],
    ["no kind", { put: { id: "x" } }, /"kind" is missing/],
    [
      "an unknown kind",
      { put: { kind: "Principle", id: "x" } },
      /unknown kind "Principle"; did you mean "Principal"\?/,
    ],
    [
      "a derived kind",
      { put: { kind: "CAN_REACH", from: p, to: s } },
      /unknown kind "CAN_REACH"; expected Agent, /,
    ],
    ["no id", { put: { kind: "Principal" } }, /id is missing: a non-empty string is expected/],
    ["an empty id", { remove: { kind: "Principal", id: " " } }, /id is missing/],
    ["an id that is no string", { put: { kind: "Principal", id: 7 } }, /id is missing: a non-empty string/],
    [
      "an unknown property",
      { put: { ...p, props: { enabld: true } } },
      /property of Principal "enabld"; did you mean "enabled"\?/,
    ],
    [
      "a property where there is none",
      { put: { kind: "WITHIN", from: s, to: s, props: { x: 1 } } },
      /it has none/,
    ],
    [
      "a string for a boolean",
      { put: { ...p, props: { enabled: "yes" } } },
      /enabled of Principal is "yes"; expected true or false/,
    ],
    [
      "a fraction",
      { put: { kind: "Item", id: "i", props: { size: 1.5 } } },
      /size of Item is 1.5; expected an integer/,
    ],
    [
      "a bad time",
      { put: { kind: "Item", id: "i", props: { modified: "soon" } } },
      /expected an ISO 8601 time/,
    ],
    [
      "an impossible time",
      { put: { kind: "Item", id: "i", props: { modified: "2026-13-01" } } },
      /expected an ISO 8601 time/,
    ],
    [
      "an access list whose entry needs everyone besides",
      {
        put: {
          ...{ kind: "GRANTED", from: p, to: s },
          props: { key: "g", flow: "posix", read: true, together: ["everyone"] },
        },
      },
      /together of GRANTED is \["everyone"\]; expected single principals and groups, none of everyone, /,
    ],
    [
      "a consent for one user who is named by alias, so that it would be nobody's",
      {
        put: {
          ...{ kind: "CONSENTED", from: p, to: s },
          props: { type: "delegated", permission: "Files.Read.All", user: "upn:ana@contoso.com" },
        },
      },
      /user of CONSENTED is "upn:ana@contoso.com"; expected an id: only ends of relationships are named by alias/,
    ],
    [
      "a deny that spares an alias, and so nobody",
      {
        put: {
          kind: "DENIED",
          from: p,
          to: s,
          props: { read: true, excluded: ["u", "UPN:ana@contoso.com"] },
        },
      },
      /excluded of DENIED is .*; expected ids: only ends of relationships are named by alias/,
    ],
    [
      "an access list that leaves out an alias",
      {
        put: {
          ...{ kind: "GRANTED", from: p, to: s },
          props: { key: "g", flow: "posix", read: true, excluded: ["appid:1"] },
        },
      },
      /excluded of GRANTED is \["appid:1"\]; expected ids/,
    ],
    [
      "a sort that rules know by another spelling",
      { put: { kind: "Policy", id: "k", props: { kind: "conditional-access", effect: "block" } } },
      /kind of Policy is "conditional-access"; expected ConditionalAccess, in this spelling/,
    ],
    [
      "an effect in another spelling",
      { put: { kind: "Policy", id: "k", props: { kind: "ConditionalAccess", effect: "Block" } } },
      /effect of Policy is "Block"; expected block, in this spelling/,
    ],
    [
      "a lock in another spelling",
      { put: { ...s, props: { gates: ["network: only from here", "lock:noAccess"] } } },
      /gates of Scope is .*; expected lock:NoAccess, in this spelling/,
    ],
    [
      "everyone by an id that nobody has",
      { put: { ...p, props: { kind: "Everyone" } } },
      /the id of a Principal of kind Everyone is "p"; expected everyone;/,
    ],
    [
      "everyone but guests by the name of a claim",
      { put: { kind: "Principal", id: "c:0-.f|x", props: { kind: "EveryoneExceptExternal" } } },
      /expected everyone-except-external;/,
    ],
    ["a text for a list", { put: { ...p, props: { aliases: "x" } } }, /expected a list of strings/],
    [
      "a number for a text",
      { put: { ...p, props: { name: 5 } } },
      /name of Principal is 5; expected a string/,
    ],
    ["the wrong end", { put: { kind: "OWNS", from: s, to: p } }, /OWNS goes from Principal, not from Scope/],
    ["an end of no kind", { put: { kind: "OWNS", from: p, to: { id: "s" } } }, /"kind" is missing/],
    ["a missing end", { put: { kind: "OWNS", from: p } }, /to must be a JSON object/],
    [
      "an end with two names",
      { put: { kind: "OWNS", from: { ...p, alias: "x" }, to: s } },
      /exactly one of "id" and "alias"/,
    ],
    [
      "a value that is none of a closed list",
      { put: { kind: "GRANTED", from: p, to: s, props: { flow: "Containment", read: true } } },
      /flow of GRANTED is "Containment"; expected one of containment, acl, posix/,
    ],
    [
      "a value without which rules derive nothing",
      { put: { kind: "ACTS_AS", from: { kind: "Agent", id: "a" }, to: p } },
      /mode of ACTS_AS is missing; expected one of app, agent-user, maker, key/,
    ],
    [
      "such a value cleared",
      { put: { kind: "CONSENTED", from: p, to: s, props: { permission: "Files.Read.All", type: null } } },
      /type of CONSENTED is null; expected one of application, delegated, access/,
    ],
    [
      "a right on a label that is not said, and is then not read",
      { put: { kind: "LABEL_RIGHTS", from: p, to: { kind: "Label", id: "l" }, props: { view: true } } },
      /extract of LABEL_RIGHTS is missing; expected one of true, false/,
    ],
    [
      "a deny that does not say what it takes away",
      { put: { kind: "DENIED", from: p, to: s, props: { key: "d" } } },
      /DENIED says no action; expected one or more of see, read, write/,
    ],
    [
      "a right on a label that is cleared",
      {
        put: {
          ...{ kind: "LABEL_RIGHTS", from: p, to: { kind: "Label", id: "l" } },
          props: { view: null, extract: true },
        },
      },
      /view of LABEL_RIGHTS is null; expected one of true, false/,
    ],
    [
      "a tier of a membership that is none",
      { put: { kind: "MEMBER_OF", from: p, to: p, props: { tier: "eligible" } } },
      /tier of MEMBER_OF is "eligible"; expected one of now, potential/,
    ],
    [
      "half a surrogate pair",
      { put: { kind: "Agent", id: "a\ud800b" } },
      /"a\\ud800b" is no valid Unicode text/,
    ],
    [
      "a key where there is none",
      { put: { kind: "OWNS", from: p, to: s, props: { key: "1" } } },
      /OWNS has no key/,
    ],
    [
      "a key to remove where there is none",
      { remove: { kind: "OWNS", from: p, to: s, key: "1" } },
      /OWNS has no key/,
    ],
    [
      "a key that is no string",
      { put: { kind: "GRANTED", from: p, to: s, props: { key: 1 } } },
      /key of GRANTED must be a string/,
    ],
    ["a misplaced field", { put: { ...p, name: "Ana" } }, /unknown field "name"; expected kind, id, props/],
    [
      "an unknown state",
      { coverage: { step: "x", state: "completed" } },
      /coverage state "completed"; did you mean "complete"\?/,
    ],
    ["coverage of no step", { coverage: { state: "complete" } }, /step is missing/],
  ];
  test.each(refused)("is refused with %s, naming file and line", (_, value, message) => {
    expect(() => check(value)).toThrowError(message);
    expect(() => check(value)).toThrowError(/^hr\.jsonl, line 7: .*; nothing of the file was applied$/);
  });

  test("is refused with a key that stands there twice, however it is written", () => {
    const agent = '{"kind":"Agent","id":"a"}';
    expect(() => checkLine(`{"put":${agent},"p\\u0075t":${agent}}`, 4, "x")).toThrowError(
      /^x, line 4: "put" stands there twice/,
    );
    expect(() => checkLine('{"put":{"kind":"Agent","id":"a","id":"b"}}', 4, "x")).toThrowError(/"id" stands/);
    const named = { kind: "Agent", id: '{"id":"a","id":"a"}', props: { kind: "\ud83d\ude00", name: "\\" } };
    expect(put(named)).toEqual({ put: named });
  });

  test("may leave out what has a value of its own then, and must say what has none", () => {
    const agent = { kind: "Agent", id: "a" };
    const silent: [object, RegExp][] = [
      [{ kind: "GRANTED", from: p, to: s, props: { read: true } }, /flow of GRANTED is missing/],
      [{ kind: "INVOKES", from: agent, to: agent }, /mode of INVOKES is missing/],
      [{ kind: "CONSENTED", from: p, to: s, props: {} }, /type of CONSENTED is missing/],
    ];
    for (const [record, message] of silent) expect(() => put(record)).toThrowError(message);
    const spoken = [
      { kind: "MEMBER_OF", from: p, to: p },
      { kind: "GRANTED", from: p, to: s, props: { flow: "acl" } },
      { kind: "Policy", id: "k", props: { effect: "mfa" } },
    ];
    for (const record of spoken) expect(put(record)).toEqual({ put: { ...record } });
  });

  test("is refused if it is not JSON", () => {
    expect(() => checkLine("{put", 3, "x")).toThrowError(/^x, line 3: not valid JSON/);
  });
});

describe("an import", () => {
  let inventory: Inventory;
  beforeEach(async () => {
    inventory = await openInventory(":memory:");
  });
  afterEach(() => inventory.close());

  const from = async (name: string, lines: readonly unknown[]) => {
    async function* text() {
      for (const line of lines) yield typeof line === "string" ? line : JSON.stringify(line);
    }
    return inventory.import(name, text());
  };
  const person = (id: string, props: object = {}) => ({ put: { kind: "Principal", id, props } });
  const people = async () => {
    const found: string[] = [];
    for await (const { id, props } of inventory.known("Principal"))
      found.push(`${id} ${JSON.stringify(props)}`);
    return found;
  };
  const coverage = async () =>
    (await inventory.coverage()).map(({ step, scope, state }) => [step, scope, state]);
  const complete = { coverage: { step: "import.hr", scope: "", state: "complete" } };

  test("adds to what the file said before unless it claims to be complete", async () => {
    expect(await from("hr", [person("a", { name: "Ana", enabled: true }), "", person("b")])).toEqual({
      records: 2,
      coverage: 0,
    });
    await from("hr", [
      person("a", { enabled: null }),
      { remove: { kind: "Principal", id: "b" } },
      person("c"),
    ]);
    expect(await people()).toEqual(['a {"name":"Ana"}', "c {}"]);
    expect(await coverage()).toEqual([["import.hr", "", "complete"]]);
    expect(await from("hr", [person("d"), complete])).toEqual({ records: 1, coverage: 1 });
    expect(await people()).toEqual(["d {}"]);
    await from("hr", [person("e")]);
    expect(await coverage()).toEqual([["import.hr", "", "complete"]]);
    expect(await people()).toEqual(["d {}", "e {}"]);
  });

  test("leaves other files and steps alone", async () => {
    await from("hr", [person("a"), complete]);
    await from("it", [person("b")]);
    await from("hr", [complete]);
    expect(await people()).toEqual(["b {}"]);
  });

  test("applies nothing if one line is wrong, however late", async () => {
    await from("hr", [person("a"), complete]);
    const lines = [...Array.from({ length: 12_000 }, (_, i) => person(`p${i}`)), person("x", { nme: "y" })];
    await expect(from("hr", lines)).rejects.toThrowError(/^hr, line 12001: unknown property/);
    expect(await people()).toEqual(["a {}"]);
    await from("hr", [person("b")]);
    expect(await people()).toEqual(["a {}", "b {}"]);
  });

  test("keeps statements of coverage about any part, and never makes another step look better", async () => {
    await inventory.note({ step: "entra.users", scope: "", state: "denied" });
    await from("hr", [
      person("a"),
      { coverage: { step: "entra.users", state: "complete" } },
      { coverage: { step: "sap.roles", scope: "s1", state: "failed", reason: "timeout" } },
      complete,
    ]);
    expect(await coverage()).toEqual([
      ["entra.users", "", "denied"],
      ["import.hr", "", "complete"],
      ["sap.roles", "s1", "failed"],
    ]);
    await from("hr", [person("a"), complete]);
    expect(await coverage()).toEqual([
      ["entra.users", "", "denied"],
      ["import.hr", "", "complete"],
    ]);
  });

  test("deletes nothing if it claims to be complete but names a gap of its own", async () => {
    await from("hr", [person("a"), complete]);
    await from("hr", [
      person("b"),
      complete,
      { coverage: { step: "import.hr", scope: "s1", state: "partial", reason: "401" } },
    ]);
    expect(await people()).toEqual(["a {}", "b {}"]);
    expect(await coverage()).toEqual([
      ["import.hr", "", "partial"],
      ["import.hr", "s1", "partial"],
    ]);
  });

  const said = (scope: string, state: string, reason?: string) => ({
    coverage: { step: "import.hr", scope, state, ...(reason === undefined ? {} : { reason }) },
  });
  const part = (scope: string, state: string, reason?: string) => from("hr", [said(scope, state, reason)]);

  test("is whole again once each part that a file named is said to be complete", async () => {
    await from("hr", [person("a"), said("s1", "partial", "half"), said("s2", "denied")]);
    await part("s1", "complete");
    expect(await coverage()).toEqual([
      ["import.hr", "", "partial"],
      ["import.hr", "s1", "complete"],
      ["import.hr", "s2", "denied"],
    ]);
    await from("hr", [person("b")]);
    expect((await coverage())[0]).toEqual(["import.hr", "", "partial"]);
    await part("s2", "complete");
    expect((await coverage()).map(([, , state]) => state)).toEqual(["complete", "complete", "complete"]);
    expect(await people()).toEqual(["a {}", "b {}"]);
  });

  test("is not whole because a part is, where a file said so of the whole: in the same words, too", async () => {
    await from("hr", [said("", "partial", "half"), said("s1", "partial", "half")]);
    await part("s1", "complete");
    expect((await inventory.coverage())[0]).toMatchObject({ scope: "", state: "partial", reason: "half" });
    await from("hr", [said("", "complete"), said("s1", "denied")]);
    expect((await coverage())[0]).toEqual(["import.hr", "", "partial"]);
    await part("s1", "complete");
    expect((await coverage())[0]).toEqual(["import.hr", "", "complete"]);
  });
});
