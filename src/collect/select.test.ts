import { describe, expect, test } from "vitest";
import { createAgentSelector, createScopeFilter, globMatches } from "./select.ts";

test("a glob covers the whole name, whatever its case, and takes other signs literally", () => {
  expect(globMatches("bot-*", "Bot-7")).toBe(true);
  expect(globMatches("bot-?", "bot-77")).toBe(false);
  expect(globMatches("a.b", "axb")).toBe(false);
  expect(globMatches("(x)*", "(x) y")).toBe(true);
});

describe("which identities are agents", () => {
  const app = { id: "O1", appId: "A1", name: "Invoice bot", kind: "ServicePrincipal", tags: ["ai", "prod"] };

  test("by default none besides those that Entra itself calls agents", () => {
    expect(createAgentSelector({ source: "entra", list: [] })(app)).toBeUndefined();
  });

  test("every workload identity on request, people never", () => {
    const isAgent = createAgentSelector({ source: "service-principals", list: [] });
    expect(isAgent(app)).toBe("option: --agents service-principals");
    expect(isAgent({ id: "m", kind: "ManagedIdentity" })).toBe("option: --agents service-principals");
    expect(isAgent({ id: "u", kind: "User" })).toBeUndefined();
  });

  test.each([
    [{ id: "o1" }, "configuration: id o1"],
    [{ appId: "a1" }, "configuration: appId a1"],
    [{ name: "*bot*" }, "configuration: name *bot*"],
    [{ tag: "AI" }, "configuration: tag AI"],
    [{ kind: "ServicePrincipal", name: "Inv*" }, "configuration: kind ServicePrincipal, name Inv*"],
  ])("the user's own list names it by %j", (match, evidence) => {
    expect(createAgentSelector({ source: "entra", list: [match] })(app)).toBe(evidence);
  });

  test("all that one line of the list gives must match, and an empty line matches nothing", () => {
    const isAgent = createAgentSelector({ source: "entra", list: [{ kind: "User", name: "*" }, {}] });
    expect(isAgent(app)).toBeUndefined();
  });
});

describe("which scopes are read", () => {
  const sub = "/subscriptions/1";

  test("all, if nothing is said", () => {
    expect(createScopeFilter({ include: [], exclude: [] })(sub)).toBe(true);
  });

  test("an excluded scope takes along what lies below it and nothing beside it", () => {
    const includes = createScopeFilter({ include: [], exclude: ["/Subscriptions/1/"] });
    expect(includes(sub)).toBe(false);
    expect(includes("/subscriptions/1/resourcegroups/rg")).toBe(false);
    expect(includes("/subscriptions/12")).toBe(true);
  });

  test("an included scope lets in what stands above it, where grants come down from", () => {
    const includes = createScopeFilter({ include: [`${sub}/resourcegroups/rg`], exclude: [] });
    expect(includes("/")).toBe(true);
    expect(includes("/providers/microsoft.management/managementgroups/root")).toBe(true);
    expect(includes(sub)).toBe(true);
    expect(includes(`${sub}/resourcegroups/rg/providers/x`)).toBe(true);
    expect(includes(`${sub}/resourcegroups/other`)).toBe(false);
  });

  test("a list of subscriptions says nothing about other kinds of scope", () => {
    const includes = createScopeFilter({ include: [sub], exclude: [] });
    expect(includes("plane:sharepoint")).toBe(true);
    expect(includes("https://contoso.sharepoint.com/sites/hr")).toBe(true);
  });
});
