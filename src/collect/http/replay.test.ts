import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { json, loopbackTransport, startLoopback } from "../../../test/loopback.ts";
import { createRecorder, createTransport, openRecording } from "../http.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "forereach-replay-"));
});
afterEach(() => rm(folder, { recursive: true }));

const line = (url: string, body: unknown, status = 200, method = "GET") =>
  JSON.stringify({
    recorded: "2026-01-01T00:00:00Z",
    request: { method, url },
    response: {
      status,
      headers: { "content-type": typeof body === "string" ? "application/xml" : "application/json" },
      body,
    },
  });

async function recorded(...lines: string[]): Promise<string> {
  const file = join(folder, "exchanges.jsonl");
  await writeFile(file, lines.join("\n"));
  return file;
}

async function replayed(...lines: string[]) {
  return createTransport({
    tenantId: "tenant",
    cloud: "public",
    credential: () => {
      throw new Error("a replay needs no credential");
    },
    allow: [
      "GET graph /v1.0/{path*}",
      "GET arm /{path*}",
      "GET blob /",
      "GET blob /{container}",
      "GET blob /{container}/{path*}",
    ],
    share: 0.5,
    signal: new AbortController().signal,
    replay: await openRecording(await recorded(...lines)),
  });
}

const GRAPH = "https://graph.microsoft.com/v1.0";
const ARM = "https://management.azure.com";

async function items(pages: AsyncIterable<{ items: unknown[] }>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const page of pages) all.push(...page.items);
  return all;
}

describe("openRecording", () => {
  it("matches by method, host, path without regard to case, and page", async () => {
    const transport = await replayed(
      line(`${GRAPH}/Users`, { value: [1], "@odata.nextLink": `${GRAPH}/users?%24skiptoken=p1` }),
      line(`${GRAPH}/users?%24skiptoken=p1`, { value: [2] }),
    );
    expect(
      await items(transport.pages("graph", "/v1.0/users?$select=id&$top=999&$count=true&$expand=manager")),
    ).toEqual([1, 2]);
    expect(transport.stats()).toMatchObject({ requests: 2, retries: 0 });
  });

  it("tells at which api-version an answer was recorded", async () => {
    const transport = await replayed(line(`${ARM}/subscriptions?api-version=2016-06-01`, { value: [] }));
    for await (const page of transport.pages("arm", "/subscriptions?api-version=2022-12-01"))
      expect(page.recordedApiVersion).toBe("2016-06-01");
    expect((await transport.get("arm", "/Subscriptions?api-version=2022-12-01")).recordedApiVersion).toBe(
      "2016-06-01",
    );
  });

  it("never takes an exchange that is not there for an empty one", async () => {
    const transport = await replayed(
      line(`${GRAPH}/users?$filter=accountEnabled eq true`, { value: [] }),
      line(
        "https://account.blob.core.windows.net/?restype=service&comp=properties",
        "<StorageServiceProperties />",
      ),
    );
    const unread = [
      () => items(transport.pages("graph", "/v1.0/users")),
      () => items(transport.pages("graph", "/v1.0/users?$skiptoken=p1")),
      () => transport.get("graph", "/v1.0/users/delta"),
      () => transport.blobs("https://account.blob.core.windows.net").listContainers().next(),
      () =>
        transport
          .blobs("https://account.blob.core.windows.net")
          .getContainerClient("a")
          .listBlobsFlat()
          .next(),
    ];
    for (const read of unread)
      await expect(read()).rejects.toMatchObject({ name: "ProviderError", code: "not-recorded" });
  });

  it("repeats recorded refusals, at once", async () => {
    const transport = await replayed(
      line(`${GRAPH}/users`, { error: { code: "Authorization_RequestDenied" } }, 403),
      line(`${GRAPH}/groups`, {}, 503),
    );
    await expect(transport.get("graph", "/v1.0/users")).rejects.toMatchObject({ name: "PermissionError" });
    await expect(transport.get("graph", "/v1.0/groups")).rejects.toMatchObject({ code: "http-503" });
  });

  it("answers each part of a batch from the recording", async () => {
    const transport = await replayed(
      line(`${GRAPH}/groups/1/members`, { value: ["a"] }),
      line(`${GRAPH}/groups/2`, { id: "2" }),
    );
    expect(
      await transport.batch(["1/members", "2", "3/members"].map((path) => `/v1.0/groups/${path}`)),
    ).toMatchObject([
      { ok: true, page: { items: ["a"] } },
      // One object is not the list that was asked for.
      { ok: false, error: { code: "not-a-collection" } },
      { ok: false, error: { code: "not-recorded" } },
    ]);
  });

  it("answers blob calls", async () => {
    const transport = await replayed(
      line(
        "https://account.blob.core.windows.net/files?restype=container&comp=list",
        '<?xml version="1.0"?><EnumerationResults><Blobs><Blob><Name>a</Name><Properties /></Blob></Blobs><NextMarker /></EnumerationResults>',
      ),
    );
    const files = transport.blobs("https://account.blob.core.windows.net").getContainerClient("files");
    const found: string[] = [];
    for await (const blob of files.listBlobsFlat()) found.push(blob.name);
    expect(found).toEqual(["a"]);
  });

  it("keeps to the allow-list", async () => {
    const transport = (await replayed(line(`${GRAPH}/users`, { value: [] }))).restrict([]);
    await expect(transport.get("graph", "/v1.0/users")).rejects.toMatchObject({ code: "not-allowed" });
  });

  it.each([
    ["not JSON", "{"],
    ["without an address", '{"request":{"method":"GET"},"response":{"status":200}}'],
    ["with a status in words", '{"request":{"method":"GET","url":"https://a/b"},"response":{"status":"ok"}}'],
    ["a list", "[]"],
  ])("names the line that is %s", async (_, wrong) => {
    const file = await recorded(line(`${GRAPH}/users`, {}), "", wrong, line(`${GRAPH}/groups`, {}));
    await expect(openRecording(file)).rejects.toMatchObject({
      name: "ConfigError",
      code: "bad-recording",
      message: expect.stringContaining("line 3"),
    });
  });

  it("says that a file is missing, no file, or holds nothing", async () => {
    await expect(openRecording(join(folder, "none"))).rejects.toMatchObject({
      name: "ConfigError",
      code: "unreadable-file",
    });
    await expect(openRecording(folder)).rejects.toMatchObject({
      name: "ConfigError",
      code: "unreadable-file",
    });
    await expect(openRecording(await recorded(""))).rejects.toMatchObject({
      name: "ConfigError",
      code: "bad-recording",
    });
  });
});

