import { AnonymousCredential, BlobServiceClient, newPipeline } from "@azure/storage-blob";
import { XMLParser } from "fast-xml-parser";
import { strFromU8, unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningSimulator, startSimulator } from "./server.ts";
import { smallTenant } from "./testing.ts";

const tenant = smallTenant();
const { places, files } = tenant;
/** The container with most files, and its account. */
const [container] = Array.from({ length: 60 }, (_, c) => c).sort(
  (a, b) => files.of(b)[1] - files.of(b)[0] - files.of(a)[1] + files.of(a)[0],
);
const c = container ?? 0;
const [from, to] = files.of(c);
let running: RunningSimulator;

/** The SDK sends no tokens over http, so the header is added beside it. */
function clientOf(account: number): BlobServiceClient {
  const pipeline = newPipeline(new AnonymousCredential(), { retryOptions: { maxTries: 1 } });
  pipeline.factories.unshift({
    create: (next) => ({
      sendRequest(request) {
        request.headers.set("authorization", "Bearer any");
        return next.sendRequest(request);
      },
    }),
  });
  return new BlobServiceClient(`${running.url}/blob/${places.accountName(account)}`, pipeline);
}
const containerClient = () => clientOf(places.accountOf(c)).getContainerClient(places.containerName(c));
const fileWhere = (test: (index: number) => boolean): number => {
  for (let i = from; i < to; i++) if (test(i)) return i;
  throw new Error("no such file");
};

beforeAll(async () => {
  running = await startSimulator({ tenant, throttle: { enabled: false } });
});
afterAll(() => running.stop());

describe("the blob service, asked by its SDK", () => {
  it("lists every blob once, in the order of names", async () => {
    const names: string[] = [];
    for await (const page of containerClient().listBlobsFlat().byPage({ maxPageSize: 100 }))
      names.push(...page.segment.blobItems.map(({ name }) => name));
    expect(names).toHaveLength(to - from);
    expect(names).toEqual([...names].sort());
  });

  it("lists containers", async () => {
    const account = places.accountOf(c);
    const names: string[] = [];
    for await (const { name } of clientOf(account).listContainers()) names.push(name);
    expect(names).toContain(places.containerName(c));
  });

  it("gives metadata where it is asked for: labels of most labelled files, sensitive types", async () => {
    const labels: string[] = [];
    const types: string[] = [];
    for await (const { metadata = {} } of containerClient().listBlobsFlat({ includeMetadata: true })) {
      labels.push(...Object.keys(metadata).filter((name) => /^MSIP_Label_[0-9a-f_]{36}_Enabled$/.test(name)));
      if (metadata.sensitive_types) types.push(metadata.sensitive_types);
    }
    expect(labels.length).toBeGreaterThan(0);
    expect(types.length).toBeGreaterThan(0);
    for await (const { metadata } of containerClient().listBlobsFlat()) expect(metadata ?? {}).toEqual({});
  });

  it("lists versions in accounts that keep them, and snapshots in others", async () => {
    let versions = 0;
    let snapshots = 0;
    for (const one of Array.from({ length: 60 }, (_, n) => n)) {
      const client = clientOf(places.accountOf(one)).getContainerClient(places.containerName(one));
      const current = new Set<string>();
      for await (const blob of client.listBlobsFlat({ includeVersions: true, includeSnapshots: true })) {
        if (blob.snapshot) snapshots++;
        if (blob.versionId && !blob.isCurrentVersion) versions++;
        // A directory is no file.
        if (!blob.name.includes("/")) continue;
        if (!blob.snapshot && (!blob.versionId || blob.isCurrentVersion)) current.add(blob.name);
      }
      expect(current.size).toBe(files.of(one)[1] - files.of(one)[0]);
    }
    expect(versions).toBeGreaterThan(0);
    expect(snapshots).toBeGreaterThan(0);
  });

  it("lists folders by hierarchy, and files below a prefix", async () => {
    const prefixes: string[] = [];
    for await (const item of containerClient().listBlobsByHierarchy("/"))
      if (item.kind === "prefix") prefixes.push(item.name);
    expect(prefixes).toHaveLength(Math.ceil((to - from) / 250));
    let below = 0;
    for (const prefix of prefixes) for await (const _ of containerClient().listBlobsFlat({ prefix })) below++;
    expect(below).toBe(to - from);
  });

  it("reads ranges whose whole is a real Office file with its label in it", async () => {
    const file = files.file(fileWhere((i) => files.file(i).label?.scheme === "labelInfo"));
    const blob = containerClient().getBlobClient(file.name);
    const { contentLength = 0, etag = "" } = await blob.getProperties();
    const tail = await blob.downloadToBuffer(contentLength - 100, 100);
    expect(tail.includes("PK")).toBe(true);
    const answer = await blob.download(0, 4, { conditions: { ifMatch: etag } });
    expect(answer.contentRange).toBe(`bytes 0-3/${contentLength}`);
    const whole = await blob.downloadToBuffer();
    expect(whole.length).toBe(contentLength);
    const parts = unzipSync(whole);
    const parsed = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "" }).parse(
      strFromU8(parts["docMetadata/LabelInfo.xml"]!),
    );
    expect(parsed["clbl:labelList"]["clbl:label"]).toMatchObject({
      id: `{${file.label?.id}}`,
      siteId: `{${tenant.world.tenantId}}`,
    });
  });

  it("keeps classic labels in the properties of the file", async () => {
    const file = files.file(fileWhere((i) => files.file(i).label?.scheme === "custom"));
    const parts = unzipSync(await containerClient().getBlobClient(file.name).downloadToBuffer());
    expect(strFromU8(parts["docProps/custom.xml"]!)).toContain(`MSIP_Label_${file.label?.id}_Enabled`);
  });

  it("gives the length in lists that the content has", async () => {
    const { name } = files.file(from);
    for await (const item of containerClient().listBlobsFlat({ prefix: name }))
      expect((await containerClient().getBlobClient(name).downloadToBuffer()).length).toBe(
        item.properties.contentLength,
      );
  });

  it("reads older contents by version or snapshot", async () => {
    const old = fileWhere((i) => files.file(i).older > 0);
    const { name } = files.file(old);
    for await (const item of containerClient().listBlobsFlat({
      prefix: name,
      includeSnapshots: true,
      includeVersions: true,
    })) {
      const client = containerClient().getBlobClient(name);
      const content = item.snapshot
        ? client.withSnapshot(item.snapshot)
        : item.versionId
          ? client.withVersion(item.versionId)
          : client;
      const properties = await content.getProperties();
      expect(properties.contentLength).toBe(item.properties.contentLength);
    }
  });

  it("answers 412 for another content, 404 for no blob, 416 past the end", async () => {
    const blob = containerClient().getBlobClient(files.file(from).name);
    await expect(blob.download(0, 4, { conditions: { ifMatch: '"0x1"' } })).rejects.toMatchObject({
      statusCode: 412,
    });
    await expect(containerClient().getBlobClient("none").download()).rejects.toMatchObject({
      statusCode: 404,
    });
    await expect(blob.download(1e9, 4)).rejects.toMatchObject({ statusCode: 416 });
  });

  it("keeps the access list of a container from readers", async () => {
    await expect(containerClient().getAccessPolicy()).rejects.toMatchObject({ statusCode: 403 });
  });
});

