/** Access tokens: kept until shortly before they end, asked for once at a time. */
import type { AccessToken, TokenCredential } from "@azure/identity";
import { PermissionError } from "../model.ts";
import type { Clock } from "./clock.ts";
import { shownMessage } from "./redact.ts";

const RENEW_BEFORE_END_MS = 5 * 60 * 1000;

export type TokenSource = (
  credential: TokenCredential,
  scope: string,
  signal: AbortSignal,
) => Promise<string>;

/** @returns a function that gives a token. It throws PermissionError `sign-in` if none can be had. */
export function tokenSource(clock: Clock): TokenSource {
  const kept = new Map<TokenCredential, Map<string, AccessToken>>();
  const asked = new Map<TokenCredential, Map<string, Promise<AccessToken>>>();

  async function renew(
    credential: TokenCredential,
    scope: string,
    signal: AbortSignal,
  ): Promise<AccessToken> {
    try {
      const token = await credential.getToken(scope, { abortSignal: signal });
      if (token === null) throw new Error("the credential gave no token");
      mapOf(kept, credential).set(scope, token);
      return token;
    } catch (error) {
      signal.throwIfAborted();
      const old = kept.get(credential)?.get(scope);
      if (old !== undefined && old.expiresOnTimestamp > clock.now()) return old;
      throw new PermissionError(
        "sign-in",
        `No token for ${scope}: ${shownMessage(error instanceof Error ? error.message : String(error))}`,
        "Check the credential of this connector in the configuration, then run `forereach check`.",
        { cause: error },
      );
    } finally {
      mapOf(asked, credential).delete(scope);
    }
  }

  return async (credential, scope, signal) => {
    const token = kept.get(credential)?.get(scope);
    if (token !== undefined && token.expiresOnTimestamp - clock.now() > RENEW_BEFORE_END_MS)
      return token.token;
    const pending = mapOf(asked, credential);
    let renewal = pending.get(scope);
    if (renewal === undefined) {
      renewal = renew(credential, scope, signal);
      pending.set(scope, renewal);
    }
    return (await renewal).token;
  };
}

function mapOf<K, V>(maps: Map<K, Map<string, V>>, key: K): Map<string, V> {
  let map = maps.get(key);
  if (map === undefined) {
    map = new Map();
    maps.set(key, map);
  }
  return map;
}
