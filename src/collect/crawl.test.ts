import { describe, expect, test } from "vitest";
import { createMemoryInventory } from "../../test/memory-inventory.ts";
import type { Connector, Page, Scope, Step, StepContext } from "../connector.ts";
import { openInventory } from "../keep/inventory.ts";
import { CursorExpired, Interrupted, PermissionError, ProviderError, StoreError } from "../model.ts";
import { type CrawlOptions, crawl } from "./crawl.ts";
import type { Transport } from "./http.ts";
import type { CrawlInventory } from "./pass.ts";
import type { CrawlEvent } from "./progress.ts";

/** Steps of these tests ask the network for nothing. */
const offline = async (): Promise<never> => {
  throw new Error("no network");
};
const http: Transport = {
  get: offline,
  batch: offline,
  // biome-ignore lint/correctness/useYield: it only throws
  async *pages() {
    throw new Error("no network");
  },
  blobs() {
    throw new Error("no network");
  },
};

const put = (...ids: string[]): Page => ({
  changes: ids.map((id) => ({ put: { kind: "Principal", id, props: { name: id } } })),
});

function step(id: string, parts: Partial<Step>): Step {
  return {
    ...{ id, title: id, produces: ["Principal"], reads: [], hides: "grants", needs: [] },
    async *crawl() {
      yield put(id);
    },
    ...parts,
  };
}

const connector = (name: string, ...steps: Step[]): Connector => ({ name, title: name, steps });

function run(inventory: CrawlInventory, connectors: Connector[], options: Partial<CrawlOptions> = {}) {
  return crawl({
    ...{ connectors, inventory, http, tenantId: "t", level: "metadata", mode: "full" },
    signal: new AbortController().signal,
    ...options,
  });
}

async function* scopesOf(...ids: string[]): AsyncGenerator<Scope> {
  for (const id of ids) yield { id };
}

const refuse = (message = "403") => new PermissionError("forbidden", message, "ask");

describe("order", () => {
  test("a step starts when all it comes after has ended, whatever the order of declaration", async () => {
    const log: string[] = [];
    const logged = (id: string, after: string[]) =>
      step(id, {
        after,
        async *crawl() {
          log.push(id);
          yield put(id);
        },
      });
    const steps = [logged("a.last", ["a.middle"]), logged("a.middle", ["b.first"])];
    await run(createMemoryInventory(), [connector("a", ...steps), connector("b", logged("b.first", []))]);
    expect(log).toEqual(["b.first", "a.middle", "a.last"]);
  });

  test("a step that only follows another starts later, and does not inherit its gaps", async () => {
    const inventory = createMemoryInventory();
    const log: string[] = [];
    const first = step("a.first", {
      async *crawl() {
        await new Promise((resolve) => setImmediate(resolve));
        log.push("a.first");
        yield put("p1");
        throw refuse();
      },
    });
    const second = step("a.second", {
      follows: ["a.first"],
      async *crawl() {
        log.push("a.second");
        yield put("p2");
      },
    });
    await run(inventory, [connector("a", second, first)]);
    expect(log).toEqual(["a.first", "a.second"]);
    expect(inventory.states()).toEqual({ "a.first": "partial", "a.second": "complete" });
  });

  test("steps that wait for each other over both kinds of order are refused", async () => {
    const steps = [step("a.one", { after: ["a.two"] }), step("a.two", { follows: ["a.one"] })];
    await expect(run(createMemoryInventory(), [connector("a", ...steps)])).rejects.toThrow(
      "internal: steps wait for each other: a.one -> a.two -> a.one",
    );
  });

  test("a step that follows one that does not exist is refused", async () => {
    const broken = [connector("a", step("a.one", { follows: ["a.gone"] }))];
    await expect(run(createMemoryInventory(), broken)).rejects.toThrow("a.gone");
  });

  test("steps that wait for each other are refused before anything is read", async () => {
    const inventory = createMemoryInventory();
    const steps = [step("a.one", { after: ["a.two"] }), step("a.two", { after: ["a.one"] })];
    await expect(run(inventory, [connector("a", ...steps)])).rejects.toThrow("a.one -> a.two -> a.one");
    expect(inventory.scans).toEqual([]);
  });

  test("a step after one that does not exist is refused", async () => {
    const broken = [connector("a", step("a.one", { after: ["a.gone"] }))];
    await expect(run(createMemoryInventory(), broken)).rejects.toThrow("a.gone");
  });

  test("no more passes run at a time than the concurrency allows", async () => {
    let open = 0;
    let most = 0;
    const wide = step("a.wide", {
      scopes: () => scopesOf(...Array.from({ length: 40 }, (_, i) => `s${i}`)),
      async *crawl(_c, { scope }) {
        open += 1;
        most = Math.max(most, open);
        await new Promise((resolve) => setImmediate(resolve));
        yield put(scope);
        open -= 1;
      },
    });
    const summary = await run(createMemoryInventory(), [connector("a", wide)], { concurrency: 3 });
    expect(most).toBe(3);
    expect(summary.counts).toEqual({ steps: 1, passes: 40, pages: 40, records: 40 });
  });
});

