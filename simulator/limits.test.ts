import { describe, expect, it } from "vitest";
import { FAULT_KINDS } from "./faults.ts";
import { startSimulator } from "./server.ts";
import { Asker, ORIGIN, smallTenant, TOKEN } from "./testing.ts";
import { unitsOf } from "./throttle.ts";
import { KIND } from "./world.ts";

/** A clock that only moves when somebody sleeps. */
function stillClock() {
  let time = 0;
  return {
    now: () => time,
    sleep: async (milliseconds: number) => {
      time += milliseconds;
    },
  };
}

describe("the throttle", () => {
  it("costs as documented", () => {
    const cost = (base: number, query: string) => unitsOf(base, new URLSearchParams(query));
    expect(cost(3, "")).toBe(3);
    expect(cost(3, "$select=id")).toBe(2);
    expect(cost(3, "$select=id&$top=10")).toBe(1);
    expect(cost(1, "$select=id")).toBe(1);
    expect(cost(2, "$expand=owners")).toBe(3);
  });

  it("refuses what is over the limit of the tenant's size, and lets through after Retry-After", async () => {
    const clock = stillClock();
    const graph = new Asker(smallTenant(), { throttle: { size: "S" }, clock });
    const path = `/v1.0/groups/${graph.tenant.world.guids.of(KIND.group, 0)}/members`;
    let answer = await graph.get(path);
    let served = 0;
    while (answer.status === 200) {
      served++;
      answer = await graph.get(path);
    }
    expect(served).toBe(Math.floor(3_500 / 3));
    expect(answer.status).toBe(429);
    expect(answer.headers["x-ms-resource-unit"]).toBe("3");
    await clock.sleep(Number(answer.headers["retry-after"]) * 1000);
    expect((await graph.get(path)).status).toBe(200);
    expect(graph.simulator.stats().throttled).toBe(1);
  });

  it("warns above eight tenths of the limit", async () => {
    const graph = new Asker(smallTenant(), { throttle: { size: "S", share: 0.01 }, clock: stillClock() });
    const seen: (string | undefined)[] = [];
    for (let i = 0; i < 35; i++)
      seen.push((await graph.get("/v1.0/groups?$top=1")).headers["x-ms-throttle-limit-percentage"]);
    expect(seen[0]).toBeUndefined();
    expect(Number(seen[34])).toBeGreaterThanOrEqual(0.8);
  });

  it("counts each part of a batch, and refuses parts alone", async () => {
    const graph = new Asker(smallTenant(), { throttle: { size: "S", share: 0.002 }, clock: stillClock() });
    const parts = await graph.batch(Array.from({ length: 10 }, () => "/organization"));
    expect(parts.filter(({ status }) => status === 429)).toHaveLength(3);
    expect(parts.find(({ status }) => status === 429)?.headers).toHaveProperty("retry-after");
  });

  it("limits reads of Azure by subscription", async () => {
    const arm = new Asker(smallTenant(), { clock: stillClock() });
    const one = `${arm.tenant.places.subscriptionId(0)}?api-version=2022-12-01`;
    for (let i = 0; i < 250; i++) expect((await arm.get(one)).status).toBe(200);
    expect((await arm.get(one)).status).toBe(429);
    expect((await arm.get(`${arm.tenant.places.subscriptionId(1)}?api-version=2022-12-01`)).status).toBe(200);
  });
});

describe("faults", () => {
  const paths = (asker: Asker) =>
    Array.from(
      { length: 120 },
      (_, g) => `/v1.0/groups/${asker.tenant.world.guids.of(KIND.group, g)}/owners`,
    );

  it("are of every kind, hit first tries only, and let every repetition through", async () => {
    const graph = new Asker(smallTenant(), {
      throttle: { enabled: false },
      faults: { rate: 1 },
      clock: stillClock(),
    });
    const get = (path: string) => graph.simulator.handle("GET", ORIGIN + path, TOKEN);
    const delta = await graph.simulator.handle("GET", `${ORIGIN}/v1.0/users/delta?$deltatoken=latest`, TOKEN);
    expect(delta.status).toBe(410);
    for (const path of paths(graph)) {
      await get(path);
      const again = await get(path);
      expect([again.status, again.broken]).toEqual([200, undefined]);
    }
    expect(Object.keys(graph.simulator.stats().faults).sort()).toEqual([...FAULT_KINDS].sort());
  });

  it("break batches as a whole, and fail their parts alone", async () => {
    const graph = new Asker(smallTenant(), {
      throttle: { enabled: false },
      faults: { rate: 1, kinds: ["reset", "503"] },
    });
    const body = JSON.stringify({ requests: [{ id: "1", method: "GET", url: "/organization" }] });
    const post = () => graph.simulator.handle("POST", `${ORIGIN}/v1.0/$batch`, TOKEN, body);
    expect((await post()).broken).toBe("reset");
    expect(String((await post()).body)).toContain('"status":200');
    const [part] = await graph.batch(["/groups?$top=1"]).catch(() => []);
    expect(part).toBeUndefined();
    expect(graph.simulator.stats().faults).toMatchObject({ reset: 2, "503": 2 });
  });

  it("follow from the seed, whatever the order of calls", async () => {
    const faultyOf = async (reverse: boolean) => {
      const graph = new Asker(smallTenant(), {
        throttle: { enabled: false },
        faults: { rate: 0.3, seed: 5, kinds: ["503"] },
      });
      const faulty: string[] = [];
      for (const path of reverse ? paths(graph).reverse() : paths(graph))
        if ((await graph.get(path)).status === 503) faulty.push(path);
      return faulty.sort();
    };
    expect(await faultyOf(true)).toEqual(await faultyOf(false));
  });

  it("say how long to wait in seconds, fractions, dates, or not at all", async () => {
    const graph = new Asker(smallTenant(), {
      throttle: { enabled: false },
      faults: { rate: 1, kinds: ["429-seconds", "429-fraction", "429-date", "429-bare"] },
    });
    const waits: (string | undefined)[] = [];
    for (const path of paths(graph).slice(0, 4)) waits.push((await graph.get(path)).headers["retry-after"]);
    expect(waits.slice(0, 2)).toEqual(["1", "0.128"]);
    expect(Number.isNaN(Date.parse(waits[2] ?? ""))).toBe(false);
    expect(waits[3]).toBeUndefined();
  });

  it("break connections: a body ends early, or no answer comes", async () => {
    const tenant = smallTenant();
    const running = await startSimulator({
      tenant,
      throttle: { enabled: false },
      faults: { rate: 1, kinds: ["cut", "reset"] },
    });
    try {
      const read = async (path: string) => (await fetch(running.url + path, { headers: TOKEN })).text();
      for (const path of ["/v1.0/groups?$top=5", "/v1.0/groups?$top=6"]) {
        await expect(read(path)).rejects.toThrow();
        expect(await read(path)).toContain("value");
      }
    } finally {
      await running.stop();
    }
  });

  it("leave a refused part refused, and nothing else", async () => {
    const tenant = smallTenant();
    const name = (c: number) =>
      `/blob/${tenant.places.accountName(tenant.places.accountOf(c))}/${tenant.places.containerName(c)}`;
    const graph = new Asker(tenant, { refuse: [{ match: `${name(3)}?`, status: 403 }] });
    const list = async (c: number) =>
      (await graph.simulator.handle("GET", `${ORIGIN}${name(c)}?restype=container&comp=list`, TOKEN)).status;
    expect([await list(3), await list(3), await list(4)]).toEqual([403, 403, 200]);
  });
});