describe("an account with a hierarchical namespace", () => {
  const hierarchical = Array.from({ length: 60 }, (_, n) => n).filter(
    (n) => places.hierarchical(places.accountOf(n)) && files.of(n)[1] - files.of(n)[0] > 20,
  );
  const one = hierarchical[0]!;
  const client = () => clientOf(places.accountOf(one));
  const asking = (query: string) => {
    const { url } = client();
    const pipeline = newPipeline(new AnonymousCredential(), { retryOptions: { maxTries: 1 } });
    pipeline.factories.unshift({
      create: (next) => ({
        sendRequest(request) {
          request.headers.set("authorization", "Bearer any");
          return next.sendRequest(request);
        },
      }),
    });
    return new BlobServiceClient(`${url}/?${query}`, pipeline).getContainerClient(places.containerName(one));
  };

  it("is there, and says so", () => {
    expect(hierarchical.length).toBeGreaterThan(0);
    expect(places.account(places.accountOf(one), "http://a.blob.b/")).toMatchObject({
      properties: { isHnsEnabled: true, primaryEndpoints: { dfs: "http://a.dfs.b/" } },
    });
  });

  it("lists each directory once, before what is in it, with lists where they are asked for", async () => {
    const seen: string[] = [];
    for await (const page of asking("include=metadata,snapshots,permissions")
      .listBlobsFlat()
      .byPage({ maxPageSize: 7 }))
      for (const { name, properties, metadata } of page.segment.blobItems) {
        expect(Reflect.get(properties, "Acl")).toMatch(/^user::rw/);
        if (metadata?.hdi_isfolder === "true") {
          expect(Reflect.get(properties, "ResourceType")).toBe("directory");
          expect(seen).not.toContain(name);
          seen.push(name);
        } else expect(seen).toContain(name.split("/")[0]);
      }
    expect(seen.length).toBeGreaterThan(0);
    for await (const { properties } of client().getContainerClient(places.containerName(one)).listBlobsFlat())
      expect(Reflect.get(properties, "Acl")).toBeUndefined();
  });

  it("tells the list of its root directory, which no listing tells", async () => {
    const root = asking("action=getAccessControl&upn=false").getBlobClient("");
    const { headers } = (await root.getProperties())._response;
    expect(headers.get("x-ms-acl")).toContain("other::--x");
    expect(headers.get("x-ms-owner")).toBe("$superuser");
  });
});