describe("errors become coverage, once a scope", () => {
  test("a refused scope is denied, names the permission to grant, and stops no other", async () => {
    const inventory = createMemoryInventory();
    const sites = step("a.sites", {
      needs: [{ kind: "graph", name: "Sites.Read.All", why: "", risk: "", doc: "" }],
      scopes: () => scopesOf("s1", "s2", "s3"),
      async *crawl(_c, { scope }) {
        if (scope === "s2") throw refuse();
        yield put(scope);
      },
    });
    await run(inventory, [connector("a", sites)]);
    expect(inventory.states()).toEqual({
      "a.sites s1": "complete",
      "a.sites s2": "denied",
      "a.sites s3": "complete",
      "a.sites": "complete",
    });
    expect(inventory.find("a.sites", "s2")?.fix).toContain("Graph application permission Sites.Read.All");
  });

  test("where no token could be had, the credential is to be mended and no permission granted", async () => {
    const inventory = createMemoryInventory();
    const users = step("a.users", {
      needs: [{ kind: "graph", name: "User.Read.All", why: "", risk: "", doc: "" }],
      // biome-ignore lint/correctness/useYield: it only throws
      async *crawl() {
        throw new PermissionError("sign-in", "no token", "check the credential");
      },
    });
    await run(inventory, [connector("a", users)]);
    expect(inventory.find("a.users")).toMatchObject({ state: "denied", fix: "check the credential" });
  });

  test("a pass that dies half way deletes nothing that was known", async () => {
    const inventory = createMemoryInventory();
    let dies = false;
    const users = step("a.users", {
      async *crawl() {
        yield put("u1");
        if (dies) throw new ProviderError("server", "500");
        yield put("u2");
      },
    });
    await run(inventory, [connector("a", users)]);
    dies = true;
    await run(inventory, [connector("a", users)]);
    expect(inventory.ids("a.users")).toEqual(["u1", "u2"]);
    expect(inventory.find("a.users")).toMatchObject({ state: "partial", reason: "500" });
  });

  test("what a recording lacks has failed, in these words", async () => {
    const inventory = createMemoryInventory();
    const users = step("a.users", {
      // biome-ignore lint/correctness/useYield: it only throws
      async *crawl() {
        throw new ProviderError("not-recorded", "GET https://x/y was not recorded");
      },
    });
    await run(inventory, [connector("a", users)]);
    expect(inventory.find("a.users")).toMatchObject({ state: "failed", reason: "not in the recording" });
  });

  test("a mistake in a step is a failed part and not the end of the scan", async () => {
    const inventory = createMemoryInventory();
    const bad = step("a.bad", {
      // biome-ignore lint/correctness/useYield: it only throws
      async *crawl() {
        throw new TypeError("x is undefined");
      },
    });
    await run(inventory, [connector("a", bad, step("a.good", {}))]);
    expect(inventory.states()).toEqual({ "a.bad": "failed", "a.good": "complete" });
  });

  test("a store that fails ends the crawl with its error and leaves the scan to be continued", async () => {
    const inventory = createMemoryInventory();
    inventory.dieAfter(1);
    const steps = [step("a.one", {}), step("a.two", { after: ["a.one"] })];
    await expect(run(inventory, [connector("a", ...steps)])).rejects.toThrow(StoreError);
    expect(inventory.scans[0]?.state).toBe("running");
    expect(inventory.states()).toEqual({ "a.one": "complete" });
  });

  test("a store error that comes through a step's own code is not taken for a failure of the tenant", async () => {
    const inventory = createMemoryInventory();
    const reads = step("a.reads", {
      // biome-ignore lint/correctness/useYield: it only throws
      async *crawl() {
        throw new StoreError("disk", "cannot read");
      },
    });
    await expect(run(inventory, [connector("a", reads)])).rejects.toThrow("cannot read");
    expect(inventory.states()).toEqual({});
  });
});

