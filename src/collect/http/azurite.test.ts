/** The storage SDK over our transport against a real blob server, over https with a private authority. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { generate } from "selfsigned";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loopbackTransport } from "../../../test/loopback.ts";
import { createDispatcher, systemClock } from "../http.ts";

/** The emulator's account: https://learn.microsoft.com/azure/storage/common/storage-use-azurite */
const ACCOUNT = "devstoreaccount1";

let folder: string;
let azurite: ChildProcess;
let origin: string;
let ca: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "forereach-azurite-"));
  const pem = await generate([{ name: "commonName", value: "127.0.0.1" }], {
    extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
  });
  ca = pem.cert;
  await writeFile(join(folder, "cert.pem"), pem.cert);
  await writeFile(join(folder, "key.pem"), pem.private);
  const azuriteHome = dirname(createRequire(import.meta.url).resolve("azurite/package.json"));
  azurite = spawn(
    process.execPath,
    [
      join(azuriteHome, "dist/src/blob/main.js"),
      ...["--skipApiVersionCheck", "--disableTelemetry", "--inMemoryPersistence"],
      ...["--blobHost", "127.0.0.1", "--blobPort", "0", "--oauth", "basic"],
      ...["--cert", join(folder, "cert.pem"), "--key", join(folder, "key.pem")],
    ],
    { cwd: folder, stdio: ["ignore", "pipe", "inherit"] },
  );
  origin = await new Promise<string>((resolve, reject) => {
    azurite.once("exit", (code) => reject(new Error(`azurite ended with ${code}`)));
    if (azurite.stdout === null) return reject(new Error("azurite has no output"));
    createInterface(azurite.stdout).on("line", (line) => {
      const address = /listens on (https:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
  });
});

afterAll(async () => {
  azurite.removeAllListeners("exit");
  azurite.kill();
  await rm(folder, { recursive: true });
});

/** What Azurite looks at in a token: issuer, audience and times, not the signature. */
function token(): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = {
    iss: "https://sts.windows.net/t/",
    aud: "https://storage.azure.com",
    iat: now,
    nbf: now - 60,
    exp: now + 3600,
  };
  return `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}.${Buffer.from("signature").toString("base64url")}`;
}

describe("blobs on a real server", () => {
  it("lists and reads ranges with a bearer token over https", async () => {
    const dispatcher = createDispatcher({ ca });
    // The test's own uploads go past the transport, which would refuse them.
    const put = async (path: string, headers: Record<string, string>, body?: string) => {
      const { statusCode } = await request(`${origin}/${ACCOUNT}/${path}`, {
        method: "PUT",
        dispatcher,
        headers: { authorization: `Bearer ${token()}`, "x-ms-version": "2025-01-05", ...headers },
        body: body ?? null,
      });
      expect(statusCode).toBe(201);
    };
    await put("files?restype=container", {});
    for (const name of ["a.txt", "folder/b%20c.txt", "100%25.txt"])
      await put(`files/${name}`, { "x-ms-blob-type": "BlockBlob" }, "0123456789");

    const transport = loopbackTransport(origin, {
      allow: [
        "GET blob /",
        "GET blob /{container}",
        "GET blob /{container}/{path*}",
        "HEAD blob /{container}/{path*}",
      ],
      clock: systemClock,
      dispatcher,
      credential: () => ({
        getToken: async () => ({ token: token(), expiresOnTimestamp: Date.now() + 3_600_000 }),
      }),
    });
    const service = transport.blobs(`${origin}/${ACCOUNT}`);
    const containers: string[] = [];
    for await (const container of service.listContainers()) containers.push(container.name);
    expect(containers).toEqual(["files"]);

    const files = service.getContainerClient("files");
    const found: string[] = [];
    for await (const page of files.listBlobsFlat({ includeMetadata: true }).byPage({ maxPageSize: 2 }))
      for (const blob of page.segment.blobItems) found.push(blob.name);
    expect(found).toEqual(["100%.txt", "a.txt", "folder/b c.txt"]);
    for (const name of found) {
      expect((await files.getBlobClient(name).downloadToBuffer(3, 4)).toString()).toBe("3456");
      expect((await files.getBlobClient(name).getProperties()).contentLength).toBe(10);
    }
    await expect(files.getBlobClient("none").getProperties()).rejects.toMatchObject({ code: "not-found" });
    await expect(files.getBlockBlobClient("new").upload("x", 1)).rejects.toMatchObject({
      code: "not-allowed",
    });
    await dispatcher.close();
  });

  it("says that a certificate is not trusted, without trying again", async () => {
    const transport = loopbackTransport(origin);
    await expect(
      transport.blobs(`${origin}/${ACCOUNT}`).getContainerClient("files").listBlobsFlat().next(),
    ).rejects.toMatchObject({
      code: "certificate",
      fix: expect.stringContaining("`ca`"),
    });
    expect(transport.stats().requests).toBe(0);
  });
});
