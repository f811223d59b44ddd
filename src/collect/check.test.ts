import { describe, expect, test } from "vitest";
import { parseConfig } from "../config.ts";
import type { Connector, Permission } from "../connector.ts";
import { ConfigError, PermissionError, StoreError } from "../model.ts";
import { type CheckOptions, type CheckRow, check } from "./check.ts";
import type { Transport } from "./http.ts";

const TENANT = "11111111-2222-3333-4444-555555555555";
const source = `tenants:
  - id: ${TENANT}
    name: Contoso
    connectors:
      a: { credential: { kind: developer } }
`;
const load = async () => ({
  config: parseConfig(source, "forereach.yaml", ["a", "b"], {}).config,
  warnings: [],
});

const need = (kind: Permission["kind"], name: string): Permission => ({
  ...{ kind, name, why: "", risk: "", doc: "" },
});
const connector = (name: string, ...needs: Permission[]): Connector => ({
  ...{ name, title: name },
  steps: [
    {
      ...{ id: `${name}.step`, title: name, produces: [], reads: [], hides: "grants", needs },
      async *crawl() {},
    },
  ],
});

const jwt = (payload: object) =>
  `eyJhbGciOiJub25lIn0.${Buffer.from(JSON.stringify(payload)).toString("base64url")}.signature`;

function subscriptions(answer: () => unknown[]): Transport {
  const offline = async (): Promise<never> => {
    throw new Error("no network");
  };
  return {
    ...{ get: offline, batch: offline },
    async *pages<T>() {
      // The transport hands on what it parsed, as the caller says it is.
      const items: T[] = JSON.parse(JSON.stringify(answer()));
      yield { items };
    },
    blobs() {
      throw new Error("no network");
    },
  };
}

async function rows(connectors: Connector[], token: string | Error, options: Partial<CheckOptions> = {}) {
  const found: CheckRow[] = [];
  const all: CheckOptions = {
    ...{ config: load, connectors, loadEngine: async () => {}, signal: new AbortController().signal },
    credential: async () => ({
      async getToken() {
        if (token instanceof Error) throw token;
        return { token, expiresOnTimestamp: 0 };
      },
    }),
    ...options,
  };
  for await (const row of check(all)) found.push(row);
  return found;
}

const find = (found: CheckRow[], what: string) => found.find((row) => row.what.includes(what));

describe("before signing in", () => {
  test("of a wrong configuration every mistake is told, not the first alone", async () => {
    const found = await rows([connector("a")], jwt({}), {
      config: async () => ({
        config: parseConfig("tenant: x\nlevl: y\n", "f.yaml", ["a"], {}).config,
        warnings: [],
      }),
    });
    expect(found[0]).toMatchObject({ what: "configuration", state: "failed" });
    for (const mistake of [/f\.yaml:1: tenant is not known/, /f\.yaml:2: levl is not known/])
      expect(found[0]?.detail).toMatch(mistake);
  });

  test("a wrong configuration is told with its fix, and the rest is checked all the same", async () => {
    const found = await rows([connector("a")], "", {
      config: async () => {
        throw new ConfigError("config-missing", "there is no such file", "forereach init");
      },
      openInventory: async () => {
        throw new StoreError("locked", "another scan holds it", "wait for it");
      },
      loadEngine: async () => {
        throw new Error("GLIBC is too old");
      },
    });
    expect(found).toEqual([
      { what: "configuration", state: "failed", detail: "there is no such file", fix: "forereach init" },
      { what: "graph engine", state: "failed", detail: "GLIBC is too old" },
      { what: "inventory", state: "failed", detail: "another scan holds it", fix: "wait for it" },
    ]);
  });

  test("the embedded engine that is installed loads", async () => {
    const found: CheckRow[] = [];
    const signal = new AbortController().signal;
    for await (const row of check({ config: load, connectors: [], signal })) found.push(row);
    expect(find(found, "graph engine")?.state).toBe("ok");
  });

  test("an inventory that opens is closed again", async () => {
    let closed = 0;
    const openInventory = async () => ({
      async close() {
        closed += 1;
      },
    });
    expect(find(await rows([], "", { openInventory }), "inventory")?.state).toBe("ok");
    expect(closed).toBe(1);
  });

  test("a connector that is not configured is skipped", async () => {
    expect(find(await rows([connector("b")], ""), "Contoso, b")).toMatchObject({ state: "skipped" });
  });
});

