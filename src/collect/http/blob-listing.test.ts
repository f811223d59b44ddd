/** A listing that is read here says what the SDK says of it, and what is not of plain form is left to the SDK. */
import { AnonymousCredential, BlobServiceClient } from "@azure/storage-blob";
import { afterEach, describe, expect, it } from "vitest";
import { type Loopback, loopbackTransport, startLoopback } from "../../../test/loopback.ts";
import { readListing } from "./blob-listing.ts";

let server: Loopback | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const page = (blobs: string, rest = "<NextMarker />"): string =>
  `\uFEFF<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="https://x/" ContainerName="files"><Prefix>a&amp;b</Prefix><MaxResults>5000</MaxResults><Blobs>${blobs}</Blobs>${rest}</EnumerationResults>`;
const blob = (name: string, more = "", properties = "<Content-Length>16</Content-Length>"): string =>
  `<Blob><Name>${name}</Name>${more}<Properties>${properties}</Properties></Blob>`;

/** Every property that the service documents, and one that nobody knows. */
const DATE = "Tue, 24 Nov 2026 09:00:00 GMT";
const ALL = [
  ...["Creation-Time", "Last-Modified", "CopyCompletionTime", "DeletedTime", "AccessTierChangeTime"].map(
    (name) => `<${name}>${DATE}</${name}>`,
  ),
  ...["Expiry-Time", "LastAccessTime", "ImmutabilityPolicyUntilDate"].map(
    (name) => `<${name}>${DATE}</${name}>`,
  ),
  ...["Content-Length", "x-ms-blob-sequence-number", "RemainingRetentionDays", "TagCount"].map(
    (name) => `<${name}>7</${name}>`,
  ),
  ...["ServerEncrypted", "IncrementalCopy", "AccessTierInferred", "Sealed", "LegalHold"].map(
    (name, i) => `<${name}>${i % 2 === 0}</${name}>`,
  ),
  ...["Content-Type", "Content-Encoding", "Content-Disposition", "Cache-Control", "Etag"].map(
    (name) => `<${name}>&quot;${name}&quot; ä</${name}>`,
  ),
  ...["LeaseStatus", "LeaseState", "LeaseDuration", "CopyId", "CopyStatus", "CopySource", "CopyProgress"].map(
    (name) => `<${name}>${name} &lt; 😀</${name}>`,
  ),
  ...["CopyStatusDescription", "DestinationSnapshot", "CustomerProvidedKeySha256", "EncryptionScope"].map(
    (name) => `<${name}>${name}</${name}>`,
  ),
  "<BlobType>BlockBlob</BlobType><AccessTier>Archive</AccessTier><RehydratePriority>High</RehydratePriority>",
  "<ArchiveStatus>rehydrate-pending-to-hot</ArchiveStatus><ImmutabilityPolicyMode>unlocked</ImmutabilityPolicyMode>",
  "<Content-MD5>AAEC</Content-MD5><Content-Language /><ResourceType>directory</ResourceType>",
  "<Owner>$superuser</Owner><Acl>user::rwx</Acl>",
].join("");

const PLAIN: Readonly<Record<string, string>> = {
  "nothing in it": page(""),
  "a blob with everything": page(
    blob(
      "a/b &amp; c.docx",
      "<Snapshot>2026-11-24T09:00:00.0000000Z</Snapshot><VersionId>v1</VersionId><IsCurrentVersion>true</IsCurrentVersion><Deleted>false</Deleted><HasVersionsOnly>true</HasVersionsOnly><Metadata><sensitive_types>IBAN, Name</sensitive_types><Empty /></Metadata><Strange>kept</Strange>",
      ALL,
    ),
  ),
  "several blobs, and more to come": page(
    ["a", " b ", "ü"].map((name) => blob(name)).join("\n"),
    "<NextMarker>m1</NextMarker>",
  ),
  "values that are not what they should be": page(
    blob("a", "", "<Content-Length>many</Content-Length><Sealed>maybe</Sealed><Etag></Etag>"),
  ),
};

/** What a standard XML reader takes, but is not of plain form. */
const UNUSUAL: Readonly<Record<string, string>> = {
  "an encoded name": page(
    '<Blob><Name Encoded="true">a%0Ab</Name><Properties><Content-Length>1</Content-Length></Properties></Blob>',
  ),
  "text in CDATA": page(blob("<![CDATA[a&b]]>")),
  tags: page(blob("a", "<Tags><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tags>")),
  "a comment": page(`<!-- none -->${blob("a")}`),
};

async function listed(xml: string, ours: boolean): Promise<unknown> {
  server = await startLoopback((request, response) => {
    response.writeHead(200, { "content-type": "application/xml" });
    response.end(request.url.includes("marker=") ? page(blob("last")) : xml);
  });
  const url = `${server.url}/account`;
  const service = ours
    ? loopbackTransport(server.url).blobs(url)
    : new BlobServiceClient(url, new AnonymousCredential(), { retryOptions: { maxTries: 1 } });
  const pages: unknown[] = [];
  for await (const {
    segment,
    continuationToken,
    prefix,
    maxPageSize,
    containerName,
    serviceEndpoint,
  } of service.getContainerClient("files").listBlobsFlat().byPage())
    pages.push({ segment, continuationToken, prefix, maxPageSize, containerName, serviceEndpoint });
  await server.close();
  server = undefined;
  return pages;
}

describe("a listing of blobs", () => {
  it.each(Object.entries(PLAIN))("with %s is read as by the SDK", async (_, xml) => {
    expect(readListing(xml)).toBeDefined();
    expect(await listed(xml, true)).toEqual(await listed(xml, false));
  });

  it("has characters by number, too, which the SDK leaves as they are", () => {
    const [item] = readListing(page(blob("&#228; &#x1F600;")))?.segment.blobItems ?? [];
    expect(item?.name.content).toBe("ä 😀");
  });

  it.each(Object.entries(UNUSUAL))("with %s is left to the SDK", async (_, xml) => {
    expect(readListing(xml)).toBeUndefined();
    expect(await listed(xml, true)).toEqual(await listed(xml, false));
  });

  it.each([
    ["ends early", page(blob("a")).slice(0, -25)],
    ["goes on after its end", `${page(blob("a"))}<Blob>`],
    ["closes what is not open", page("<Blob><Name>a</Name></Properties></Blob>")],
    ["has a blob without a name", page("<Blob><Properties></Properties></Blob>")],
    ["says a property twice", page(blob("a", "", "<Etag>1</Etag><Etag>2</Etag>"))],
    ["has an entity that is none", page(blob("&nope;"))],
    ["does not say where it goes on", page(blob("a"), "")],
    ["is an error", "<?xml version='1.0'?><Error><Code>x</Code></Error>"],
  ])("that %s is not of plain form", (_, xml) => {
    expect(readListing(xml)).toBeUndefined();
  });
});