describe("lists of scopes", () => {
  test("a list that breaks off keeps the scopes known before and says so for the whole step", async () => {
    const inventory = createMemoryInventory();
    let broken = false;
    const sites = step("a.sites", {
      async *scopes() {
        yield { id: "s1" };
        if (broken) throw refuse();
        yield { id: "s2" };
      },
      async *crawl(_c, { scope }) {
        yield put(scope);
      },
    });
    await run(inventory, [connector("a", sites)]);
    broken = true;
    await run(inventory, [connector("a", sites)]);
    expect(inventory.find("a.sites")?.state).toBe("denied");
    expect(inventory.ids("a.sites", "s2")).toEqual(["s2"]);
  });

  test("a complete list drops scopes that are gone, one that rests on an unread step does not", async () => {
    const inventory = createMemoryInventory();
    let refused = false;
    let all = ["s1", "s2", "s3"];
    const parents = step("a.parents", {
      async *crawl() {
        if (refused) throw refuse();
        yield put("p");
      },
    });
    const sites = step("a.sites", {
      after: ["a.parents"],
      scopes: () => scopesOf(...all),
      async *crawl(_c, { scope }) {
        yield put(scope);
      },
    });
    const connectors = [connector("a", parents, sites)];
    await run(inventory, connectors);
    all = ["s1", "s2"];
    await run(inventory, connectors);
    expect(inventory.find("a.sites", "s3")).toBeUndefined();
    all = ["s1"];
    refused = true;
    await run(inventory, connectors);
    expect(inventory.find("a.sites", "s2")?.state).toBe("complete");
    expect(inventory.find("a.sites")).toMatchObject({
      state: "partial",
      reason: "scopes come from a.parents, which is denied",
    });
  });

  test("a step without scopes that builds on an unread step is at most partial and deletes nothing", async () => {
    const inventory = createMemoryInventory();
    let failing = false;
    const groups = step("a.groups", {
      async *crawl() {
        if (failing) throw new ProviderError("server", "503");
        yield put("g1", "g2");
      },
    });
    const members = step("a.members", {
      after: ["a.groups"],
      async *crawl() {
        yield failing ? put("m1") : put("m1", "m2");
      },
    });
    await run(inventory, [connector("a", groups, members)]);
    failing = true;
    await run(inventory, [connector("a", groups, members)]);
    expect(inventory.ids("a.members")).toEqual(["m1", "m2"]);
    expect(inventory.find("a.members")).toMatchObject({
      state: "partial",
      reason: "it builds on a.groups, which is failed",
    });
  });
});

