import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { allowList } from "../../src/collect/http/allow.ts";
import type { Page, StepContext } from "../../src/connector.ts";
import type { Level } from "../../src/model.ts";
import type { NodeRecord } from "../../src/schema.ts";
import { blobTransport } from "../../test/blob-transport.ts";
import { CONFIDENTIAL, labelInfo, labelKeys, officeFile, SECRET, TENANT } from "../../test/office.ts";
import { blobs } from "./blobs.ts";

const ACCOUNT = "/subscriptions/s1/resourcegroups/g1/providers/microsoft.storage/storageaccounts/acct";
const CONTAINER = `${ACCOUNT}/blobservices/default/containers/docs`;

interface Blob {
  name: string;
  body?: Buffer;
  metadata?: Record<string, string>;
  version?: { id: string; current: boolean };
  snapshot?: string;
  tier?: string;
  /** Status that reading it gives. */
  refuse?: number;
  /** ETag at the time of reading, if it was replaced since the listing. */
  now?: string;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const escapeXml = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function blobXml(blob: Blob): string {
  const metadata = Object.entries(blob.metadata ?? {}).map(([k, v]) => `<${k}>${escapeXml(v)}</${k}>`);
  return `<Blob><Name>${escapeXml(blob.name)}</Name>${blob.snapshot ? `<Snapshot>${blob.snapshot}</Snapshot>` : ""}${
    blob.version
      ? `<VersionId>${blob.version.id}</VersionId><IsCurrentVersion>${blob.version.current}</IsCurrentVersion>`
      : ""
  }<Properties><Last-Modified>Sat, 07 Nov 2026 10:00:00 GMT</Last-Modified><Etag>0x1</Etag><Content-Length>${
    blob.body?.length ?? 7
  }</Content-Length>${blob.tier ? `<AccessTier>${blob.tier}</AccessTier>` : ""}</Properties><Metadata>${metadata.join(
    "",
  )}</Metadata></Blob>`;
}

const ROOT_LIST = {
  "x-ms-acl": "user::rwx,group::r-x,other::---",
  "x-ms-owner": "$superuser",
  "x-ms-group": "$superuser",
  "x-ms-permissions": "rwxr-x---",
};

/** A blob service of one container, as far as this step asks. */
async function serve(all: readonly Blob[], options: { listing?: number } = {}): Promise<string> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    if (url.searchParams.get("comp") === "list") {
      if (options.listing) return void response.writeHead(options.listing).end();
      const from = Number(url.searchParams.get("marker") ?? 0);
      const to = from + Number(url.searchParams.get("maxresults"));
      const rows = all.slice(from, to).map(blobXml).join("");
      const next = to < all.length ? String(to) : "";
      response.writeHead(200, { "content-type": "application/xml" });
      return void response.end(
        `<?xml version="1.0"?><EnumerationResults><Blobs>${rows}</Blobs><NextMarker>${next}</NextMarker></EnumerationResults>`,
      );
    }
    if (url.searchParams.get("action") === "getAccessControl")
      return void response.writeHead(200, ROOT_LIST).end();
    const name = decodeURIComponent(url.pathname.replace("/docs/", ""));
    const blob = all.find(
      (each) =>
        each.name === name &&
        (each.snapshot ?? null) === url.searchParams.get("snapshot") &&
        (each.version && !each.version.current ? each.version.id : null) ===
          url.searchParams.get("versionid"),
    );
    if (!blob?.body) return void response.writeHead(404).end();
    if (blob.refuse) return void response.writeHead(blob.refuse).end();
    if (request.headers["if-match"] !== `"${blob.now ?? "0x1"}"`) return void response.writeHead(412).end();
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(String(request.headers["x-ms-range"])) ?? [];
    const part = blob.body.subarray(Number(first), Number(last) + 1);
    response.writeHead(206, { etag: '"0x1"', "content-length": part.length });
    response.end(part);
  });
  // A busy machine takes longer between two pages than a server waits by default.
  server.keepAliveTimeout = 60_000;
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function contextOf(url: string, level: Level, account: { hns?: boolean } = {}) {
  const http = blobTransport();
  const nodes: NodeRecord[] = [
    { kind: "Scope", id: ACCOUNT, props: { kind: "StorageAccount", url, ...account } },
    { kind: "Scope", id: CONTAINER, props: { kind: "Container", name: "docs" } },
  ];
  const context: StepContext = {
    http,
    tenantId: TENANT,
    level,
    isAgent: () => undefined,
    async *known(kind, where = {}) {
      for (const node of nodes)
        if (node.kind === kind && node.props.kind === (where.kind ?? node.props.kind)) yield node;
    },
    targets: () => Promise.resolve(new Set()),
    includes: () => true,
    signal: new AbortController().signal,
  };
  return { context, http };
}

