/** Access tokens: kept until shortly before they end, asked for once at a time. */
import type { AccessToken, TokenCredential } from "@azure/identity";
import { PermissionError } from "../../model.ts";
import type { Clock } from "./clock.ts";
import { shownMessage } from "./redact.ts";

const RENEW_BEFORE_END_MS = 5 * 60 * 1000;

/** Services that tokens are for; each may have a credential of its own. */
export type TokenService = "graph" | "arm" | "storage";
export type CredentialSource = (service: TokenService) => TokenCredential;

/** Gives a token for a scope. Throws PermissionError `sign-in` if none can be had. */
export type TokenSource = (service: TokenService, scope: string) => Promise<string>;

export function tokenSource(credentialOf: CredentialSource, clock: Clock, signal: AbortSignal): TokenSource {
  const kept = new Map<string, AccessToken>();
  const renewals = new Map<string, Promise<AccessToken>>();

  async function renew(service: TokenService, scope: string): Promise<AccessToken> {
    try {
      const token = await credentialOf(service).getToken(scope, { abortSignal: signal });
      if (token === null) throw new Error("the credential gave no token");
      kept.set(service, token);
      return token;
    } catch (error) {
      signal.throwIfAborted();
      const old = kept.get(service);
      if (old !== undefined && old.expiresOnTimestamp > clock.now()) return old;
      throw new PermissionError(
        "sign-in",
        `No token for ${scope}: ${shownMessage(error instanceof Error ? error.message : String(error))}`,
        "Check the credential of this connector in the configuration, then run `forereach check`.",
        { cause: error },
      );
    } finally {
      renewals.delete(service);
    }
  }

  return async (service, scope) => {
    const token = kept.get(service);
    if (token !== undefined && token.expiresOnTimestamp - clock.now() > RENEW_BEFORE_END_MS)
      return token.token;
    let renewal = renewals.get(service);
    if (renewal === undefined) {
      renewal = renew(service, scope);
      renewals.set(service, renewal);
    }
    return (await renewal).token;
  };
}