describe("what the configuration leaves out is said", () => {
  test("steps above the level and connectors that are not configured are skipped", async () => {
    const inventory = createMemoryInventory();
    const connectors = [
      connector("a", step("a.names", {}), step("a.bytes", { level: "labels" })),
      connector("b", step("b.any", {})),
    ];
    await run(inventory, connectors, { configured: new Set(["a"]) });
    expect(inventory.states()).toEqual({ "a.names": "complete", "a.bytes": "skipped", "b.any": "skipped" });
    expect(inventory.find("a.bytes")?.reason).toBe("needs level labels, the scan is at metadata");
  });

  test("an excluded scope is skipped, also where a step itself leaves it out", async () => {
    const inventory = createMemoryInventory();
    const listed = step("a.listed", {
      scopes: () => scopesOf("/subscriptions/1", "/subscriptions/2"),
      async *crawl(_c, { scope }) {
        yield put(scope);
      },
    });
    const inner = step("a.inner", {
      async *crawl(c: StepContext) {
        for (const id of ["/subscriptions/1", "/subscriptions/2"]) if (c.includes(id)) yield put(id);
      },
    });
    const scopes = { include: [], exclude: ["/subscriptions/2"] };
    await run(inventory, [connector("a", listed, inner)], { scopes });
    expect(inventory.states()).toEqual({
      "a.listed": "complete",
      "a.listed /subscriptions/1": "complete",
      "a.listed /subscriptions/2": "skipped",
      "a.inner": "complete",
      "a.inner /subscriptions/2": "skipped",
    });
    await run(inventory, [connector("a", listed, inner)]);
    expect(inventory.states()).toEqual({
      "a.listed": "complete",
      "a.listed /subscriptions/1": "complete",
      "a.listed /subscriptions/2": "complete",
      "a.inner": "complete",
    });
  });
});

describe("gaps that pages name", () => {
  test("a gap of this step makes the pass partial", async () => {
    const inventory = createMemoryInventory();
    const members = step("a.members", {
      async *crawl() {
        yield { ...put("m"), gaps: [{ step: "a.members", scope: "g1", state: "denied", reason: "hidden" }] };
      },
    });
    await run(inventory, [connector("a", members)]);
    expect(inventory.states()).toEqual({ "a.members": "partial", "a.members g1": "denied" });
  });

  test("a gap of another id is coverage of that id, and goes when a full read no longer names it", async () => {
    const inventory = createMemoryInventory();
    let hidden = true;
    const roles = step("a.roles", {
      async *crawl() {
        const gap = { step: "a.conditions", scope: "", state: "failed", reason: "old version" } as const;
        yield hidden ? { ...put("r"), gaps: [gap] } : put("r");
      },
    });
    await run(inventory, [connector("a", roles)]);
    expect(inventory.states()).toEqual({ "a.roles": "complete", "a.conditions": "failed" });
    hidden = false;
    await run(inventory, [connector("a", roles)]);
    expect(inventory.states()).toEqual({ "a.roles": "complete" });
  });
});

test("a gap of another id goes with its own scope, whatever failed elsewhere", async () => {
  const inventory = createMemoryInventory();
  let mended = false;
  const blobs = step("a.blobs", {
    scopes: () => scopesOf("c1", "c2", "c3"),
    async *crawl(_c, { scope }) {
      if (scope === "c3") throw refuse();
      const gap = { step: "a.labels", scope, state: "failed", reason: "cut short" } as const;
      yield mended && scope === "c1" ? put(scope) : { ...put(scope), gaps: [gap] };
    },
  });
  await run(inventory, [connector("a", blobs)]);
  mended = true;
  await run(inventory, [connector("a", blobs)]);
  expect(inventory.find("a.labels", "c1")).toBeUndefined();
  expect(inventory.find("a.labels", "c2")?.state).toBe("failed");
});

