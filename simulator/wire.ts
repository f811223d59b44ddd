/** Requests and replies inside the simulator, and what its three services share in answering. */
import type { Json } from "./world.ts";

export interface SimulatedRequest {
  readonly method: string;
  /** Path below the service's own prefix, percent-decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Where links must point: `http://127.0.0.1:PORT` and the service's prefix. */
  readonly base: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

const JSON_TYPE = "application/json; charset=utf-8";

export const json = (body: Json, status = 200, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status,
  headers: { "content-type": JSON_TYPE, ...headers },
  body: JSON.stringify(body),
});

/** An error as Graph and ARM print it. */
export const failure = (
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Reply => json({ error: { code, message } }, status, headers);

export const notFound = (what: string): Reply =>
  failure(404, "Request_ResourceNotFound", `Resource '${what}' does not exist.`);

/** A request that is wrong in itself. */
export class BadRequest extends Error {}

/** An opaque token of a position, and back. */
export const writeToken = (token: Json): string => Buffer.from(JSON.stringify(token)).toString("base64url");
export function readToken(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value))
      : undefined;
  } catch {
    return undefined;
  }
}

/** Position in a token of this simulator. Throws BadRequest for any other text. */
export function offsetOf(text: string | null): number {
  if (text === null) return 0;
  const at = readToken(text)?.at;
  if (typeof at !== "number" || at < 0) throw new BadRequest("The skip token is not one of this service.");
  return at;
}

/** The same request further on: its link with one parameter changed. */
export function linkTo(request: SimulatedRequest, changes: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(request.query);
  for (const [name, value] of Object.entries(changes)) query.set(name, value);
  // Option names keep their dollar sign, as in the links of the services.
  return `${request.base}${encodeURI(request.path)}?${query.toString().replaceAll("%24", "$")}`;
}
