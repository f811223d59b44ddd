import { afterEach, describe, expect, it } from "vitest";
import { type Answerer, json, type Loopback, loopbackTransport, startLoopback } from "../../test/loopback.ts";
import {
  type AnswerPage,
  type RequestNote,
  simulatedClock,
  systemClock,
  type TransportOptions,
} from "./http.ts";

let server: Loopback | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function tenant(answer: Answerer, options: Partial<TransportOptions> = {}) {
  server = await startLoopback(answer);
  return { server, transport: loopbackTransport(server.url, options) };
}

async function collect<T>(pages: AsyncIterable<AnswerPage<T>>): Promise<AnswerPage<T>[]> {
  const all: AnswerPage<T>[] = [];
  for await (const page of pages) all.push(page);
  return all;
}

describe("get", () => {
  it("sends a token, low priority and the wish for all enum members", async () => {
    const { server, transport } = await tenant((_, response) => json(response, { id: "1" }));
    const answer = await transport.get("graph", "/v1.0/users/1", {
      headers: { ConsistencyLevel: "eventual" },
    });
    expect(answer).toMatchObject({ status: 200, body: { id: "1" } });
    expect(server.seen[0]?.headers).toMatchObject({
      authorization: "Bearer secret-token",
      consistencylevel: "eventual",
      "x-ms-throttle-priority": "low",
      prefer: "include-unknown-enum-members",
      "client-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it.each([
    [401, "PermissionError", "unauthorized"],
    [403, "PermissionError", "forbidden"],
    [404, "ProviderError", "not-found"],
    [410, "CursorExpired", "gone"],
    [400, "ProviderError", "http-400"],
    [302, "ProviderError", "http-302"],
  ])("turns %i into %s at once, without secrets", async (status, name, code) => {
    const { server, transport } = await tenant((_, response) =>
      json(
        response,
        { error: { code: "No", message: "token eyJhbGciOiJub25l.eyJzdWIiOiIx.x sig=abc%2B failed" } },
        status,
      ),
    );
    const error = await transport.get("graph", "/v1.0/users/1?$filter=x&sig=abc").catch((e: unknown) => e);
    expect(error).toMatchObject({
      name,
      code,
      message: expect.stringContaining("/v1.0/users/1 was answered with"),
    });
    expect(JSON.stringify(error) + String(error)).not.toMatch(/secret-token|eyJhb|abc|\$filter/);
    expect(server.seen).toHaveLength(1);
  });

  it("takes an expired sync state for an expired cursor", async () => {
    const { transport } = await tenant((_, response) =>
      json(response, { error: { code: "syncStateNotFound" } }, 400),
    );
    await expect(transport.get("graph", "/v1.0/users/delta?$deltatoken=old")).rejects.toMatchObject({
      name: "CursorExpired",
    });
  });

  it("tells a licence that the tenant lacks from other refusals of the call", async () => {
    const { transport } = await tenant((_, response) =>
      json(response, { error: { code: "AadPremiumLicenseRequired", message: "Premium P2" } }, 400),
    );
    await expect(transport.get("arm", "/subscriptions")).rejects.toMatchObject({
      name: "ProviderError",
      code: "not-licensed",
    });
  });

  it.each([
    ["seconds", { "retry-after": "3" }, 3_000],
    ["a fraction", { "retry-after": "2.128" }, 2_128],
    [
      "a date",
      { "retry-after": "Thu, 01 Jan 2026 00:00:09 GMT", date: "Thu, 01 Jan 2026 00:00:00 GMT" },
      9_000,
    ],
    ["nothing, by backoff", {}, 500],
  ])("waits as a 429 with %s says", async (_, headers, wait) => {
    const notes: RequestNote[] = [];
    const clock = simulatedClock(Date.parse("2026-01-01T00:00:00Z"));
    const start = clock.now();
    const { transport } = await tenant(
      (_, response, i) => (i === 0 ? json(response, {}, 429, headers) : json(response, { id: "1" })),
      { clock, onRequest: (note) => notes.push(note) },
    );
    await transport.get("graph", "/v1.0/users/1");
    expect(clock.now() - start).toBe(wait);
    expect(notes.map(({ status, attempt }) => [status, attempt])).toEqual([
      [429, 1],
      [200, 2],
    ]);
    expect(transport.stats()).toMatchObject({ requests: 2, retries: 1, throttled: 1 });
  });

  it("makes other requests wait out the same pause", async () => {
    const clock = simulatedClock(0);
    const { transport } = await tenant(
      (_, response, i) => (i === 0 ? json(response, {}, 429, { "retry-after": "30" }) : json(response, {})),
      { clock },
    );
    const first = transport.get("graph", "/v1.0/users/1");
    await new Promise((resolve) => setTimeout(resolve, 50));
    await transport.get("graph", "/v1.0/users/2");
    expect(clock.now()).toBe(30_000);
    await first;
  });

  it("gives up on a tenant that only ever tells it to wait, or to wait too long", async () => {
    const { server, transport } = await tenant((_, response) => json(response, {}, 429));
    await expect(transport.get("graph", "/v1.0/users/1")).rejects.toMatchObject({ code: "throttled" });
    expect(server.seen).toHaveLength(20);
    await server.close();
    const patient = await tenant((_, response) => json(response, {}, 503, { "retry-after": "86400" }));
    await expect(patient.transport.get("graph", "/v1.0/users/1")).rejects.toMatchObject({ code: "http-503" });
    expect(patient.server.seen).toHaveLength(1);
  });

  it.each<[string, Answerer]>([
    ["a server error", (_, response) => json(response, {}, 500)],
    ["a bad gateway", (_, response) => json(response, {}, 502)],
    ["a closed connection", (_, response) => response.destroy()],
    [
      "a body shorter than announced",
      (_, response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": "500" });
        response.write('{"value":[');
        setTimeout(() => response.destroy(), 5);
      },
    ],
    [
      "a chunked body that stops",
      (_, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.write('{"value":[');
        setTimeout(() => response.destroy(), 5);
      },
    ],
    [
      "JSON that ends early",
      (_, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.end('{"value":[{"id":"1"}');
      },
    ],
    [
      "an empty body",
      (_, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.end();
      },
    ],
    [
      "damaged compression",
      (_, response) => {
        response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
        response.end("not gzip");
      },
    ],
  ])("tries again after %s, and fails after six tries", async (_, fault) => {
    const mended = await tenant((request, response, i) =>
      i < 5 ? fault(request, response, i) : json(response, { id: "1" }),
    );
    expect((await mended.transport.get("graph", "/v1.0/users/1")).body).toEqual({ id: "1" });
    await mended.server.close();
    const broken = await tenant(fault);
    await expect(broken.transport.get("graph", "/v1.0/users/1")).rejects.toMatchObject({
      name: "ProviderError",
    });
    expect(broken.server.seen).toHaveLength(6);
  });

  it("calls a page that is not JSON by its name", async () => {
    const { transport } = await tenant((_, response) => {
      response.writeHead(200, { "content-type": "text/html" });
      response.end("<html>Sign in to the proxy</html>");
    });
    await expect(transport.get("arm", "/subscriptions?api-version=2022-12-01")).rejects.toMatchObject({
      code: "not-json",
    });
  });

  it("stops at once when interrupted: on the wire, in a pause and in a queue", async () => {
    const stop = new AbortController();
    const { server, transport } = await tenant(
      (request, response) => {
        if (request.url.includes("/1")) json(response, {}, 429, { "retry-after": "600" });
      },
      { signal: stop.signal, clock: systemClock },
    );
    const hanging = transport.get("arm", "/subscriptions?api-version=2022-12-01");
    const paused = transport.get("graph", "/v1.0/users/1");
    while (server.seen.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const queued = transport.get("graph", "/v1.0/users/2");
    stop.abort();
    for (const waiting of [hanging, paused, queued])
      await expect(waiting).rejects.toMatchObject({ name: "Interrupted" });
    expect(server.seen).toHaveLength(2);
  });

  it("takes a service that is out of order for no longer than other failures", async () => {
    const { server, transport } = await tenant((_, response) => json(response, {}, 503));
    await expect(transport.get("graph", "/v1.0/users/1")).rejects.toMatchObject({ code: "http-503" });
    expect(server.seen).toHaveLength(6);
  });

  it("learns what the tenant charges", async () => {
    const notes: RequestNote[] = [];
    const { transport } = await tenant(
      (_, response) => json(response, {}, 200, { "x-ms-resource-unit": "4" }),
      {
        onRequest: (note) => notes.push(note),
      },
    );
    await transport.get("graph", "/v1.0/groups/7/members?$select=id");
    await transport.get("graph", "/v1.0/groups/8/members?$select=id");
    expect(notes.map((note) => note.units)).toEqual([2, 4]);
    expect(transport.stats().units).toBe(8);
  });

  it("asks for one token at a time, and again five minutes before its end", async () => {
    let asked = 0;
    const clock = simulatedClock(0);
    const { transport } = await tenant((_, response) => json(response, {}), {
      clock,
      credential: (service) => ({
        getToken: async () => ({
          token: `${service}-${++asked}`,
          expiresOnTimestamp: clock.now() + 3_600_000,
        }),
      }),
    });
    const read = () => transport.get("graph", "/v1.0/users/1");
    await Promise.all([read(), read(), read()]);
    expect(asked).toBe(1);
    await clock.sleep(54 * 60_000, new AbortController().signal);
    await read();
    expect(asked).toBe(1);
    await clock.sleep(2 * 60_000, new AbortController().signal);
    await read();
    expect(asked).toBe(2);
  });

  it("says that nobody could sign in, and what to do", async () => {
    const { server, transport } = await tenant((_, response) => json(response, {}), {
      credential: () => ({
        getToken: () => Promise.reject(new Error("AADSTS700016: no such application, secret=abc")),
      }),
    });
    await expect(transport.get("graph", "/v1.0/users/1")).rejects.toMatchObject({
      name: "PermissionError",
      code: "sign-in",
      fix: expect.stringContaining("forereach check"),
    });
    expect(server.seen).toEqual([]);
  });
});

describe("pages", () => {
  it("follows links verbatim, at Graph and at ARM", async () => {
    const { server, transport } = await tenant((request, response) => {
      const base = `http://${request.headers.host}`;
      if (request.url.startsWith("/subscriptions"))
        json(
          response,
          request.url.includes("page=2")
            ? { value: [2], nextLink: "" }
            : { value: [1], nextLink: `${base}/subscriptions?page=2&api-version=x` },
        );
      else if (request.url.includes("skiptoken"))
        json(response, { value: ["b"], "@odata.deltaLink": `${base}/v1.0/users/delta?$deltatoken=d` });
      else
        json(response, {
          value: ["a"],
          "@odata.count": 2,
          "@odata.nextLink": `${base}/v1.0/users/delta?$skiptoken=z%2B(1)&$select=id&a=b,c&$select=x`,
        });
    });
    const pages = await collect(transport.pages("graph", "/v1.0/users/delta?$select=id"));
    expect(pages.map((page) => page.items)).toEqual([["a"], ["b"]]);
    expect(pages[0]?.count).toBe(2);
    expect(pages[1]?.delta).toContain("$deltatoken=d");
    expect(server.seen[1]?.url).toBe("/v1.0/users/delta?$skiptoken=z%2B(1)&$select=id&a=b,c&$select=x");
    expect(
      (await collect(transport.pages("arm", "/subscriptions?api-version=x"))).map((page) => page.items),
    ).toEqual([[1], [2]]);
  });

  it("refuses a link to another host before anybody sees the page", async () => {
    const { server, transport } = await tenant((_, response) =>
      json(response, { value: [1], "@odata.nextLink": "https://evil.example/v1.0/users?$skiptoken=1" }),
    );
    await expect(collect(transport.pages("graph", "/v1.0/users"))).rejects.toMatchObject({
      code: "foreign-link",
      message: expect.stringContaining("evil.example"),
    });
    expect(server.seen).toHaveLength(1);
  });

  it("notices pages that lead back to an earlier one", async () => {
    const { transport } = await tenant((request, response) => {
      const page = Number(new URL(request.url, "http://x").searchParams.get("p") ?? 0);
      json(response, {
        value: [page],
        nextLink: `http://${request.headers.host}/subscriptions?p=${(page + 1) % 3}`,
      });
    });
    await expect(collect(transport.pages("arm", "/subscriptions?p=0"))).rejects.toMatchObject({
      code: "page-loop",
    });
  });

  it("does not take a missing list for an empty one", async () => {
    const { transport } = await tenant((_, response) => json(response, { status: "ok" }));
    await expect(collect(transport.pages("graph", "/v1.0/users"))).rejects.toMatchObject({
      code: "not-a-collection",
    });
  });

  it("spends at most a tenth more time than the budget takes, and meets no refusal", async () => {
    const clock = simulatedClock(0);
    // The tenant's side: 3,500 units in any 10 seconds.
    const spent: { at: number; units: number }[] = [];
    const { transport } = await tenant(
      (_, response) => {
        spent.push({ at: clock.now(), units: 2 });
        while (spent.length > 0 && (spent[0]?.at ?? 0) <= clock.now() - 10_000) spent.shift();
        const used = spent.reduce((sum, one) => sum + one.units, 0);
        json(response, { value: [] }, used > 3_500 ? 429 : 200, { "x-ms-resource-unit": "2" });
      },
      { clock, share: 1 },
    );
    let next = 0;
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        while (next < 4_000)
          await collect(transport.pages("graph", `/v1.0/groups/${next++}/members?$select=id`));
      }),
    );
    expect(transport.stats()).toMatchObject({ requests: 4_000, retries: 0, throttled: 0, units: 8_000 });
    expect(clock.now()).toBeLessThanOrEqual((1.1 * 8_000 * 10_000) / 3_500);
  });
});

