import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Expr, OPERATORS, parseCondition, readCondition } from "./condition.ts";
import { compareValues, like } from "./condition-compare.ts";
import {
  ALWAYS,
  compile,
  NEVER,
  openCauses,
  type Place,
  type Question,
  resolveAt,
} from "./condition-evaluate.ts";
import { inWords } from "./condition-words.ts";

const B = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";
const READ: Question = { action: `${B}/read` };
const LIST: Question = { ...READ, suboperation: "Blob.List" };
const CONTAINER = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]";

/** true, false, "choice", or the causes that keep it open. */
function outcome(text: string, question: Question = READ, place: Place = {}) {
  const resolve = resolveAt(place);
  const result = compile(parseCondition(text), question)(resolve);
  if (typeof result === "boolean") return result;
  const causes = openCauses(result, resolve);
  return causes === true ? "choice" : [...causes].sort();
}

describe("a condition", () => {
  const targeted = (expression: string) => `( ( !(ActionMatches{'${B}/read'}) ) OR ( ${expression} ) )`;

  it("narrows only the actions that it targets", () => {
    const text = targeted(`${CONTAINER} StringEquals 'finance'`);
    expect(outcome(text, { action: `${B}/write` })).toBe(true);
    expect(outcome(text)).toEqual(["place"]);
    expect(outcome(text, READ, { container: "finance" })).toBe(true);
    expect(outcome(text, READ, { container: "hr" })).toBe(false);
  });

  it("tells listing from reading by the suboperation", () => {
    const text = `((!(ActionMatches{'${B}/read'} AND NOT SubOperationMatches{'Blob.List'})) OR (${CONTAINER} StringEquals 'x'))`;
    expect(outcome(text, LIST, { container: "hr" })).toBe(true);
    expect(outcome(text, READ, { container: "hr" })).toBe(false);
  });

  it("decides once, for all places, what actions alone decide", () => {
    const compiled = (text: string) => compile(parseCondition(text), READ);
    const other = `ActionMatches{'${B}/write'}`;
    const open = `${CONTAINER} StringEquals 'a'`;
    expect(compiled(`ActionMatches{'${B}/write', '${B}/re*'}`)).toBe(ALWAYS);
    expect(compiled(other)).toBe(NEVER);
    expect(compiled(`NOT ${other}`)).toBe(ALWAYS);
    expect(compiled(`NOT NOT ${other}`)).toBe(NEVER);
    expect(compiled(`NOT (NOT ${other})`)).toBe(NEVER);
    expect(compiled(`NOT ${other} OR ${open}`)).toBe(ALWAYS);
    expect(compiled(`${other} AND ${open}`)).toBe(NEVER);
    expect(compiled(`${other} OR ${other}`)).toBe(NEVER);
    expect(compiled(`NOT ${other} AND NOT ${other}`)).toBe(ALWAYS);
  });

  it("asks one suboperation of several, by its name without regard to case", () => {
    expect(outcome("SubOperationMatches{'Blob.Read', 'blob.LIST'}", LIST)).toBe(true);
    expect(outcome("SubOperationMatches{'Blob.Read', 'blob.LIST'}")).toBe(false);
    expect(outcome("ActionMatches('x') OR SubOperationMatches('Blob.List')", LIST)).toBe(true);
  });

  it("asks whether an attribute is there", () => {
    const given = (text: string, values: readonly string[] | "asked") =>
      compile(parseCondition(text), READ)(() => values);
    expect([given("Exists @Resource[a]", ["x"]), given("Exists @Resource[a]", [])]).toEqual([true, false]);
    expect([given("NotExists @Resource[a]", ["x"]), given("NotExists @Resource[a]", [])]).toEqual([
      false,
      true,
    ]);
    expect(given("Exists @Resource[a]", "asked")).toMatchObject({ op: "exists" });
    expect(outcome("Exists @Environment[UtcNow]")).toEqual(["asked"]);
  });

  it("reads quantifiers, and false as well as true", () => {
    expect(outcome("{1, 2} ForAllOfAnyValues:NumericEquals {2, 3}")).toBe(false);
    expect(outcome("{2, 3} ForAllOfAnyValues:NumericEquals {2, 3}")).toBe(true);
    expect(outcome("2 ForAnyOfAllValues:NumericEquals {2, 3}")).toBe(false);
    const hns = "@Resource[Microsoft.Storage/storageAccounts:isHnsEnabled] BoolEquals false";
    expect([outcome(hns, READ, { hns: false }), outcome(hns, READ, { hns: true })]).toEqual([true, false]);
  });

  it("reads version 1.0 spellings", () => {
    const text = `@Request[subOperation] ForAnyOfAnyValues:StringEqualsIgnoreCase {'blob.list'}`;
    expect(outcome(text, LIST)).toBe(true);
    expect(outcome(text)).toBe(false);
    const not = "@Request[subOperation] StringNotEquals 'Blob.List'";
    expect([outcome(not, LIST), outcome(not)]).toEqual([false, true]);
    // Only of the request, and only beside values.
    expect(outcome("@Resource[subOperation] StringEquals 'Blob.List'", LIST)).toEqual(["unread"]);
    expect(outcome("@Request[subOperation] StringEquals @Resource[a]", LIST)).toEqual(["unread"]);
    const old = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:ContainerName]";
    expect(outcome(`${old} StringEqualsIgnoreCase 'FOO'`, READ, { container: "foo" })).toBe(true);
  });

  it("is asked where the environment decides, open by item where path or tags decide", () => {
    expect(outcome("@Environment[isPrivateLink] BoolEquals true")).toEqual(["asked"]);
    expect(outcome(`@Resource[${B}/tags:Project<$key_case_sensitive$>] StringEquals 'Cascade'`)).toEqual([
      "item",
    ]);
    expect(
      outcome(
        `@Resource[${B}:path] StringLike 'a/*' AND @Environment[UtcNow] DateTimeLessThan '2030-01-01T00:00:00.0Z'`,
      ),
    ).toEqual(["asked", "path"]);
  });

  it.each([
    [`@Resource[${B}/tags&$keys$&] ForAnyOfAnyValues:StringEquals {'a'}`, ["item"]],
    [`@Resource[${B}:isCurrentVersion] BoolEquals true`, ["item"]],
    ["@Resource[Microsoft.Storage/storageAccounts/encryptionScopes:name] StringEquals 'a'", ["item"]],
    [`@Request[${B}/tags:Project<$key_case_sensitive$>] StringEquals 'a'`, "choice"],
    [`@Request[${B}/tags&$keys$&] ForAnyOfAnyValues:StringEquals {'a'}`, "choice"],
    [`@Request[${B}:versionId] DateTimeEquals '2026-01-01T00:00:00Z'`, ["item"]],
    [`Exists @Request[${B}:snapshot]`, ["item"]],
    ...["roleDefinitionId", "principalId", "principalType"].map(
      (name) =>
        [`@Resource[Microsoft.Authorization/roleAssignments:${name}] StringEquals 'a'`, "choice"] as const,
    ),
    ["@Resource[Microsoft.Storage/storageAccounts:sku] StringEquals 'a'", ["unread"]],
    // Another source is another attribute, whatever its name.
    ["@Principal[Microsoft.Storage/storageAccounts:name] StringEquals 'a'", ["unread"]],
    ["@Request[Microsoft.Storage/storageAccounts:name] StringEquals 'a'", ["unread"]],
    ["@Environment[Microsoft.Storage/storageAccounts:name] StringEquals 'a'", ["unread"]],
  ] as const)("%s is open by %s", (text, expected) => {
    expect(outcome(text, READ, { account: "a", container: "a", hns: true, path: "a" })).toEqual(expected);
  });

  it("is unread where the principal's attributes decide", () => {
    expect(
      outcome("@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Set_A] StringEquals 'x'"),
    ).toEqual(["unread"]);
  });

  it("holds where the caller can choose what it asks for, also under a negation", () => {
    const prefix = `@Request[${B}:prefix] StringStartsWith 'finance/'`;
    expect(outcome(prefix)).toBe("choice");
    expect(outcome(`NOT (${prefix})`)).toBe("choice");
    expect(outcome(`!(${prefix} AND ${CONTAINER} StringEquals 'x')`)).toBe("choice");
    expect(outcome(`!(${prefix} OR ${CONTAINER} StringEquals 'x')`)).toEqual(["place"]);
    expect(outcome(`${prefix} OR ${CONTAINER} StringEquals 'x'`)).toBe("choice");
    expect(outcome(`@Request[${B}:prefix] StringEquals @Request[${B}:versionId]`)).toEqual(["item"]);
    expect(outcome(`@Request[${B}:prefix] StringEquals ${CONTAINER}`)).toEqual(["place"]);
    expect(outcome(`${prefix} AND ${CONTAINER} StringEquals 'x'`)).toEqual(["place"]);
  });

  it("says nothing that holds of what the call cannot bring along", () => {
    const carrying = (...carries: NonNullable<Question["carries"]>) => ({ ...READ, carries });
    const said = {
      prefix: `@Request[${B}:prefix] StringStartsWith 'a'`,
      state: `Exists @Request[${B}:snapshot]`,
      tags: `${CONTAINER} StringEquals @Request[${B}/tags:Project<$key_case_sensitive$>]`,
    } as const;
    for (const [name, text] of Object.entries(said) as [keyof typeof said, string][]) {
      expect(outcome(text, carrying(name))).not.toBe(false);
      for (const other of ["prefix", "state", "tags"] as const)
        if (other !== name) expect(outcome(text, carrying(other))).toBe(false);
      expect(outcome(`${text} OR ${CONTAINER} StringEquals 'x'`, carrying())).toEqual(["place"]);
    }
    expect(outcome(`@Resource[${B}/tags:Project] StringEquals 'a'`, carrying())).toEqual(["item"]);
    expect(outcome("@Request[a:b] StringEquals 'a'", carrying())).toEqual(["unread"]);
  });

  it("accepts bare role ids, with and without dashes, as built-in roles write them", () => {
    const roles = "{8b9dfcab4b774632a6df94bd07820648, c8ae6279-5a0b-4cb2-b3f0-d4d62845742c}";
    const text = `@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals${roles}`;
    expect(outcome(text)).toBe("choice");
  });

  it("keeps a missing attribute false, in a negative comparison too, and where all of its values are asked", () => {
    for (const quantifier of [undefined, { left: "all" as const, right: "all" as const }])
      for (const [left, right] of [
        [[], ["x"]],
        [["x"], []],
      ] as const)
        expect(compareValues({ operator: "StringNotEquals", quantifier }, left, right)).toBe(false);
  });

  it("binds AND tighter than OR, and understands both spellings", () => {
    const yes = `${CONTAINER} StringEquals 'a'`;
    const no = `${CONTAINER} StringEquals 'b'`;
    const place = { container: "a" };
    expect(outcome(`${yes} OR ${no} AND ${no}`, READ, place)).toBe(true);
    expect(outcome(`${yes} || ${no} && ${no}`, READ, place)).toBe(true);
    expect(outcome(`!${no} and not ${no}`, READ, place)).toBe(true);
  });

  it("that is decided in part leaves the rest of it, and no more", () => {
    const rest = "@Environment[isPrivateLink] BoolEquals true";
    for (const text of [
      `${CONTAINER} StringEquals 'a' AND ${rest}`,
      `${CONTAINER} StringEquals 'b' OR ${rest}`,
    ])
      expect(compile(parseCondition(text), READ)(resolveAt({ container: "a" }))).toEqual(
        parseCondition(rest),
      );
  });

  it("compares an attribute with an attribute", () => {
    const text = `${CONTAINER} StringEquals @Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Set_A]`;
    expect(outcome(text)).toEqual(["place", "unread"]);
    expect(outcome(text, READ, { container: "a" })).toEqual(["unread"]);
  });
});

