/** A refusal of a service, in the words of the product: who must act. */
import {
  CursorExpired,
  type ForereachError,
  Interrupted,
  PermissionError,
  ProviderError,
} from "../../model.ts";
import { shownMessage, shownUrl } from "./redact.ts";

/** Codes with which Graph says that a token or a page is too old, whatever the status. */
const EXPIRED = /^(syncstatenotfound|resyncrequired|resyncchanges\w+|directory_expiredpagetoken)$/i;
/** Code with which Graph and ARM say that the tenant has no licence of what was asked for. */
const UNLICENSED = /^aadpremiumlicenserequired$/i;

export interface Refusal {
  method: string;
  url: URL;
  status: number;
  /** The answer's JSON, if it has any; else `errorCode` may come from a header. */
  json?: unknown;
  errorCode?: string | undefined;
}

/** The error that a status of 300 and above stands for. Names host and path, never query or headers. */
export function refusalError(refusal: Refusal): ForereachError {
  const { status } = refusal;
  const stated = statedError(refusal.json);
  const code = stated.code ?? refusal.errorCode;
  const details = [code, stated.message].filter((part) => part !== undefined && part !== "").join(": ");
  const where = `${refusal.method} ${shownUrl(refusal.url)}`;
  const message = `${where} was answered with ${status}${details === "" ? "" : ` (${shownMessage(details)})`}`;
  if (status === 401) return new PermissionError("unauthorized", message);
  if (status === 403) return new PermissionError("forbidden", message);
  if (status === 410 || (code !== undefined && EXPIRED.test(code))) return new CursorExpired("gone", message);
  if (code !== undefined && UNLICENSED.test(code)) return new ProviderError("not-licensed", message);
  if (status === 404) return new ProviderError("not-found", message);
  if (status === 429)
    return new ProviderError("throttled", message, "Run it again later: what was read is kept.");
  return new ProviderError(`http-${status}`, message);
}

export function interrupted(): Interrupted {
  return new Interrupted(
    "interrupted",
    "Interrupted",
    "Run the same command again: it continues where it stopped.",
  );
}

function statedError(json: unknown): { code?: string; message?: string } {
  if (!isObject(json) || !isObject(json.error)) return {};
  const { code, message } = json.error;
  return {
    ...(typeof code === "string" ? { code } : {}),
    ...(typeof message === "string" ? { message } : {}),
  };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