async function crawl(context: StepContext, cursor?: string): Promise<Page[]> {
  const pages: Page[] = [];
  const pass = { scope: CONTAINER, mode: "full", ...(cursor === undefined ? {} : { cursor }) } as const;
  for await (const page of blobs.crawl(context, pass)) pages.push(page);
  return pages;
}

const puts = (pages: readonly Page[]) =>
  pages.flatMap((page) => page.changes.flatMap((change) => ("put" in change ? [change.put] : [])));

/** Label id by item path as the id says it, and whence it is known. */
function labelsOf(pages: readonly Page[]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const put of puts(pages))
    if (put.kind === "LABELED" && put.from.id && put.to.id)
      labels[put.from.id.slice(CONTAINER.length + "/blobs/".length)] =
        `${put.to.id}${put.props?.source ? ` by ${put.props.source}` : ""}`;
  return labels;
}

const secretFile = officeFile({ labelInfo: labelInfo({ id: SECRET }) });

describe("listing blobs", () => {
  it("names every blob, version and snapshot with the container that protects it", async () => {
    const url = await serve([
      {
        name: "Reports/Q1 & Q2.txt",
        metadata: { sensitive_types: "U.S. SSN, Credit Card,U.S. SSN" },
        version: { id: "v2", current: true },
      },
      { name: "Reports/Q1 & Q2.txt", version: { id: "v1", current: false } },
      { name: "Reports/Q1 & Q2.txt", snapshot: "2026-11-01T00:00:00.0000000Z" },
      { name: "clean.csv", metadata: { Sensitive_Types: "" } },
      { name: "folder", metadata: { hdi_isfolder: "true" }, body: Buffer.alloc(0) },
      { name: "marked.csv", metadata: { hdi_isfolder: "true" } },
    ]);
    const records = puts(await crawl(contextOf(url, "metadata").context));
    const items = records.flatMap((put) => (put.kind === "Item" ? [put] : []));
    const common = {
      name: "Q1 & Q2.txt",
      path: "Reports/Q1 & Q2.txt",
      modified: "2026-11-07T10:00:00.000Z",
      etag: "0x1",
      size: 7,
    };
    const id = `${CONTAINER}/blobs/Reports/Q1 & Q2.txt`;
    expect(items).toEqual([
      {
        kind: "Item",
        id,
        props: { ...common, kind: "Blob", types: "Credit Card; U.S. SSN" },
      },
      { kind: "Item", id: `${id}?versionid=v1`, props: { ...common, kind: "BlobVersion" } },
      {
        kind: "Item",
        id: `${id}?snapshot=2026-11-01T00:00:00.0000000Z`,
        props: { ...common, kind: "BlobSnapshot" },
      },
      {
        kind: "Item",
        id: `${CONTAINER}/blobs/clean.csv`,
        props: { ...common, kind: "Blob", name: "clean.csv", path: "clean.csv", types: "" },
      },
      {
        kind: "Item",
        id: `${CONTAINER}/blobs/marked.csv`,
        props: { ...common, kind: "Blob", name: "marked.csv", path: "marked.csv" },
      },
    ]);
    const protectedBy = records.filter((put) => put.kind === "PROTECTED_BY");
    expect(protectedBy.map(({ from, to }) => [from.id, to.id])).toEqual(
      items.map((item) => [item.id, CONTAINER]),
    );
  });

  it("pages through 12,000 blobs and continues from any cursor without loss or repetition", async () => {
    const all = Array.from({ length: 12_000 }, (_, i) => ({ name: `b${String(i).padStart(5, "0")}.txt` }));
    const { context, http } = contextOf(await serve(all), "metadata");
    const pages = await crawl(context);
    expect(pages.map((page) => page.cursor !== undefined)).toEqual([true, true, false]);
    expect(Object.keys(labelsOf(pages))).toEqual(all.map(({ name }) => name));
    expect(http.sent).toHaveLength(3);
    expect(await crawl(context, pages[0]!.cursor)).toEqual(pages.slice(1));
  });

  it("asks for no versions where the account has a hierarchical namespace", async () => {
    // On a bare address the account's name is the first part of the path.
    const { context, http } = contextOf(`${await serve([])}/acct`, "metadata", { hns: true });
    await crawl(context);
    const [root, list] = http.sent.map(({ method, path }) => `${method} ${path}`);
    expect(root).toBe("HEAD /acct/docs/?action=getAccessControl&upn=false");
    expect(list).toMatch(/^GET \/acct\/docs\?include=metadata,snapshots,permissions&/);
  });

  it("ends with the refusal, and never as an empty container, where it is refused", async () => {
    const { context } = contextOf(await serve([], { listing: 403 }), "metadata");
    await expect(crawl(context)).rejects.toMatchObject({ code: "forbidden" });
  });

  it("has one scope a container, and says so where the account's endpoint is not known", async () => {
    const { context } = contextOf("", "metadata");
    const scopes = [];
    for await (const scope of blobs.scopes!(context)) scopes.push(scope);
    expect(scopes).toEqual([{ id: CONTAINER, name: "docs" }]);
    await expect(crawl(context)).rejects.toMatchObject({ code: "blob-endpoint-unknown" });
  });

  it("may read containers and blobs whose names begin with a dollar sign", () => {
    const list = allowList(blobs.reads);
    const dollars = [
      "/docs/$RECYCLE.BIN/a",
      "/$web/index.html",
      "/$root/$a",
      "/$logs",
      "/$logs/blob/2026/1.log",
    ];
    for (const path of ["/docs", "/docs/a/b", ...dollars])
      expect(() => list.check("blob", "GET", path), path).not.toThrow();
  });
});

