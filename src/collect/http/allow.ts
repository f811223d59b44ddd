/** The reads that may leave. Everything else is refused before it does. */
import { ConfigError, ForereachError } from "../../model.ts";
import type { WireService } from "./wire.ts";

/** `GET graph /v1.0/groups/{id}/members`: {x} is one segment, {x*} at the end of a path is one or more. */
const READ = /^(GET|HEAD) (graph|arm|blob) (\/\S*)$/;

/** Headers that a read may carry; others could change its meaning (method overrides) or its sender. */
const HEADERS = new RegExp(
  `^(${[
    "accept(-language|-encoding)?|consistencylevel|prefer|deltaexcludeparent|traceparent",
    "if-(none-)?match|if-(un)?modified-since|range|user-agent|content-type",
    "(return-)?client-request-id|x-ms-(version|date|client-request-id|range|range-get-content-(md5|crc64)|if-tags)",
    "x-ms-(throttle-priority|lease-id|useragent)",
  ].join("|")})$`,
);

interface Read {
  method: string;
  service: string;
  path: RegExp;
}

export interface AllowList {
  /** Throws `not-allowed` unless one of the reads fits. `path` is as sent, relative to the service's base. */
  check(service: WireService, method: string, path: string): void;
}

/** @throws ConfigError if a read is not of the form `GET graph|arm|blob /path`: no step may declare a write. */
export function allowList(reads: readonly string[]): AllowList {
  const compiled = reads.map(compile);
  return {
    check(service, method, path) {
      const plain = plainPath(service, path);
      const fits = compiled.some(
        (read) =>
          read.service === service && read.method === method && plain !== undefined && read.path.test(plain),
      );
      if (!fits) throw notAllowed(`${method} ${service} ${path.split("?")[0]}`);
    },
  };
}

/** @throws ForereachError `not-allowed` for a header that is no part of a plain read. */
export function checkHeaders(headers: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(headers))
    if (!HEADERS.test(name.toLowerCase())) throw notAllowed(`a request with the header ${name}`);
}

export function notAllowed(what: string): ForereachError {
  return new ForereachError(
    "not-allowed",
    `Refused before it left: ${what} is not among the reads that this step declares`,
    "Forereach sends declared reads only. If this read is needed, add it to `reads` of the step.",
  );
}

function compile(read: string): Read {
  const [, method, service, path] = READ.exec(read) ?? [];
  if (method === undefined || service === undefined || path === undefined)
    throw new ConfigError(
      "bad-read",
      `Not a read: "${read}"`,
      "Write `GET graph /v1.0/users/{id}` or the like.",
    );
  const pattern = path
    .split(/(\{\w+\*?\})/)
    .map((part) => {
      if (!/^\{\w+\*?\}$/.test(part)) return escapePattern(part.toLowerCase());
      // `$batch`, `$count` and `$value` are operations, so no placeholder stands for them.
      return part.endsWith("*}") ? "[^$].*" : "[^/$][^/]*";
    })
    .join("");
  return { method, service, path: new RegExp(`^${pattern}/?$`, "s") };
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/**
 * The path as the server will understand it, in lower case; undefined if two readers could understand it
 * differently (dot segments, empty segments, slashes in disguise, double encoding).
 */
function plainPath(service: WireService, path: string): string | undefined {
  const [raw = ""] = path.split(/[?#]/);
  if (!raw.startsWith("/")) return undefined;
  const segments: string[] = [];
  for (const segment of raw.slice(1).split("/")) {
    let plain: string;
    try {
      plain = decodeURIComponent(segment);
    } catch {
      return undefined;
    }
    const dots = plain === "." || plain === "..";
    const hidden = plain.includes("/") || hasControl(plain);
    // Blob names may hold what directory paths may not: they are names, not paths.
    const odd = service !== "blob" && (plain.includes("\\") || /%[0-9a-f]{2}/i.test(plain));
    const empty = plain === "" && service !== "blob";
    if (dots || hidden || odd || (empty && raw !== "/")) return undefined;
    segments.push(plain.toLowerCase());
  }
  return `/${segments.join("/")}`;
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 0x20) return true;
  return false;
}