describe("delta and expired cursors", () => {
  const tokens = (answers: { delta: () => Page }, log: string[]) =>
    step("a.users", {
      delta: true,
      async *crawl(_c, pass) {
        log.push(pass.mode);
        if (pass.mode === "delta") yield answers.delta();
        else yield { ...put("u1", "u2"), deltaToken: "t1" };
      },
    });

  test("a delta pass adds and removes, and deletes nothing that it does not name", async () => {
    const inventory = createMemoryInventory();
    const log: string[] = [];
    const delta = (): Page => ({ changes: [{ remove: { kind: "Principal", id: "u1" } }], deltaToken: "t2" });
    const connectors = [connector("a", tokens({ delta }, log))];
    await run(inventory, connectors, { mode: "delta" });
    await run(inventory, connectors, { mode: "delta" });
    expect(log).toEqual(["full", "delta"]);
    expect(inventory.ids("a.users")).toEqual(["u2"]);
  });

  test.each([
    ["expired", new CursorExpired("gone", "410")],
    ["refused", refuse()],
    ["not in the recording", new ProviderError("not-recorded", "missing")],
  ])("a delta that is %s becomes one full pass", async (_why, error) => {
    const inventory = createMemoryInventory();
    const log: string[] = [];
    const delta = (): Page => {
      throw error;
    };
    const connectors = [connector("a", tokens({ delta }, log))];
    await run(inventory, connectors, { mode: "delta" });
    await run(inventory, connectors, { mode: "delta" });
    expect(log).toEqual(["full", "delta", "full"]);
    expect(inventory.states()).toEqual({ "a.users": "complete" });
  });

  test("a service that says 410 for ever is a failure and no loop", async () => {
    const inventory = createMemoryInventory();
    const users = step("a.users", {
      // biome-ignore lint/correctness/useYield: it only throws
      async *crawl() {
        throw new CursorExpired("gone", "410");
      },
    });
    await run(inventory, [connector("a", users)]);
    expect(inventory.states()).toEqual({ "a.users": "failed" });
  });

  test("a token is not used under other options", async () => {
    const inventory = createMemoryInventory();
    const log: string[] = [];
    const connectors = [connector("a", tokens({ delta: () => put() }, log))];
    await run(inventory, connectors, { mode: "delta" });
    const agents = { source: "service-principals", list: [] } as const;
    await run(inventory, connectors, { mode: "delta", agents });
    expect(log).toEqual(["full", "full"]);
  });
});

