/** Keeps tokens, keys and signatures out of errors, logs and recordings. */

/** Query parameters that grant access: shared access signatures, function keys, tokens. */
const SECRET_PARAMETERS = new Set([
  ...["sig", "se", "sp", "st", "spr", "sip", "srt", "ss", "sr", "sv"],
  ...["skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid"],
  ...["code", "key", "subscription-key", "access_token", "client_secret", "assertion"],
]);

const SECRET_TEXT: readonly [RegExp, string][] = [
  [/eyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?/g, "<token>"],
  [/\b(bearer|sharedkey|sharedaccesssignature)\s+[^\s"',]+/gi, "$1 <removed>"],
  [/\b(sig|accountkey|sharedaccesskey|client_secret|password|pwd)=[^&;\s"']+/gi, "$1=<removed>"],
];

/** Longest provider message that an error repeats, in characters. */
const LONGEST_MESSAGE = 300;

/** Host and path for messages: queries may hold signatures and page tokens, so none is shown. */
export function shownUrl(url: URL): string {
  return `${url.host}${url.pathname}`;
}

/** The same address without parameters that grant access. */
export function withoutSecrets(url: URL): URL {
  const clean = new URL(url);
  clean.username = "";
  clean.password = "";
  const secrets = [...clean.searchParams.keys()].filter((name) => SECRET_PARAMETERS.has(name.toLowerCase()));
  // An untouched query keeps its spelling, which page links depend on.
  for (const name of secrets) clean.searchParams.delete(name);
  return clean;
}

/** Text with everything that looks like a token, key or signature replaced. */
export function withoutSecretText(text: string): string {
  let clean = text;
  for (const [pattern, replacement] of SECRET_TEXT) clean = clean.replace(pattern, replacement);
  return clean;
}

/** A provider's own words, safe and short enough for an error message. */
export function shownMessage(text: string): string {
  const clean = withoutSecretText(text).replace(/\s+/g, " ").trim();
  return clean.length > LONGEST_MESSAGE ? `${clean.slice(0, LONGEST_MESSAGE)}...` : clean;
}