describe("comparisons", () => {
  it("match the whole value in StringLike, with escapes", () => {
    expect(like("a*c", "abcd")).toBe(false);
    expect(like("a*d", "abcd")).toBe(true);
    expect(like("a?c", "abc")).toBe(true);
    expect(like("a\\*c", "abc")).toBe(false);
    expect(like("a\\*c", "a*c")).toBe(true);
    expect(like("*".repeat(50), "")).toBe(true);
  });

  it.each([
    ["b*", "ab", false],
    ["*ab", "aab", true],
    ["*ab", "acb", false],
    ["aa*ab", "aab", false],
    ["a*", "a", true],
    ["ab", "a", false],
    ["a", "ab", false],
    ["a?", "a", false],
    ["\\?", "?", true],
    ["\\?", "a", false],
    ["\\a", "\\a", true],
    // A character is a code point, whatever it takes.
    ["?", "\u{1f600}", true],
    ["??", "\u{1f600}", false],
    ["?a", "\uffffa", true],
  ])("match %s with %s: %s", (pattern, value, expected) => {
    expect(like(pattern, value)).toBe(expected);
  });

  it("do not take exponential time on a hostile pattern", () => {
    expect(like(`${"*a".repeat(200)}b`, "a".repeat(2000))).toBe(false);
  });

  it("quantify over the left values first, then over the right ones", () => {
    const numeric = (quantifier: { left: "any" | "all"; right: "any" | "all" }) =>
      compareValues({ operator: "NumericLessThan", quantifier }, [10, 20], [15, 18]);
    expect(numeric({ left: "any", right: "all" })).toBe(true);
    expect(numeric({ left: "all", right: "any" })).toBe(false);
    expect(numeric({ left: "all", right: "all" })).toBe(false);
    expect(numeric({ left: "any", right: "any" })).toBe(true);
    const allOfAny = { left: "all", right: "any" } as const;
    expect(compareValues({ operator: "NumericLessThan", quantifier: allOfAny }, [10, 16], [15, 18])).toBe(
      true,
    );
    // Without a quantifier one match suffices.
    const plain = { operator: "NumericEquals", quantifier: undefined };
    expect(compareValues(plain, [1, 2], [2, 3])).toBe(true);
    expect(compareValues(plain, [1], [2, 1])).toBe(true);
    expect(compareValues(plain, [1], [2, 3])).toBe(false);
  });

  const LOW_SAME_HIGH: readonly (readonly [string, boolean, boolean, boolean])[] = [
    ["Equals", false, true, false],
    ["NotEquals", true, false, true],
    ["LessThan", true, false, false],
    ["LessThanEquals", true, true, false],
    ["GreaterThan", false, false, true],
    ["GreaterThanEquals", false, true, true],
  ];
  it.each([
    // As numbers and as times, not as texts.
    ["Numeric", 9, 10],
    ["Numeric", "9", "10"],
    ["DateTime", "2024-01-02T00:00:00+02:00", "2024-01-02T00:00:00Z"],
  ])("of type %s order %s before %s", (type, low, high) => {
    for (const [verb, below, same, above] of LOW_SAME_HIGH) {
      const test = (a: string | number, b: string | number) =>
        compareValues({ operator: `${type}${verb}`, quantifier: undefined }, [a], [b]);
      expect([verb, test(low, high), test(low, low), test(high, low)]).toEqual([verb, below, same, above]);
      // What is no number and no time is neither more, nor less, nor equal, nor different.
      expect([test(low, "never"), test("never", low), test("", low)]).toEqual([false, false, false]);
    }
    expect(compareValues({ operator: "NumericEquals", quantifier: undefined }, [0], [" "])).toBe(false);
  });

  it.each([
    ["BoolEquals", true, true, true],
    ["BoolNotEquals", true, true, false],
    ["BoolEquals", "True", true, true],
    ["BoolNotEquals", "False", true, true],
    ["DateTimeEquals", "never", "never", false],
    ["GuidEquals", "8B9DFCAB-4b77-4632-a6df-94bd07820648", "8b9dfcab4b774632a6df94bd07820648", true],
    ["GuidNotEquals", "8B9DFCAB-4b77-4632-a6df-94bd07820648", "8b9dfcab4b774632a6df94bd07820648", false],
    ["StringEquals", "abc", "abc", true],
    ["StringEquals", "abc", "ABC", false],
    ["StringEquals", "abc", "a*", false],
    ["StringEqualsIgnoreCase", "abc", "ABC", true],
    ["StringNotEquals", "abc", "a*", true],
    ["StringLike", "abc", "a*", true],
    ["StringLike", "ABC", "a*", false],
    ["StringStartsWith", "abc", "a", true],
    ["StringStartsWith", "abc", "a*", false],
    ["StringNotStartsWith", "abc", "b", true],
    ["StringStartsWithIgnoreCase", "ABC", "ab", true],
    ["StringNotLikeIgnoreCase", "ABC", "a*", false],
  ] as const)("%s of %s and %s is %s", (operator, a, b, expected) => {
    expect(compareValues({ operator, quantifier: undefined }, [a], [b])).toBe(expected);
  });
});