describe("kill, interruption and resume", () => {
  const paged = (log: string[]): Connector => {
    const users = step("a.users", {
      async *crawl(_c, { cursor }) {
        for (let page = Number(cursor ?? "0"); page < 4; page += 1) {
          log.push(`users ${page}`);
          yield { ...put(`u${page}`), ...(page < 3 ? { cursor: String(page + 1) } : {}) };
        }
      },
    });
    const sites = step("a.sites", {
      after: ["a.users"],
      async *scopes(c) {
        for await (const user of c.known("Principal")) yield { id: `site of ${user.id}` };
      },
      async *crawl(_c, { scope }) {
        log.push(scope);
        yield { changes: [{ put: { kind: "Scope", id: scope, props: {} } }] };
      },
    });
    return connector("a", users, sites);
  };

  test("asks the tenant for nothing that was imported", async () => {
    const inventory = createMemoryInventory();
    const imported = await inventory.begin("import.hr", "", { mode: "full", fingerprint: "f" });
    await imported.apply(put("g1"));
    await imported.finish();
    const log: string[] = [];
    await run(inventory, [paged(log)]);
    expect(log.filter((asked) => asked.startsWith("site"))).toEqual(
      ["u0", "u1", "u2", "u3"].map((user) => `site of ${user}`),
    );
  });

  test("killed after any number of pages, a rerun continues and ends with the same inventory", async () => {
    const whole = createMemoryInventory();
    await run(whole, [paged([])]);
    for (let lives = 0; lives < 8; lives += 1) {
      const inventory = createMemoryInventory();
      inventory.dieAfter(lives);
      await expect(run(inventory, [paged([])], { concurrency: 1 })).rejects.toThrow(StoreError);
      inventory.dieAfter(Number.POSITIVE_INFINITY);
      const summary = await run(inventory, [paged([])], { concurrency: 1 });
      expect(summary.resumed).toBe(true);
      expect(inventory.states()).toEqual(whole.states());
      for (const { step: id, scope } of await whole.coverage()) {
        expect(inventory.ids(id, scope)).toEqual(whole.ids(id, scope));
      }
    }
  });

  test("a rerun does not read again what had ended", async () => {
    const log: string[] = [];
    const inventory = createMemoryInventory();
    inventory.dieAfter(5);
    await expect(run(inventory, [paged(log)], { concurrency: 1 })).rejects.toThrow(StoreError);
    inventory.dieAfter(Number.POSITIVE_INFINITY);
    log.length = 0;
    await run(inventory, [paged(log)], { concurrency: 1 });
    expect(log).toEqual(["site of u1", "site of u2", "site of u3"]);
  });

  test("an interruption keeps the open pass, writes no coverage for it, and a rerun continues", async () => {
    const inventory = createMemoryInventory();
    const stop = new AbortController();
    const seen: (string | undefined)[] = [];
    const users = step("a.users", {
      async *crawl(_c, { cursor }) {
        seen.push(cursor);
        if (cursor === undefined) {
          yield { ...put("u1"), cursor: "2" };
          throw new Error("not reached");
        }
        yield put("u2");
      },
    });
    const options = {
      signal: stop.signal,
      onEvent: (event: CrawlEvent) => {
        if (event.type === "page") stop.abort();
      },
    };
    const first = await run(inventory, [connector("a", users)], options);
    expect(first.interrupted).toBe(true);
    expect(inventory.states()).toEqual({});
    const second = await run(inventory, [connector("a", users)]);
    expect(second).toMatchObject({ interrupted: false, resumed: true });
    expect(seen).toEqual([undefined, "2"]);
    expect(inventory.ids("a.users")).toEqual(["u1", "u2"]);
  });

  test("a step that returns because it was told to stop has not read everything", async () => {
    const inventory = createMemoryInventory();
    const stop = new AbortController();
    const users = step("a.users", {
      async *crawl() {
        yield { ...put("u1"), cursor: "2" };
        stop.abort();
      },
    });
    const summary = await run(inventory, [connector("a", users)], { signal: stop.signal });
    expect(summary.interrupted).toBe(true);
    expect(inventory.states()).toEqual({});
  });

  test("a step that says it was interrupted stops the crawl", async () => {
    const inventory = createMemoryInventory();
    const users = step("a.users", {
      // biome-ignore lint/correctness/useYield: it only throws
      async *crawl() {
        throw new Interrupted("interrupted", "stopped");
      },
    });
    const summary = await run(inventory, [connector("a", users, step("a.later", { after: ["a.users"] }))]);
    expect(summary.interrupted).toBe(true);
    expect(inventory.states()).toEqual({});
  });

  test("a gap met before the kill still makes what builds on the step partial after it", async () => {
    const inventory = createMemoryInventory();
    const groups = step("a.groups", {
      async *crawl(_c, { cursor }) {
        const gap = { step: "a.groups", scope: "g1", state: "denied" } as const;
        if (cursor === undefined) yield { ...put("g1"), gaps: [gap], cursor: "2" };
        yield put("g2");
      },
    });
    const connectors = [connector("a", groups, step("a.members", { after: ["a.groups"] }))];
    inventory.dieAfter(1);
    await expect(run(inventory, connectors)).rejects.toThrow(StoreError);
    inventory.dieAfter(Number.POSITIVE_INFINITY);
    await run(inventory, connectors);
    expect(inventory.states()).toEqual({
      ...{ "a.groups": "partial", "a.groups g1": "denied", "a.members": "partial" },
    });
  });

  describe("what was read before a step it follows could be is read again with it", () => {
    const world = () => {
      const inventory = createMemoryInventory();
      const stop = new AbortController();
      const tenant = { answers: false, asked: [] as string[] };
      const agents = step("a.agents", {
        async *crawl() {
          if (!tenant.answers) throw refuse();
          yield put("agent");
        },
      });
      const owners = step("a.owners", {
        follows: ["a.agents"],
        async *crawl(_c, { cursor }) {
          tenant.asked.push(`${inventory.ids("a.agents")} from ${cursor ?? "the start"}`);
          if (cursor === undefined) yield { ...put("owner1"), cursor: "2" };
          yield put("owner2");
        },
      });
      const stopping = (after: string) =>
        step("a.later", {
          after: [after],
          async *crawl() {
            stop.abort();
            yield put("later");
          },
        });
      const interrupted = (...steps: Step[]) =>
        run(inventory, [connector("a", ...steps)], { signal: stop.signal });
      return { inventory, tenant, agents, owners, stopping, interrupted };
    };

    test("where it had ended, also if another interruption came between", async () => {
      const { inventory, tenant, agents, owners, stopping, interrupted } = world();
      const later = step("a.later", { after: ["a.owners"] });
      await interrupted(agents, owners, stopping("a.owners"));
      tenant.answers = true;
      // The agents are saved, the owners are not.
      inventory.dieAfter(1);
      await expect(run(inventory, [connector("a", agents, owners, later)])).rejects.toThrow(StoreError);
      inventory.dieAfter(Number.POSITIVE_INFINITY);
      const summary = await run(inventory, [connector("a", agents, owners, later)]);
      expect(summary.resumed).toBe(true);
      expect(tenant.asked.slice(1)).toEqual(["agent from the start", "agent from the start"]);
    });

    test("where it was under way", async () => {
      const { inventory, tenant, agents, owners } = world();
      inventory.dieAfter(1);
      await expect(run(inventory, [connector("a", agents, owners)])).rejects.toThrow(StoreError);
      inventory.dieAfter(Number.POSITIVE_INFINITY);
      tenant.answers = true;
      await run(inventory, [connector("a", agents, owners)]);
      expect(tenant.asked).toEqual([" from the start", "agent from the start"]);
    });

    test("and not where nothing was read late", async () => {
      const { inventory, tenant, agents, owners, stopping, interrupted } = world();
      tenant.answers = true;
      await interrupted(agents, owners, stopping("a.owners"));
      await run(inventory, [connector("a", agents, owners, step("a.later", {}))]);
      expect(tenant.asked).toEqual(["agent from the start"]);
    });
  });

  test("what was refused before the kill is asked for again", async () => {
    const inventory = createMemoryInventory();
    let refused = true;
    const one = step("a.one", {
      async *crawl() {
        if (refused) throw refuse();
        yield put("x");
      },
    });
    const two = step("a.two", { after: ["a.one"] });
    inventory.dieAfter(0);
    await expect(run(inventory, [connector("a", one, two)])).rejects.toThrow(StoreError);
    inventory.dieAfter(Number.POSITIVE_INFINITY);
    refused = false;
    await run(inventory, [connector("a", one, two)]);
    expect(inventory.states()).toEqual({ "a.one": "complete", "a.two": "complete" });
  });
});

