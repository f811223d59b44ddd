import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Agent } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blobs } from "../connectors/azure/blobs.ts";
import { networkWire, type Wire } from "../src/collect/http/wire.ts";
import { systemClock } from "../src/collect/http.ts";
import type { Page, StepContext } from "../src/connector.ts";
import type { NodeRecord } from "../src/schema.ts";
import { type Azurite, startAzurite } from "./azurite.ts";
import { type BlobTransport, blobTransport, type Sent } from "./blob-transport.ts";
import { loopbackTransport } from "./loopback.ts";
import {
  CONFIDENTIAL,
  customXml,
  encryptedFile,
  labelInfo,
  labelKeys,
  OTHER_TENANT,
  officeFile,
  SECRET,
  TENANT,
} from "./office.ts";

const ACCOUNT = "/subscriptions/s1/resourcegroups/g1/providers/microsoft.storage/storageaccounts/real";
/** Tenant and label that one of the shared files names. */
const SHARED_TENANT = "cb46c030-1825-4e81-a295-151c039dbf02";
const SHARED_LABEL = "2096f6a2-d2f7-48be-b329-b73aaa526e5d";
const OFFICE = fileURLToPath(new URL("../../shared/inputs/office", import.meta.url));

let azurite: Azurite;
let agent: Agent;

beforeAll(async () => {
  azurite = await startAzurite(TENANT);
  agent = new Agent({ connect: { ca: azurite.ca } });
});
afterAll(async () => {
  await agent?.close();
  await azurite?.stop();
});

/** The product's own transport writes nothing. */
const uploading = (): BlobTransport => blobTransport({ dispatcher: agent, token: azurite.token });

interface Upload {
  name: string;
  body: Buffer;
  metadata?: Record<string, string>;
}

/** As clients upload Office files: the answer to a part of one has the file's type, which names XML. */
const TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/** A container with these blobs; returns the id of its scope. */
async function upload(container: string, files: readonly Upload[]): Promise<string> {
  const client = uploading().blobs(azurite.url).getContainerClient(container);
  await client.create();
  for (const { name, body, metadata } of files)
    await client.getBlockBlobClient(name).upload(body, body.length, {
      blobHTTPHeaders: { blobContentType: TYPE },
      ...(metadata === undefined ? {} : { metadata }),
    });
  return `${ACCOUNT}/blobservices/default/containers/${container}`;
}

