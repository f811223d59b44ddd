/** What the driver and the server say, as the one thing that happened and the one thing to do about it. */
import { ForereachError, StoreError } from "../model.ts";

export interface Asked {
  uri: string;
  user: string;
  database?: string;
  /** A question of a person, who can ask for less; else a publication, of which nobody asked for so much. */
  by: "person" | "publication";
  /** Why the database fails, where the server says so. */
  reason?: string | undefined;
}

/** Address for people: whatever stands in front of an @ may be a secret. */
export const placeOf = (uri: string): string => uri.replace(/\/\/[^/]*@/, "//");

/** The server says that it is broken, not the statement. */
export const isBroken = (error: unknown): boolean => /^Neo\.DatabaseError\.(?!Statement)/.test(codeOf(error));

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "";

/** https://neo4j.com/docs/status-codes/current/errors/all-errors/ */
export function explained(error: unknown, asked: Asked): Error {
  if (error instanceof ForereachError) return error;
  const place = placeOf(asked.uri);
  const code = codeOf(error);
  const [said = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  const store = (name: string, message: string, fix?: string) =>
    new StoreError(name, message, fix, { cause: error });
  const last = code.split(".").at(-1) ?? "";
  const refusal = REFUSALS[last];
  if (refusal !== undefined) return store(...refusal(place, asked, said));
  // The driver wraps what a member of a cluster says that does not lead any more, and a table that names no leader.
  if (/^No longer possible to write|towards write server/i.test(said))
    return store(
      "neo4j-leader",
      `the cluster at ${place} has had no leader for as long as this waited`,
      "run it again once it has one (SHOW DATABASES); the next run goes on where this one ended",
    );
  if (READ_ONLY.has(last) || (/read[- ]only|shutdown mode/i.test(said) && last !== "AccessMode"))
    return store(
      "neo4j-read-only",
      `the database at ${place} takes no writes`,
      "publish to a writable one (neo4j:// finds the leader of a cluster); nothing was changed by the refused write",
    );
  if (last === "Forbidden" && code.includes("Security"))
    return store(
      "neo4j-rights",
      `the user "${asked.user}" may not do this at ${place}: ${said}`,
      "publish with a user that may write and create constraints (docs/neo4j.md)",
    );
  if (/TransactionTimedOut|TransactionTerminated|Terminated/.test(last) && !/shutdown/i.test(said))
    return asked.by === "person" ? tooLong(error) : store(...blocked(place, said));
  if (/OutOfMemory/.test(last))
    return asked.by === "person"
      ? tooLarge(error)
      : store(
          "neo4j-memory",
          `${place} has not the memory for one batch: ${said}`,
          "raise db.memory.transaction.max and dbms.memory.transaction.total.max there; the next run goes on where this one ended",
        );
  if (/Deadlock|Lock/.test(last)) return store(...blocked(place, said));
  if (isBroken(error))
    return store(
      "neo4j-broken",
      `the database at ${place} fails: ${asked.reason ?? said}`,
      "free its disk if that is full, see its debug.log, and start it again; the next run goes on where this one ended",
    );
  if (
    code === "ServiceUnavailable" ||
    code === "SessionExpired" ||
    code === "N/A" ||
    // While it signs in, the driver calls whatever ends the connection so, and an answer that is not Neo4j's.
    code === "ProtocolError" ||
    code.startsWith("Neo.TransientError")
  )
    return store(
      "neo4j-unreachable",
      `${place} does not answer, or broke off: ${said}`,
      "check that it runs and that the address is right; the next run goes on where this one ended",
    );
  if (/^Neo\.\w+Error\.Statement/.test(code) && asked.by === "person") return store("query-failed", said);
  return store("neo4j-failed", `${place}: ${said}`);
}

const READ_ONLY: ReadonlySet<string> = new Set([
  "ForbiddenOnReadOnlyDatabase",
  "ReadOnly",
  "NotALeader",
  "WriteOnReadOnlyAccessDatabase",
]);

type Said = [code: string, message: string, fix?: string];
const password = (place: string, { user }: Asked): Said => [
  "neo4j-password",
  `${place} refuses the user "${user}" or its password`,
  "set FOREREACH_NEO4J_USER and FOREREACH_NEO4J_PASSWORD, or store.credentials in the configuration",
];
const REFUSALS: Readonly<Record<string, (place: string, asked: Asked, said: string) => Said>> = {
  Unauthorized: password,
  CredentialsExpired: password,
  TokenExpired: password,
  AuthenticationRateLimit: (place) => [
    "neo4j-password",
    `${place} refuses sign-in after too many wrong passwords`,
    "wait a minute",
  ],
  DatabaseNotFound: (place, { database = "" }) => [
    "neo4j-database",
    `${place} has no database "${database}"`,
    "name an existing one in store.database, or leave it out for the user's own",
  ],
  DatabaseUnavailable: (place, _, said) => [
    "neo4j-database",
    `the database at ${place} is not available: ${said}`,
    "start the database",
  ],
};

const blocked = (place: string, said: string): Said => [
  "neo4j-blocked",
  `${place} did not write a batch in time, and another transaction may hold what it changes: ${said}`,
  "wait for it or end it (SHOW TRANSACTIONS there names it); the next run goes on where this one ended",
];
const tooLong = (cause: unknown): StoreError =>
  new StoreError(
    "query-too-long",
    "the query did not end in the time it has",
    "narrow it: start from one agent or scope, add LIMIT",
    { cause },
  );
const tooLarge = (cause: unknown): StoreError =>
  new StoreError(
    "query-too-large",
    "the query needs more memory than the server gives to one",
    "narrow it: start from one agent or scope, add LIMIT",
    { cause },
  );