test("a record that no schema takes fails its own step, and what was saved before it stays", async () => {
  const inventory = await openInventory(":memory:");
  const odd = { enabled: "yes" } as object;
  const users = step("a.users", {
    async *crawl() {
      yield { ...put("u1"), cursor: "2" };
      yield { changes: [{ put: { kind: "Principal", id: "u2", props: odd } }] };
    },
  });
  const steps = [users, step("a.groups", { follows: ["a.users"] })];
  const { coverage } = await run(inventory, [connector("a", ...steps)]);
  expect(coverage).toMatchObject([
    { step: "a.groups", state: "complete" },
    {
      ...{ step: "a.users", state: "partial", records: 1 },
      reason: "a Principal record does not fit the schema: enabled is not true or false",
    },
  ]);
  await inventory.close();
});

test("events tell of steps, pages and ends in order", async () => {
  const events: CrawlEvent[] = [];
  const users = step("a.users", {
    async *crawl() {
      yield { ...put("u1", "u2"), total: 3 };
    },
  });
  await run(createMemoryInventory(), [connector("a", users)], { onEvent: (event) => events.push(event) });
  expect(events).toEqual([
    { type: "step-started", step: "a.users", title: "a.users" },
    { type: "page", step: "a.users", scope: "", records: 2, pages: 1, total: 3 },
    { type: "pass-ended", step: "a.users", scope: "", state: "complete" },
    { type: "step-ended", step: "a.users", state: "complete" },
  ]);
});
