import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Expr, parseCondition, readCondition } from "./condition.ts";
import { compareValues, like } from "./condition-compare.ts";
import { compile, openCauses, type Place, type Question, resolveAt } from "./condition-evaluate.ts";
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

  it("reads version 1.0 spellings", () => {
    const text = `@Request[subOperation] ForAnyOfAnyValues:StringEqualsIgnoreCase {'blob.list'}`;
    expect(outcome(text, LIST)).toBe(true);
    expect(outcome(text)).toBe(false);
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
    expect(outcome(`${prefix} AND ${CONTAINER} StringEquals 'x'`)).toEqual(["place"]);
  });

  it("accepts bare role ids, with and without dashes, as built-in roles write them", () => {
    const roles = "{8b9dfcab4b774632a6df94bd07820648, c8ae6279-5a0b-4cb2-b3f0-d4d62845742c}";
    const text = `@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals${roles}`;
    expect(outcome(text)).toBe("choice");
  });

  it("keeps a missing attribute false, in a negative comparison too", () => {
    expect(compareValues({ operator: "StringNotEquals", quantifier: undefined }, [], ["x"])).toBe(false);
  });

  it("binds AND tighter than OR, and understands both spellings", () => {
    const yes = `${CONTAINER} StringEquals 'a'`;
    const no = `${CONTAINER} StringEquals 'b'`;
    const place = { container: "a" };
    expect(outcome(`${yes} OR ${no} AND ${no}`, READ, place)).toBe(true);
    expect(outcome(`${yes} || ${no} && ${no}`, READ, place)).toBe(true);
    expect(outcome(`!${no} and not ${no}`, READ, place)).toBe(true);
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

  it("quantify over the left values first, then over the right ones", () => {
    const numeric = (quantifier: { left: "any" | "all"; right: "any" | "all" }) =>
      compareValues({ operator: "NumericLessThan", quantifier }, [10, 20], [15, 18]);
    expect(numeric({ left: "any", right: "all" })).toBe(true);
    expect(numeric({ left: "all", right: "any" })).toBe(false);
    expect(numeric({ left: "all", right: "all" })).toBe(false);
    expect(numeric({ left: "any", right: "any" })).toBe(true);
  });

  it.each([
    ["BoolEquals", true, true, true],
    ["BoolNotEquals", true, true, false],
    ["NumericGreaterThanEquals", 2, 2, true],
    ["NumericLessThanEquals", 3, 2, false],
    ["DateTimeGreaterThan", "2024-01-02T00:00:00.0000000Z", "2024-01-01T00:00:00.0Z", true],
    ["DateTimeEquals", "never", "never", false],
    ["GuidEquals", "8B9DFCAB-4b77-4632-a6df-94bd07820648", "8b9dfcab4b774632a6df94bd07820648", true],
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
    "(".repeat(10_000),
    "x".repeat(40_000),
  ])("is kept as unparsed: %.30s", (text) => {
    expect(readCondition(text)).toEqual({ op: "unparsed", text });
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