/** As a scan reads it, and what came over the wire. */
async function scan(scope: string, tenantId = TENANT): Promise<{ pages: Page[]; sent: Sent[] }> {
  const sent: Sent[] = [];
  const network = networkWire(agent);
  const wire: Wire = async (request) => {
    const answer = await network(request);
    const { method, url, headers } = request;
    const range = headers["x-ms-range"] ?? headers.range;
    sent.push({ method, path: url.pathname + url.search, range, bytes: answer.bytes.length });
    return answer;
  };
  const http = loopbackTransport(new URL(azurite.url).origin, {
    wire,
    credential: () => ({
      getToken: async () => ({ token: azurite.token, expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
    }),
    clock: systemClock,
  });
  const account: NodeRecord = {
    kind: "Scope",
    id: ACCOUNT,
    props: { kind: "StorageAccount", url: azurite.url },
  };
  const context: StepContext = {
    http,
    tenantId,
    level: "labels",
    isAgent: () => undefined,
    async *known() {
      yield account;
    },
    targets: () => Promise.resolve(new Set()),
    includes: () => true,
    signal: new AbortController().signal,
  };
  const pages: Page[] = [];
  for await (const page of blobs.crawl(context, { scope, mode: "full" })) pages.push(page);
  return { pages, sent };
}

function labelsOf(scope: string, pages: readonly Page[]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const page of pages)
    for (const change of page.changes)
      if ("put" in change && change.put.kind === "LABELED" && change.put.from.id && change.put.to.id)
        labels[change.put.from.id.slice(`${scope}/blobs/`.length)] = change.put.to.id;
  return labels;
}

describe("a real blob server", () => {
  it("gives items, snapshots and labels of Office files", async () => {
    const files: Upload[] = [
      { name: "labelinfo.docx", body: officeFile({ labelInfo: labelInfo({ id: SECRET }) }) },
      { name: "custom.xlsx", body: officeFile({ custom: customXml(labelKeys(CONFIDENTIAL)) }) },
      {
        name: "two tenants.pptx",
        body: officeFile({
          labelInfo: labelInfo({ id: CONFIDENTIAL, siteId: OTHER_TENANT }, { id: SECRET }),
        }),
      },
      {
        name: "child.docm",
        body: officeFile({
          custom: customXml({ ...labelKeys(CONFIDENTIAL), ...labelKeys(SECRET, { Parent: CONFIDENTIAL }) }),
        }),
      },
      {
        name: "removed.docx",
        body: officeFile({ labelInfo: labelInfo({ id: SECRET, enabled: "0", removed: "1" }) }),
      },
      { name: "encrypted.docx", body: encryptedFile(labelInfo({ id: SECRET, contentBits: "8" })) },
      { name: "plain/unlabeled.docx", body: officeFile() },
      { name: "plain/corrupt.docx", body: Buffer.from("no zip") },
      { name: "plain/notes & more ü.txt", body: Buffer.from("hello"), metadata: { sensitive_types: "IBAN" } },
    ];
    const scope = await upload("documents", files);
    const client = uploading().blobs(azurite.url).getContainerClient("documents");
    const { snapshot } = await client.getBlobClient("labelinfo.docx").createSnapshot();

    const { pages } = await scan(scope);

    expect(labelsOf(scope, pages)).toEqual({
      "labelinfo.docx": SECRET,
      [`labelinfo.docx?snapshot=${snapshot}`]: SECRET,
      "custom.xlsx": CONFIDENTIAL,
      "two tenants.pptx": SECRET,
      "child.docm": SECRET,
      "removed.docx": "unlabeled",
      "encrypted.docx": SECRET,
      "plain/unlabeled.docx": "unlabeled",
      "plain/corrupt.docx": "label-unknown",
      "plain/notes & more ü.txt": "unlabeled",
    });
    expect(pages.flatMap((page) => page.gaps ?? [])).toMatchObject([
      { step: "azure.labels", scope, state: "partial" },
    ]);
    const items = pages.flatMap((page) =>
      page.changes.flatMap((change) => ("put" in change && change.put.kind === "Item" ? [change.put] : [])),
    );
    expect(items.find((item) => item.props.name === "notes & more ü.txt")?.props).toMatchObject({
      kind: "Blob",
      size: 5,
      types: "IBAN",
    });
  });

  it("gives away a few kilobytes of a 20 MB file, by ranges only", async () => {
    const body = officeFile({
      content: Buffer.alloc(20_000_000, "content "),
      labelInfo: labelInfo({ id: SECRET }),
    });
    const scope = await upload("large", [{ name: "large.docx", body }]);
    const { pages, sent } = await scan(scope);
    expect(labelsOf(scope, pages)).toEqual({ "large.docx": SECRET });
    const reads = sent.filter(({ path }) => path.includes("large.docx"));
    expect(reads.length).toBeLessThanOrEqual(3);
    expect(reads.every(({ method, range }) => method === "GET" && range !== undefined)).toBe(true);
    expect(reads.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(16_384);
  });

  const files = existsSync(OFFICE)
    ? readdirSync(OFFICE, { recursive: true, encoding: "utf8" }).filter((name) => /\.[a-z]{3,4}$/.test(name))
    : [];
  it.skipIf(files.length === 0)(
    "gives every file of ../shared/inputs/office a label state, and reads none of them whole",
    async () => {
      const uploads = files.map((name) => ({ name, body: readFileSync(join(OFFICE, name)) }));
      const scope = await upload("shared", uploads);
      const { pages, sent } = await scan(scope, SHARED_TENANT);
      const labels = labelsOf(scope, pages);
      const expected = (name: string): string => {
        if (name.endsWith("properties06.xlsx")) return SHARED_LABEL;
        // Encrypted by a password, and a format that is not read.
        return /protected|\.pdf$/.test(name) ? "label-unknown" : "unlabeled";
      };
      expect(labels).toEqual(Object.fromEntries(files.map((name) => [name, expected(name)])));
      for (const { name, body } of uploads) {
        const reads = sent.filter(({ path }) => decodeURIComponent(path).endsWith(name));
        const bytes = reads.reduce((sum, read) => sum + read.bytes, 0);
        expect(bytes, name).toBeLessThan(body.length);
      }
    },
  );
});