describe("createRecorder", () => {
  it("writes what replay reads, single reads for a batch, and no secret", async () => {
    const server = await startLoopback((request, response) => {
      if (request.method === "POST")
        json(response, {
          responses: [
            { id: "1", status: 200, body: { value: ["m2"] } },
            { id: "0", status: 200, body: { value: ["m1"] } },
          ],
        });
      else if (request.url.startsWith("/account/files?"))
        response
          .writeHead(200, { "content-type": "application/xml" })
          .end("<EnumerationResults><Blobs></Blobs></EnumerationResults>");
      else if (request.url.startsWith("/account/"))
        response.writeHead(206, { etag: "1", "content-length": 4 }).end("TEXT");
      else
        json(
          response,
          {
            value: [
              {
                id: "1",
                passwordCredentials: [{ keyId: "k1", secretText: "PASSWORD", hint: "HINT" }],
                keyCredentials: [{ keyId: "k2", key: "KEYVALUE" }],
                url: "https://a/b?sv=1&sig=SIGNATURE",
                text: "eyJhbGciOiJub25l.eyJUT0tFTiI6MX0.SIGNED",
              },
            ],
          },
          200,
          { "set-cookie": "COOKIE=1" },
        );
    });
    const file = join(folder, "new.jsonl");
    const record = await createRecorder(file);
    const live = loopbackTransport(server.url, { record });
    await items(live.pages("graph", "/v1.0/users?$select=id&sig=SIGNATURE"));
    await live.batch(["/v1.0/groups/1/members", "/v1.0/groups/2/members"]);
    const files = live.blobs(`${server.url}/account`).getContainerClient("files");
    await files.listBlobsFlat().next();
    await files.getBlobClient("a").downloadToBuffer(0, 4);
    await record.close();
    await server.close();

    const text = await readFile(file, "utf8");
    expect(text).not.toMatch(/PASSWORD|HINT|KEYVALUE|SIGNATURE|COOKIE|SIGNED|secret-token|TEXT/);
    expect(text).toContain("k1");
    expect(record.count()).toBe(4);

    const replay = loopbackTransport(server.url, { replay: await openRecording(file) });
    expect(await items(replay.pages("graph", "/v1.0/users"))).toMatchObject([{ id: "1" }]);
    expect(await replay.batch(["/v1.0/groups/2/members", "/v1.0/groups/1/members"])).toMatchObject([
      { ok: true, page: { items: ["m2"] } },
      { ok: true, page: { items: ["m1"] } },
    ]);
    const again = replay.blobs(`${server.url}/account`).getContainerClient("files");
    expect((await again.listBlobsFlat().next()).done).toBe(true);
    await expect(again.getBlobClient("a").downloadToBuffer(0, 4)).rejects.toMatchObject({
      code: "not-recorded",
    });
  });

  it("does not overwrite a recording", async () => {
    await expect(createRecorder(await recorded("x"))).rejects.toMatchObject({ name: "ConfigError" });
  });
});
