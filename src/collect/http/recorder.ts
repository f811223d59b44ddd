/** Writes exchanges as they happen, in the format that replay reads, without secrets and without content. */
import { open } from "node:fs/promises";
import { ConfigError } from "../../model.ts";
import { isBatch } from "./batch-body.ts";
import { isObject } from "./errors.ts";
import { withoutSecrets, withoutSecretText } from "./redact.ts";
import { isListing, type Wire, type WireRequest, type WireResponse } from "./wire.ts";

const KEPT_HEADERS =
  /^(content-type|content-length|etag|last-modified|location|retry-after|x-ms-(version|request-id|error-code|resource-unit|blob-type|creation-time|access-tier|server-encrypted|is-hns-enabled|meta-.*|tag-count|lease-.*))$/;

/** Properties whose values are secrets, wherever they stand. */
const SECRET_PROPERTIES =
  /^(secrettext|password|clientsecret|client_secret|connectionstring|accesstoken|refreshtoken|(primary|secondary)(masterkey|key|connectionstring)|accountkey|sastoken|sharedaccesskey)$/i;
/** Lists of keys, in which harmless names stand for secrets. */
const KEY_LISTS = /^(keycredentials|passwordcredentials|keys)$/i;
const SECRET_IN_KEY_LISTS = /^(key|value|hint)$/i;
const REMOVED = "<removed>";

export interface Recorder {
  /** The same wire, written down. */
  listen(wire: Wire): Wire;
  /** Exchanges written so far. */
  count(): number;
  close(): Promise<void>;
}

/** @throws ConfigError if the file exists (recordings are not overwritten) or cannot be made. */
export async function createRecorder(file: string, now: () => number = Date.now): Promise<Recorder> {
  const handle = await open(file, "wx", 0o600).catch((error: unknown) => {
    const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
    throw new ConfigError(
      "unwritable-file",
      exists ? `${file} exists already` : `${file} cannot be written`,
      "Name a new file in a folder that you may write to.",
      { cause: error },
    );
  });
  let count = 0;
  let last: Promise<void> = Promise.resolve();

  function write(method: string, url: URL, response: Part): Promise<void> {
    const line = JSON.stringify({
      recorded: new Date(now()).toISOString(),
      request: { method, url: withoutSecrets(url).href },
      response: {
        status: response.status,
        headers: keptHeaders(response.headers),
        body: typeof response.body === "string" ? withoutSecretText(response.body) : scrub(response.body),
      },
    });
    // One after the other, and awaited by the exchange: a slow disk slows the crawl, not memory.
    last = last.then(async () => {
      await handle.appendFile(`${line}\n`);
      count++;
    });
    return last;
  }

  return {
    listen: (wire) => async (request) => {
      const response = await wire(request);
      for (const part of partsOf(request, response)) await write(part.method, part.url, part);
      return response;
    },
    count: () => count,
    close: async () => {
      await last;
      await handle.close();
    },
  };
}

interface Part {
  method: string;
  url: URL;
  status: number;
  headers: Readonly<Record<string, string>>;
  body: unknown;
}

/** A batch is written as the single reads it stands for, since that is how replay is asked. */
function partsOf(request: WireRequest, response: WireResponse): Part[] {
  // Told to wait, or failing: not what the tenant holds.
  if (response.status === 429 || response.status >= 500) return [];
  if (request.service === "blob" && isBlobContent(request)) return [];
  const type = response.headers["content-type"] ?? "";
  const text = response.bytes.toString("utf8").replace(/^\uFEFF/, "");
  const whole: Part = {
    method: request.method,
    url: request.url,
    status: response.status,
    headers: response.headers,
    body: text,
  };
  if (request.service === "blob") return [whole];
  const json = /json/i.test(type) ? parse(text) : text;
  if (json === undefined) return [];
  if (!isBatch(request)) return [{ ...whole, body: json }];
  const asked = parse(request.body ?? "");
  const requests = isObject(asked) && Array.isArray(asked.requests) ? asked.requests.filter(isObject) : [];
  const answers = isObject(json) && Array.isArray(json.responses) ? json.responses.filter(isObject) : [];
  const version = request.url.href.slice(0, -"/$batch".length);
  return answers.flatMap((answer): Part[] => {
    const inner = requests.find((one) => one.id === answer.id);
    const status = Number(answer.status);
    if (inner === undefined || typeof inner.url !== "string" || status === 429 || !(status < 500)) return [];
    const headers = { "content-type": "application/json" };
    return [{ method: "GET", url: new URL(`${version}${inner.url}`), status, headers, body: answer.body }];
  });
}

/** Bytes of a file are never written: on replay such a read is unread, not empty. */
function isBlobContent(request: WireRequest): boolean {
  return request.method === "GET" && !isListing(request);
}

function keptHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => KEPT_HEADERS.test(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutSecretText(value)]));
}

function scrub(value: unknown, inKeyList = false): unknown {
  if (typeof value === "string") return withoutSecretText(value);
  if (Array.isArray(value)) return value.map((item) => scrub(item, inKeyList));
  if (!isObject(value)) return value;
  const clean: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    const secret = SECRET_PROPERTIES.test(name) || (inKeyList && SECRET_IN_KEY_LISTS.test(name));
    clean[name] = secret && typeof inner === "string" ? REMOVED : scrub(inner, KEY_LISTS.test(name));
  }
  return clean;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
