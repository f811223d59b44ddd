import { afterEach, describe, expect, it } from "vitest";
import { type Answerer, type Loopback, loopbackTransport, startLoopback } from "../../../test/loopback.ts";

let server: Loopback | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const CONTENT = Buffer.from("0123456789abcdef");

const LIST = (names: string[], marker: string) =>
  `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="x" ContainerName="files"><Blobs>${names
    .map(
      (name) =>
        `<Blob><Name>${name}</Name><Properties><Content-Length>16</Content-Length></Properties></Blob>`,
    )
    .join("")}</Blobs><NextMarker>${marker}</NextMarker></EnumerationResults>`;

async function account(answer: Answerer) {
  server = await startLoopback(answer);
  const transport = loopbackTransport(server.url);
  return { server, transport, files: transport.blobs(`${server.url}/account`).getContainerClient("files") };
}

const xml: (text: string) => Answerer = (text) => (_, response) => {
  response.writeHead(200, { "content-type": "application/xml" });
  response.end(text);
};

async function names(files: Awaited<ReturnType<typeof account>>["files"]): Promise<string[]> {
  const found: string[] = [];
  for await (const blob of files.listBlobsFlat()) found.push(blob.name);
  return found;
}

describe("blobs", () => {
  it("lists page by page with our token", async () => {
    const { server, files } = await account((request, response, i) =>
      xml(request.url.includes("marker=m1") ? LIST(["c"], "") : LIST(["a", "b"], "m1"))(request, response, i),
    );
    expect(await names(files)).toEqual(["a", "b", "c"]);
    expect(server.seen[0]?.headers.authorization).toBe("Bearer secret-token");
    expect(server.seen[0]?.url).toMatch(/^\/account\/files\?/);
  });

  it("reads the bytes of a range, and asks again for those that were cut", async () => {
    const { server, files, transport } = await account((request, response, i) => {
      const [, first, last] = /bytes=(\d+)-(\d+)/.exec(String(request.headers["x-ms-range"])) ?? [];
      const bytes = CONTENT.subarray(Number(first), Number(last) + 1);
      response.writeHead(206, {
        "content-type": "application/octet-stream",
        etag: "1",
        "content-length": bytes.length,
      });
      if (i > 0) response.end(bytes);
      else {
        response.write(bytes.subarray(0, 1));
        setTimeout(() => response.destroy(), 5);
      }
    });
    const answer = await files.getBlobClient("a/b c.docx").download(4, 6);
    const chunks: Buffer[] = [];
    for await (const chunk of answer.readableStreamBody ?? []) chunks.push(Buffer.from(chunk));
    expect(Buffer.concat(chunks).toString()).toBe("456789");
    expect(await files.getBlobClient("x").downloadToBuffer(10, 6)).toEqual(CONTENT.subarray(10));
    expect(server.seen.map((one) => one.url)[0]).toBe("/account/files/a/b%20c.docx");
    expect(transport.stats()).toMatchObject({ requests: 3, retries: 1 });
  });

  it.each(["application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/xml"])(
    "takes part of a file of type %s for bytes, not for a list that ends early",
    async (type) => {
      const { server, files } = await account((_, response) => {
        response.writeHead(206, { "content-type": type, etag: "1", "content-length": 4 });
        response.end(CONTENT.subarray(0, 4));
      });
      expect(await files.getBlobClient("a.docx").downloadToBuffer(0, 4)).toEqual(CONTENT.subarray(0, 4));
      expect(server.seen).toHaveLength(1);
    },
  );

  it("refuses to read a blob whole, or a range without measure", async () => {
    const { server, files } = await account(xml(""));
    await expect(files.getBlobClient("a").download()).rejects.toMatchObject({ code: "not-allowed" });
    await expect(files.getBlobClient("a").download(5)).rejects.toMatchObject({ code: "not-allowed" });
    await expect(files.getBlobClient("a").download(0, 2 ** 30)).rejects.toMatchObject({
      code: "not-allowed",
    });
    expect(server.seen).toEqual([]);
  });

  it("does not take more than the range from a server that ignores it", async () => {
    const { files } = await account((_, response) => response.end(CONTENT));
    await expect(files.getBlobClient("a").download(0, 4)).rejects.toMatchObject({ code: "too-large" });
  });

  it("does not take a list that ends early for a short one", async () => {
    const whole = LIST(["a", "b"], "");
    const cut = whole.slice(0, whole.indexOf("<Blob><Name>b"));
    const { files } = await account((request, response, i) =>
      xml(i === 0 ? cut : whole)(request, response, i),
    );
    expect(await names(files)).toEqual(["a", "b"]);
    await server?.close();
    const broken = await account(xml(cut));
    await expect(names(broken.files)).rejects.toMatchObject({ code: "cut-body" });
  });

  it.each([
    [403, "PermissionError", "forbidden"],
    [401, "PermissionError", "unauthorized"],
    [404, "ProviderError", "not-found"],
    [409, "ProviderError", "http-409"],
  ])("turns %i into %s, with the service's code", async (status, name, code) => {
    const { server, files } = await account((_, response) => {
      response.writeHead(status, {
        "content-type": "application/xml",
        "x-ms-error-code": "AuthorizationFailure",
      });
      response.end("<?xml version='1.0'?><Error><Code>AuthorizationFailure</Code></Error>");
    });
    await expect(names(files)).rejects.toMatchObject({
      name,
      code,
      message: expect.stringContaining("AuthorizationFailure"),
    });
    expect(server.seen).toHaveLength(1);
  });

  it("waits when the account is busy, with no retries of the SDK on top", async () => {
    const { server, transport, files } = await account((request, response, i) => {
      if (i > 2) return xml(LIST(["a"], ""))(request, response, i);
      response.writeHead(503, { "x-ms-error-code": "ServerBusy" });
      response.end();
    });
    expect(await names(files)).toEqual(["a"]);
    expect(server.seen).toHaveLength(4);
    expect(transport.stats()).toMatchObject({ retries: 3, throttled: 3 });
  });

  it("stops when the caller of the SDK aborts", async () => {
    const { server, files } = await account(() => {});
    const stop = new AbortController();
    const page = files.listBlobsFlat({ abortSignal: stop.signal }).next();
    while (server.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    await expect(page).rejects.toMatchObject({ name: expect.stringMatching(/Interrupted|AbortError/) });
  });
});