describe("batch", () => {
  const parts = (body: string): { id: string; url: string; headers: Record<string, string> }[] =>
    JSON.parse(body).requests;

  it("answers in the caller's order, part by part", async () => {
    const { server, transport } = await tenant((request, response) =>
      json(response, {
        responses: parts(request.body)
          .reverse()
          .map(({ id, url }) =>
            url.includes("/2/")
              ? { id, status: 403, body: { error: { code: "Authorization_RequestDenied" } } }
              : { id, status: 200, body: { value: [url] } },
          ),
      }),
    );
    const answers = await transport.batch(
      ["1", "2", "3"].map((id) => `/v1.0/groups/${id}/members?$select=id`),
    );
    expect(answers).toMatchObject([
      { ok: true, page: { items: ["/groups/1/members?$select=id"] } },
      { ok: false, error: { name: "PermissionError", code: "forbidden" } },
      { ok: true, page: { items: ["/groups/3/members?$select=id"] } },
    ]);
    expect(server.seen.map(({ method, url }) => `${method} ${url}`)).toEqual(["POST /v1.0/$batch"]);
    expect(parts(server.seen[0]?.body ?? "")[0]?.headers.prefer).toBe("include-unknown-enum-members");
    expect(transport.stats().units).toBe(6);
  });

  it("takes a good part without a list, or with an error beside it, for unread", async () => {
    const bodies = [
      { error: { code: "UnknownError", message: "backend" } },
      { "@odata.context": "https://graph.microsoft.com/v1.0/$metadata" },
      { id: "1" },
      {},
      { value: null },
      { value: [], error: { code: "UnknownError" } },
    ];
    const { transport } = await tenant((request, response) =>
      json(response, {
        responses: parts(request.body).map(({ id }) => ({ id, status: 200, body: bodies[Number(id)] })),
      }),
    );
    const answers = await transport.batch(bodies.map((_, id) => `/v1.0/groups/${id}/members`));
    expect(answers).toMatchObject(bodies.map(() => ({ ok: false, error: { code: "not-a-collection" } })));
  });

  it("sends parts that must wait, failed or are missing again, and only those", async () => {
    const clock = simulatedClock(0);
    const { server, transport } = await tenant(
      (request, response, i) =>
        json(response, {
          responses: parts(request.body).flatMap(({ id, url }) => {
            if (i === 0 && url.includes("/1/"))
              return [{ id, status: 429, headers: { "Retry-After": "12.5" }, body: {} }];
            if (i === 0 && url.includes("/2/")) return [{ id, status: 500, body: {} }];
            if (i === 0 && url.includes("/3/")) return [];
            return [{ id, status: 200, body: { value: [url] } }];
          }),
        }),
      { clock },
    );
    const answers = await transport.batch(["1", "2", "3", "4"].map((id) => `/v1.0/groups/${id}/members`));
    expect(answers.every((answer) => answer.ok)).toBe(true);
    expect(clock.now()).toBe(12_500);
    expect(server.seen.map((one) => parts(one.body).map(({ id }) => id))).toEqual([
      ["0", "1", "2", "3"],
      ["0", "1", "2"],
    ]);
  });

  it("refuses more than twenty parts, and parts of two versions", async () => {
    const { transport } = await tenant((_, response) => json(response, {}));
    await expect(transport.batch(Array.from({ length: 21 }, () => "/v1.0/users"))).rejects.toMatchObject({
      code: "bad-batch",
    });
    await expect(transport.batch(["/v1.0/users", "/beta/users"])).rejects.toMatchObject({
      code: "bad-batch",
    });
  });
});
