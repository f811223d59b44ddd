/** A real blob server for tests: Azurite on loopback, over https with a certificate made for the occasion. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generate } from "selfsigned";

export interface Azurite {
  /** Blob endpoint of the one account that there is. */
  url: string;
  /** Certificate to trust, PEM. */
  ca: string;
  /** A bearer token that Azurite accepts: it checks issuer, audience and times, not the signature. */
  token: string;
  stop(): Promise<void>;
}

const MAIN = fileURLToPath(new URL("../node_modules/azurite/dist/src/blob/main.js", import.meta.url));
const READY = /successfully listens on https:\/\/127\.0\.0\.1:(\d+)/;
const START_MS = 45_000;

/** Starts Azurite on a free port, with everything in memory. Throws with its output if it does not come up. */
export async function startAzurite(tenantId: string): Promise<Azurite> {
  const folder = await mkdtemp(join(tmpdir(), "forereach-azurite-"));
  const certificate = await generate([{ name: "commonName", value: "127.0.0.1" }], {
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] },
    ],
  });
  const cert = join(folder, "cert.pem");
  const key = join(folder, "key.pem");
  await writeFile(cert, certificate.cert);
  await writeFile(key, certificate.private, { mode: 0o600 });
  const server = spawn(
    process.execPath,
    [
      ...[MAIN, "--skipApiVersionCheck", "--disableTelemetry", "--inMemoryPersistence", "--silent"],
      ...["--blobHost", "127.0.0.1", "--blobPort", "0", "--oauth", "basic", "--cert", cert, "--key", key],
    ],
    { cwd: folder, stdio: ["ignore", "pipe", "pipe"] },
  );
  const stop = async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) {
      const ended = once(server, "exit");
      server.kill("SIGKILL");
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const port = await listening(server);
    const url = `https://127.0.0.1:${port}/devstoreaccount1`;
    return { url, ca: certificate.cert, token: madeUpToken(tenantId), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function listening(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (why: string): void => reject(new Error(`Azurite ${why}: ${output}`));
    const timer = setTimeout(() => fail("did not start in time"), START_MS);
    const listen = (chunk: Buffer): void => {
      output += chunk.toString();
      const port = READY.exec(output)?.[1];
      if (!port) return;
      clearTimeout(timer);
      resolve(port);
    };
    server.stdout?.on("data", listen);
    server.stderr?.on("data", listen);
    server.once("exit", (code) => {
      clearTimeout(timer);
      fail(`ended with ${code}`);
    });
  });
}

function madeUpToken(tenantId: string): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = {
    iss: `https://sts.windows.net/${tenantId}/`,
    aud: "https://storage.azure.com",
    iat: 1_600_000_000,
    nbf: 1_600_000_000,
    exp: 4_000_000_000,
  };
  return `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims)}.${Buffer.from("unsigned").toString("base64url")}`;
}