describe("what cannot be parsed", () => {
  it.each([
    "",
    "(",
    "@Resource[a",
    "@Resource[a] StringEquals",
    "@Resource[a] Resembles 'x'",
    "ActionMatches{1}",
    "ActionMatches{'a'} extra",
    "'a' StringEquals {}",
    "@Resource[a] StringEquals !",
    "ActionMatches('a'",
    // Not one comparison but the whole: nobody knows where the comparison ends.
    "@Resource[a] 'x' 'y' OR Exists @Resource[b]",
    "@Resource[a] AND 'y' OR Exists @Resource[b]",
    `${"(".repeat(101)}Exists @Resource[b]${")".repeat(101)}`,
    "(".repeat(10_000),
    "x".repeat(40_000),
  ])("is kept as unparsed: %.30s", (text) => {
    expect(readCondition(text)).toEqual({ op: "unparsed", text });
  });

  it("is not what is nested a hundred times", () => {
    expect(parseCondition(`${"(".repeat(100)}Exists @Resource[b]${")".repeat(100)}`).op).toBe("exists");
  });

  it("is what is longer than ARM accepts by far", () => {
    const text = "Exists @Resource[a]".padEnd(32_768);
    expect(readCondition(text).op).toBe("exists");
    expect(readCondition(`${text} `)).toEqual({ op: "unparsed", text: `${text} ` });
  });

  it("is not what the parser itself stumbles over", () => {
    expect(() => readCondition(undefined as unknown as string)).toThrow(TypeError);
  });

  it("never crashes or hangs, on random text nor on random mixtures of its own words", () => {
    const words = fc.constantFrom(
      ..."( ) { } , ! && || AND OR NOT Exists ActionMatches StringEquals 'a' 1 true @Resource[x:y]".split(
        " ",
      ),
      "ForAllOfAnyValues:StringLike",
      "'",
      "''",
      "\\",
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(words, { maxLength: 30 }).map((parts) => parts.join(" ")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const expr = readCondition(text);
        const result = compile(expr, READ)(resolveAt({}));
        if (typeof result !== "boolean") {
          openCauses(result, resolveAt({}));
          inWords(result);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it("decides like Kleene: knowing more never changes a decided outcome", () => {
    const leaf: fc.Arbitrary<Expr> = fc
      .constantFrom(
        `${CONTAINER} StringEquals 'a'`,
        "@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'a'",
        "@Resource[Microsoft.Storage/storageAccounts:isHnsEnabled] BoolEquals true",
        `ActionMatches{'${B}/read'}`,
      )
      .map(parseCondition);
    const { tree } = fc.letrec<{ tree: Expr }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc.record({
          op: fc.constantFrom("and" as const, "or" as const),
          args: fc.array(tie("tree"), { minLength: 1, maxLength: 3 }),
        }),
        fc.record({ op: fc.constant("not" as const), arg: tie("tree") }),
      ),
    }));
    const place = fc.record({
      account: fc.constantFrom("a", "b"),
      container: fc.constantFrom("a", "b"),
      hns: fc.boolean(),
    });
    fc.assert(
      fc.property(tree, place, (expr, full) => {
        const all = compile(expr, READ)(resolveAt(full));
        expect(typeof all).toBe("boolean");
        const some = compile(expr, READ)(resolveAt({ account: full.account }));
        if (typeof some === "boolean") expect(some).toBe(all);
        else expect(compile(some, READ)(resolveAt(full))).toBe(all);
      }),
    );
  });
});

it("says a residual in words", () => {
  const text = `@Request[${B}:prefix] StringStartsWith 'f/' AND (@Resource[${B}/tags:Project<$key_case_sensitive$>] StringNotEquals 'X' OR NOT @Environment[isPrivateLink] BoolEquals true)`;
  expect(inWords(parseCondition(text))).toBe(
    "request: blob prefix starts with 'f/' and (resource: blob tag Project is not 'X' or not environment: private link is true)",
  );
});

it.each([
  ["Exists @Environment[UtcNow]", "environment: time is given"],
  ["ActionMatches{'a', 'b'}", "action is 'a' or 'b'"],
  ["SubOperationMatches{'a'}", "operation is 'a'"],
  [
    "NOT (Exists @Resource[a] AND Exists @Resource[b])",
    "not (resource: a is given and resource: b is given)",
  ],
  [
    "(@Resource[a] NumericLessThan 1 OR @Resource[a] BoolEquals true) AND NOT Exists @Resource[a]",
    "(resource: a is less than 1 or resource: a is true) and not resource: a is given",
  ],
  [
    "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/metadata:Team] StringEquals 'x'",
    "resource: container metadata Team is 'x'",
  ],
  ["@Resource[a] Resembles 'x'", "a condition that was not understood: @Resource[a] Resembles 'x'"],
])("says %s in words", (text, words) => {
  expect(inWords(parseCondition(text))).toBe(words);
});

it("has words for every operator", () => {
  const words = OPERATORS.map((operator) => inWords(parseCondition(`@Resource[a] ${operator} 'x'`)));
  expect(
    words.filter((text) => !/^resource: a (is|does|starts) [a-z ]*'x'$|^resource: a is 'x'$/.test(text)),
  ).toEqual([]);
  expect(new Set(words).size).toBe(10);
});
