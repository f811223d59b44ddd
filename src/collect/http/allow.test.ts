import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Loopback, loopbackTransport, startLoopback } from "../../../test/loopback.ts";
import { allowList } from "./allow.ts";
import { innerReads } from "./batch-body.ts";
import { simulatedClock } from "./clock.ts";
import { endpointsOf } from "./endpoints.ts";
import { createExchange } from "./exchange.ts";
import { ThrottleRegistry } from "./throttle.ts";
import { networkWire } from "./wire.ts";

const READS = [
  "GET graph /v1.0/users",
  "GET graph /v1.0/groups/{id}/members",
  "GET graph /v1.0/groups/delta()",
  "GET graph /v1.0/applications(appId='{id}')",
  "GET graph /v1.0/servicePrincipals/microsoft.graph.agentIdentity",
  "GET arm /{scope*}/providers/Microsoft.Authorization/roleAssignments",
  "GET blob /",
  "GET blob /{container}",
  "GET blob /{container}/{path*}",
];

describe("allowList", () => {
  const allow = allowList(READS);

  it.each([
    ["graph", "GET", "/v1.0/users?$top=999"],
    ["graph", "GET", "/V1.0/Users"],
    ["graph", "GET", "/v1.0/groups/0f1e/members?$select=id"],
    ["graph", "GET", "/v1.0/groups/delta()?$deltatoken=x"],
    ["graph", "GET", "/v1.0/applications(appId='0f1e')"],
    ["graph", "GET", "/v1.0/servicePrincipals/Microsoft.Graph.AgentIdentity"],
    [
      "arm",
      "GET",
      "/subscriptions/1/resourceGroups/a/providers/Microsoft.Authorization/roleAssignments?api-version=x",
    ],
    [
      "arm",
      "GET",
      "/providers/Microsoft.Management/managementGroups/g/providers/microsoft.authorization/roleassignments",
    ],
    ["blob", "GET", "/?comp=list"],
    ["blob", "GET", "/files?restype=container&comp=list"],
    ["blob", "GET", "/files/a/b%20c/100%25.docx"],
  ] as const)("lets %s %s %s leave", (service, method, path) => {
    expect(() => allow.check(service, method, path)).not.toThrow();
  });

  it.each([
    ["graph", "POST", "/v1.0/users"],
    ["graph", "PATCH", "/v1.0/users"],
    ["graph", "PUT", "/v1.0/users"],
    ["graph", "DELETE", "/v1.0/users"],
    ["graph", "HEAD", "/v1.0/users"],
    ["graph", "OPTIONS", "/v1.0/users"],
    ["graph", "get", "/v1.0/users"],
    ["graph", "GET", "/beta/users"],
    ["graph", "GET", "/v1.0/users/1"],
    ["graph", "GET", "/v1.0/users/$count"],
    ["graph", "GET", "/v1.0/groups/$count/members"],
    ["graph", "GET", "/v1.0/groups/1/members/$ref"],
    ["graph", "GET", "/v1.0/groups/1/owners"],
    ["graph", "GET", "/v1.0/groups//members"],
    ["graph", "GET", "/v1.0/groups/a/b/members"],
    ["graph", "GET", "/v1.0/groups/a%2Fb/members"],
    ["graph", "GET", "/v1.0/groups/a%252Fb/members"],
    ["graph", "GET", "/v1.0/groups/a%5Cb/members"],
    ["graph", "GET", "/v1.0/groups/../members"],
    ["graph", "GET", "/v1.0/groups/%2e%2e/members"],
    ["graph", "GET", "/v1.0/groups/./members"],
    ["graph", "GET", "/v1.0/groups/a%00/members"],
    ["graph", "GET", "/v1.0/groups/%ZZ/members"],
    ["graph", "GET", "//v1.0/users"],
    ["graph", "GET", "https://graph.microsoft.com/v1.0/users"],
    ["arm", "GET", "/v1.0/users"],
    ["arm", "GET", "/providers/Microsoft.Authorization/roleAssignments/x"],
    ["arm", "GET", "/a/../b/providers/Microsoft.Authorization/roleAssignments"],
    ["arm", "POST", "/subscriptions/1/providers/Microsoft.Authorization/roleAssignments"],
    ["blob", "PUT", "/files/a"],
    ["blob", "DELETE", "/files/a"],
    ["blob", "GET", "/files/../other/a"],
    ["blob", "GET", "/files%2Fa"],
  ] as const)("refuses %s %s %s", (service, method, path) => {
    expect(() => allow.check(service, method, path)).toThrow(
      expect.objectContaining({ code: "not-allowed" }),
    );
  });

  it("lets nothing pass that an address would turn into another path", () => {
    const odd = fc.string({
      unit: fc.constantFrom(
        "a",
        "/",
        "\\",
        ".",
        "%",
        "2",
        "5",
        "e",
        "E",
        "f",
        "F",
        "c",
        "C",
        "?",
        "#",
        ";",
        "$",
        "\t",
      ),
    });
    fc.assert(
      fc.property(odd, (id) => {
        const path = `/v1.0/groups/${id}/members`;
        try {
          allow.check("graph", "GET", path);
        } catch {
          return;
        }
        expect(
          decodeURIComponent(new URL(`https://graph.microsoft.com${path}`).pathname).split("/"),
        ).toHaveLength(5);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(["POST graph /v1.0/users", "GET graph v1.0/users", "GET https://x", "DELETE arm /x", ""])(
    "refuses the declaration %s",
    (read) => {
      expect(() => allowList([read])).toThrow(expect.objectContaining({ code: "bad-read" }));
    },
  );
});

describe("innerReads", () => {
  const batch = new URL("https://graph.microsoft.com/v1.0/$batch");
  const body = (request: object) =>
    JSON.stringify({ requests: [{ id: "1", method: "GET", url: "/users", ...request }] });

  it("reads the addresses of plain reads", () => {
    expect(innerReads(batch, body({})).map(String)).toEqual(["https://graph.microsoft.com/v1.0/users"]);
  });

  it.each([
    ["a PATCH", body({ method: "PATCH" })],
    ["a DELETE", body({ method: "DELETE" })],
    ["a method in lower case", body({ method: "patch" })],
    ["a body", body({ body: { accountEnabled: false } })],
    ["an absolute address", body({ url: "https://evil.example/users" })],
    ["an address without a scheme", body({ url: "//evil.example/users" })],
    ["dot segments", body({ url: "/groups/1/../../users" })],
    ["encoded dot segments", body({ url: "/groups/%2e%2e/users" })],
    ["a method override", body({ headers: { "X-HTTP-Method-Override": "DELETE" } })],
    ["dependencies", body({ dependsOn: ["2"] })],
    ["no requests", JSON.stringify({ requests: [] })],
    [
      "too many requests",
      JSON.stringify({
        requests: Array.from({ length: 21 }, (_, i) => ({ id: `${i}`, method: "GET", url: "/users" })),
      }),
    ],
    ["something that is not JSON", "requests"],
    ["nothing", undefined],
  ])("refuses a batch with %s", (_, text) => {
    expect(() => innerReads(batch, text)).toThrow(expect.objectContaining({ code: "not-allowed" }));
  });
});

describe("the way out", () => {
  let server: Loopback;
  beforeAll(async () => {
    server = await startLoopback((_, response) => response.end("{}"));
  });
  afterAll(() => server.close());

  function exchange() {
    const clock = simulatedClock();
    const throttles = new ThrottleRegistry();
    const { send } = createExchange({
      wire: networkWire(undefined),
      live: true,
      clock,
      random: Math.random,
      signal: new AbortController().signal,
      throttle: ({ base }) => throttles.throttle(base.host, "t", clock, 0.5, "S"),
      token: async () => "secret-token",
    });
    const endpoint = endpointsOf("public", { graph: server.url }).graph;
    return (method: string, path: string, headers: Record<string, string> = {}, body?: string) =>
      send({
        service: "graph",
        method,
        url: new URL(path, endpoint.base),
        endpoint,
        headers,
        allow: allowList(READS),
        ...(body === undefined ? {} : { body }),
      });
  }

  it.each([
    ["POST", "/v1.0/users", {}, undefined],
    ["PATCH", "/v1.0/users", {}, "{}"],
    ["DELETE", "/v1.0/users", {}, undefined],
    ["GET", "/v1.0/users", {}, "{}"],
    ["GET", "/v1.0/users", { "X-HTTP-Method-Override": "DELETE" }, undefined],
    ["GET", "/v1.0/users", { "X-HTTP-Method": "PATCH" }, undefined],
    ["GET", "/v1.0/users", { "x-method-override": "PUT" }, undefined],
    ["GET", "/v1.0/users", { Authorization: "Bearer other" }, undefined],
    ["GET", "/v1.0/users", { Host: "evil.example" }, undefined],
    ["GET", "/v1.0/users", { Cookie: "a=b" }, undefined],
    ["GET", "https://evil.example/v1.0/users", {}, undefined],
    ["POST", "/v1.0/$batch", {}, JSON.stringify({ requests: [{ id: "1", method: "PATCH", url: "/users" }] })],
    ["POST", "/v1.0/$batch", {}, JSON.stringify({ requests: [{ id: "1", method: "GET", url: "/me" }] })],
    ["PUT", "/v1.0/$batch", {}, JSON.stringify({ requests: [{ id: "1", method: "GET", url: "/users" }] })],
  ])("stops %s %s %j before anything leaves", async (method, path, headers, body) => {
    await expect(exchange()(method, path, { ...headers }, body)).rejects.toMatchObject({
      code: "not-allowed",
    });
    expect(server.seen).toEqual([]);
  });

  it("stops paths and links of other places, and writes through the SDKs", async () => {
    const transport = loopbackTransport(server.url);
    const refused = [
      () => transport.get("graph", "https://evil.example/v1.0/users"),
      () => transport.get("graph", `${server.url.replace("//", "//user:pw@")}/v1.0/users`),
      () => transport.get("graph", "//evil.example/v1.0/users"),
      () => transport.get("graph", "/v1.0/users/../groups"),
      () => transport.get("graph", "/v1.0/groups/%2e%2e/users"),
      () => transport.get("arm", "\\\\evil.example/subscriptions"),
      () => transport.pages("graph", "https://evil.example/v1.0/users").next(),
      () => transport.batch(["/v1.0/users/1", "/v1.0/me"]),
      async () => transport.blobs("https://account.blob.core.windows.net"),
      () => transport.blobs(`${server.url}/account`).createContainer("x"),
      () => transport.blobs(`${server.url}/account`).getContainerClient("x").delete(),
      () =>
        transport
          .blobs(`${server.url}/account`)
          .getContainerClient("x")
          .getBlockBlobClient("y")
          .upload("z", 1),
      () =>
        transport
          .blobs(`${server.url}/account`)
          .getContainerClient("x")
          .getBlobClient("y")
          .setMetadata({ a: "b" }),
      () => transport.restrict(["GET arm /subscriptions"]).get("graph", "/v1.0/users"),
    ];
    for (const attempt of refused) await expect(attempt()).rejects.toMatchObject({ code: "not-allowed" });
    expect(server.seen).toEqual([]);
  });
});
