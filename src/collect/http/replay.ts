/** A recorded tenant: answers come from a file of exchanges instead of the network. */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { z } from "zod";
import { ConfigError, ProviderError } from "../../model.ts";
import { shownUrl } from "./redact.ts";
import type { Wire, WireResponse } from "./wire.ts";

/** One line of a recording. */
const Line = z.object({
  recorded: z.string().optional(),
  request: z.object({ method: z.string().min(1), url: z.url() }),
  response: z.object({
    status: z.number().int().min(100).max(599),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.unknown().optional(),
  }),
});
type Line = z.infer<typeof Line>;

/** What shapes an answer but does not make it another one: versions, columns, sizes of pages. */
const IGNORED = new Set([
  "api-version",
  "$select",
  "$top",
  "$expand",
  "$count",
  "$maxpagesize",
  "maxresults",
  "timeout",
]);

export interface Recording {
  readonly file: string;
  readonly exchanges: number;
  readonly wire: Wire;
}

/**
 * Reads a recording (JSON Lines of `{recorded, request: {method, url}, response: {status, headers, body}}`).
 * Only places in the file are kept in memory. Of two answers to one request the later line holds.
 * @throws ConfigError for a missing or unreadable file, or with the number of a line that does not fit.
 */
export async function openRecording(file: string): Promise<Recording> {
  const places = new Map<string, { start: number; length: number }>();
  let number = 0;
  let start = 0;
  for await (const line of linesOf(file)) {
    number++;
    const text = line.toString("utf8").trim();
    if (text !== "") {
      const { request } = parseLine(text, file, number);
      places.set(keyOf(request.method, new URL(request.url)), { start, length: line.length });
    }
    start += line.length + 1;
  }
  if (places.size === 0) throw new ConfigError("bad-recording", `${file} holds no recorded exchange`);

  const wire: Wire = async (request) => {
    const place = places.get(keyOf(request.method, request.url));
    if (place === undefined)
      throw new ProviderError(
        "not-recorded",
        `${request.method} ${shownUrl(request.url)} is not in the recording`,
      );
    const text = await readAt(file, place.start, place.length);
    return responseOf(parseLine(text, file, undefined), request.method);
  };
  return { file, exchanges: places.size, wire };
}

/**
 * Requests are the same if method, host, path and all parameters are that change what is asked (page token,
 * filter, operation). Case does not matter in host and path.
 */
function keyOf(method: string, url: URL): string {
  let path = url.pathname;
  try {
    path = decodeURIComponent(path);
  } catch {
    // A path that is not encoded well is compared as it stands.
  }
  const parameters = [...url.searchParams]
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !IGNORED.has(name))
    .map(([name, value]) => `${name}=${value}`)
    .sort();
  const plain = `/${path.split("/").filter(Boolean).join("/")}`;
  return (
    `${method.toUpperCase()} ${url.host}${plain}`.toLowerCase() +
    (parameters.length > 0 ? `?${parameters.join("&")}` : "")
  );
}

function responseOf(line: Line, method: string): WireResponse {
  const { status, body } = line.response;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(line.response.headers)) headers[name.toLowerCase()] = value;
  const text =
    body === undefined || body === null ? "" : typeof body === "string" ? body : JSON.stringify(body);
  // The length of another spelling of the same JSON; a HEAD has no body, and its length is an answer.
  if (method !== "HEAD") delete headers["content-length"];
  delete headers["content-encoding"];
  if (headers["content-type"] === undefined && typeof body === "object")
    headers["content-type"] = "application/json";
  const version = new URL(line.request.url).searchParams.get("api-version");
  return {
    status,
    headers,
    bytes: Buffer.from(text, "utf8"),
    ...(version === null ? {} : { recordedApiVersion: version }),
  };
}

function parseLine(text: string, file: string, number: number | undefined): Line {
  const where = number === undefined ? file : `${file}, line ${number}`;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ConfigError("bad-recording", `${where}: not JSON`, "One exchange a line.", {
      cause: error,
    });
  }
  const parsed = Line.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ConfigError(
    "bad-recording",
    `${where}: ${issue?.path.join(".") ?? "line"}: ${issue?.message ?? "does not fit"}`,
    "One exchange a line: {recorded, request: {method, url}, response: {status, headers, body}}.",
  );
}

/** Lines as bytes, so that their places in the file are known. */
async function* linesOf(file: string): AsyncGenerator<Buffer> {
  const parts: Buffer[] = [];
  try {
    for await (const chunk of createReadStream(file)) {
      if (!Buffer.isBuffer(chunk)) continue;
      let from = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
        parts.push(chunk.subarray(from, end));
        yield Buffer.concat(parts.splice(0));
        from = end + 1;
      }
      parts.push(chunk.subarray(from));
    }
  } catch (error) {
    throw unreadable(file, error);
  }
  const last = Buffer.concat(parts);
  if (last.length > 0) yield last;
}

async function readAt(file: string, start: number, length: number): Promise<string> {
  const handle = await open(file, "r").catch((error: unknown) => {
    throw unreadable(file, error);
  });
  try {
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await handle.read(bytes, 0, length, start);
    return bytes.subarray(0, bytesRead).toString("utf8");
  } finally {
    await handle.close();
  }
}

function unreadable(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || error instanceof ConfigError) return error;
  const what =
    error.code === "ENOENT" ? "there is no such file" : `it cannot be read (${String(error.code)})`;
  return new ConfigError(
    "unreadable-file",
    `${file}: ${what}`,
    "Name a recording that exists and that you may read.",
    {
      cause: error,
    },
  );
}