describe("labels at level metadata", () => {
  it("come from metadata and structure alone, and no byte is read", async () => {
    const keys = Object.fromEntries(
      Object.entries(labelKeys(CONFIDENTIAL, { Name: "Confidential", ContentBits: "8" })).map(([k, v]) => [
        k.replaceAll("-", "_"),
        v,
      ]),
    );
    const url = await serve([
      { name: "a.docx", body: secretFile },
      { name: "b.csv" },
      { name: "c.csv", metadata: keys },
      { name: "d.pdf" },
    ]);
    const { context, http } = contextOf(url, "metadata");
    const pages = await crawl(context);
    expect(labelsOf(pages)).toEqual({
      "a.docx": "label-unknown",
      "b.csv": "unlabeled",
      "c.csv": `${CONFIDENTIAL} by catalog`,
      "d.pdf": "label-unknown",
    });
    expect(puts(pages)).toContainEqual({
      kind: "Label",
      id: CONFIDENTIAL,
      props: { kind: "Sensitivity", name: "Confidential", encrypted: true },
    });
    expect(http.sent).toHaveLength(1);
    expect(pages[0]!.gaps).toBeUndefined();
  });
});

describe("labels at level labels", () => {
  it("are read from the bytes of blobs, versions and snapshots", async () => {
    const url = await serve([
      { name: "a.docx", body: secretFile, version: { id: "v2", current: true } },
      {
        name: "a.docx",
        body: officeFile({ labelInfo: labelInfo({ id: CONFIDENTIAL }) }),
        version: { id: "v1", current: false },
      },
      { name: "a.docx", body: officeFile(), snapshot: "2026-11-01T00:00:00.0000000Z" },
    ]);
    const { context } = contextOf(url, "labels");
    const pages = await crawl(context);
    expect(labelsOf(pages)).toEqual({
      "a.docx": `${SECRET} by bytes`,
      "a.docx?versionid=v1": `${CONFIDENTIAL} by bytes`,
      "a.docx?snapshot=2026-11-01T00:00:00.0000000Z": "unlabeled by bytes",
    });
    expect(pages[0]!.gaps).toBeUndefined();
  });

  it("stay unknown beside a file without one, where a catalog wrote one that does not tell its tenant", async () => {
    const entries = Object.entries(labelKeys(SECRET, { SiteId: "" }));
    const metadata = Object.fromEntries(entries.map(([key, value]) => [key.replaceAll("-", "_"), value]));
    const url = await serve([
      { name: "a.docx", body: officeFile(), metadata },
      { name: "b.docx", body: secretFile, metadata },
      { name: "c.csv", metadata },
    ]);
    const pages = await crawl(contextOf(url, "labels").context);
    expect(labelsOf(pages)).toEqual({
      "a.docx": "label-unknown",
      "b.docx": `${SECRET} by bytes`,
      "c.csv": "label-unknown",
    });
    expect(pages[0]!.gaps).toMatchObject([
      { state: "partial", reason: expect.stringContaining("2 with a label that does not tell its tenant") },
    ]);
  });

  it("are unknown with a counted reason for files that could not be read", async () => {
    const url = await serve([
      { name: "a.docx", body: secretFile },
      { name: "archived.docx", body: secretFile, tier: "Archive" },
      { name: "changed.docx", body: secretFile, now: "0x2" },
      { name: "corrupt.docx", body: Buffer.from("no zip at all") },
      { name: "gone.docx" },
      { name: "scan.pdf" },
    ]);
    const pages = await crawl(contextOf(url, "labels").context);
    const { "a.docx": read, ...others } = labelsOf(pages);
    expect(read).toBe(`${SECRET} by bytes`);
    expect(new Set(Object.values(others))).toEqual(new Set(["label-unknown"]));
    expect(pages[0]!.gaps).toEqual([
      {
        step: "azure.labels",
        scope: CONTAINER,
        state: "partial",
        reason:
          "Files whose label is not known: 1 in the archive tier; 1 changed while being read; " +
          "1 not readable as the Office file that its name says; " +
          "1 in a format whose label is not read yet; 1 deleted since they were listed.",
      },
    ]);
  });

  it("are unknown for the whole container where reading is refused, after one try", async () => {
    const all = Array.from({ length: 50 }, (_, i) => ({
      name: `${i}.docx`,
      body: secretFile,
      refuse: 403,
    }));
    const { context, http } = contextOf(await serve(all), "labels");
    const pages = await crawl(context);
    expect(new Set(Object.values(labelsOf(pages)))).toEqual(new Set(["label-unknown"]));
    expect(pages[0]!.gaps).toMatchObject([
      { step: "azure.labels", scope: CONTAINER, state: "denied", fix: expect.stringContaining("Grant") },
    ]);
    expect(http.sent).toHaveLength(2);
  });

  it("are told at the end for pages before an interruption too", async () => {
    const all: Blob[] = Array.from({ length: 5001 }, (_, i) => ({ name: `${i}.txt` }));
    all[0] = { name: "0.pdf" };
    const { context } = contextOf(await serve(all), "labels");
    const first = (await crawl(context))[0]!;
    expect(first.gaps).toBeUndefined();
    const rest = await crawl(context, first.cursor);
    expect(rest[0]!.gaps).toMatchObject([{ step: "azure.labels", state: "not-modelled" }]);
  });

  it("do not depend on the order in which reads end", async () => {
    const all = Array.from({ length: 40 }, (_, i) => ({
      name: `${String(i).padStart(2, "0")}.docx`,
      body: i % 2 ? secretFile : officeFile(),
    }));
    const { context } = contextOf(await serve(all), "labels");
    const labels = labelsOf(await crawl(context));
    expect(Object.values(labels)).toEqual(
      all.map((_, i) => (i % 2 ? `${SECRET} by bytes` : "unlabeled by bytes")),
    );
  });

  it("end the pass where the service fails: that is no property of a file", async () => {
    const url = await serve([{ name: "a.docx", body: secretFile, refuse: 500 }]);
    await expect(crawl(contextOf(url, "labels").context)).rejects.toMatchObject({ code: "http-500" });
  });
});