describe("sign-in", () => {
  const users = connector("a", need("graph", "User.Read.All"));

  test("a refused sign-in fails with the first line of the answer and no token in it", async () => {
    const error = new Error(`AADSTS7000215: wrong secret ${jwt({ tid: TENANT })}\nTrace: 1`);
    const row = find(await rows([users], error), "sign-in");
    expect(row).toMatchObject({ state: "failed", detail: "AADSTS7000215: wrong secret (token)" });
    expect(row?.fix).toContain("credential of a");
  });

  test("a token of another tenant is a failure", async () => {
    const row = find(await rows([users], jwt({ tid: "other", roles: [] })), "sign-in");
    expect(row).toMatchObject({ state: "failed", fix: `sign in to tenant ${TENANT}` });
  });

  test.each([
    [{ roles: ["User.Read.All"] }, "ok"],
    [{ roles: ["User.ReadWrite.All"] }, "ok"],
    [{ roles: ["Directory.Read.All"] }, "ok"],
    [{ roles: ["Mail.Read"] }, "missing"],
    [{}, "missing"],
    [{ scp: "User.Read" }, "skipped"],
  ])("a token with %j: the permission is %s", async (claims, state) => {
    const row = find(await rows([users], jwt({ tid: TENANT, ...claims })), "User.Read.All");
    expect(row?.state).toBe(state);
  });

  test("Directory.Read.All stands for a permission but where a step needs that itself", async () => {
    const step = (id: string, itself: boolean) => ({
      ...connector("a").steps[0]!,
      id,
      needs: [{ ...need("graph", "Application.Read.All"), itself }],
    });
    const two = { ...connector("a"), steps: [step("a.listed", false), step("a.trusted", true)] };
    const rowFor = async (...roles: string[]) =>
      find(await rows([two], jwt({ tid: TENANT, roles })), "Application.Read.All");
    const row = await rowFor("Directory.Read.All");
    expect(row).toMatchObject({ state: "missing", detail: "the token lacks it; needed by a.trusted" });
    expect((await rowFor("Directory.Read.All", "Application.Read.All"))?.state).toBe("ok");
  });

  test("a missing permission names the step and what to type", async () => {
    const row = find(await rows([users], jwt({ tid: TENANT })), "User.Read.All");
    expect(row?.detail).toContain("a.step");
    expect(row?.fix).toContain("forereach permissions");
  });

  test("a token that is no JWT is not guessed about, nor shown", async () => {
    const found = await rows([users], "secret.opaque-token.x");
    expect(find(found, "User.Read.All")?.state).toBe("skipped");
    expect(JSON.stringify(found)).not.toContain("opaque-token");
  });
});

describe("Azure", () => {
  const arm = connector("a", need("azure", "Reader"), need("azure", "Storage Blob Data Reader"));
  const token = jwt({ tid: TENANT });

  test("subscriptions that can be seen prove Reader; data roles are not guessed about", async () => {
    const found = await rows([arm], token, { http: () => subscriptions(() => [{}, {}]) });
    expect(find(found, "a: Reader")).toMatchObject({
      state: "ok",
      detail: "sees 2 subscriptions; for a.step",
    });
    expect(find(found, "Storage Blob Data Reader")?.state).toBe("skipped");
  });

  test("no subscription is a missing role and not an empty tenant", async () => {
    const found = await rows([arm], token, { http: () => subscriptions(() => []) });
    expect(find(found, "a: Reader")).toMatchObject({ state: "missing" });
    expect(find(found, "a: Reader")?.fix).toContain("root management group");
  });

  test("a refused read is missing, any other failure is a failure", async () => {
    const failing = (error: Error) => () =>
      subscriptions(() => {
        throw error;
      });
    const refused = new PermissionError("forbidden", "403", "grant Reader");
    expect(find(await rows([arm], token, { http: failing(refused) }), "a: Reader")).toMatchObject({
      ...{ state: "missing", fix: "grant Reader" },
    });
    const found = await rows([arm], token, { http: failing(new Error("timeout")) });
    expect(find(found, "a: Reader")?.state).toBe("failed");
  });
});
