/** The connection to a Neo4j server: sessions by what they do, values as plain ones, errors as what to do about them. */
import type { Driver, RecordShape, Session } from "neo4j-driver";
import { checkProperty } from "../ask/names.ts";
import { ConfigError, type Params, type Row, StoreError } from "../model.ts";
import { explained, isBroken, placeOf } from "./store-neo4j-errors.ts";

export interface Neo4jOptions {
  /** bolt://, neo4j:// (a cluster is routed), each also with +s or +ssc. */
  uri: string;
  user: string;
  password: string;
  /** Absent: the user's home database. */
  database?: string;
  /** PEM file of a private certificate authority, for +s. */
  ca?: string;
  /** Milliseconds that an interrupted connection is tried again for. */
  patience?: number;
  /** Milliseconds that one batch may take: without a limit, it waits for a lock as long as somebody holds it. */
  batchTime?: number;
}

export interface QueryLimits {
  /** Milliseconds; the server ends the query. */
  time: number;
  rows: number;
}

/** Rows, and the names of their columns, which an answer without rows has, too. */
export interface Answer {
  columns: readonly string[];
  rows: Row[];
}

export interface Neo4jServerConnection {
  /** In one transaction, on the leader; tried again if it was interrupted, so `work` must bear that. */
  write<T>(work: (run: Run) => Promise<T>): Promise<T>;
  /** Schema statements, one after the other, each in a transaction of its own. */
  schema(statements: readonly string[]): Promise<void>;
  /** Rows one at a time, from the leader: exact, whatever followers have seen. */
  stream(cypher: string, params?: Params): AsyncGenerator<Row>;
  /** From a follower where there are some, no older than `bookmarks`. */
  read(cypher: string, params?: Params, limits?: QueryLimits): Promise<Answer>;
  /** Server, edition and rights, for people. Throws StoreError if the user may not read. */
  describe(): Promise<string>;
  /** What a later reader must have seen to see what was written here. */
  bookmarks(): Promise<string[]>;
  close(): Promise<void>;
}
export type Run = (cypher: string, params?: Params) => Promise<Row[]>;

/** Oldest server: label expressions in every place, and server-side limits that hold. */
const OLDEST = [5, 13] as const;
const PATIENCE = 15_000;
const BATCH_TIME = 600_000;
/** Milliseconds beyond the time of a query for the server to say that it ended it. */
const GRACE = 10_000;

/** The driver is loaded when a store of this kind is first opened. */
async function loadDriver() {
  try {
    return (await import("neo4j-driver")).default;
  } catch (cause) {
    throw new StoreError("driver-missing", "the package neo4j-driver is not installed", "npm install", {
      cause,
    });
  }
}

type Neo4j = Awaited<ReturnType<typeof loadDriver>>;

/** Opens a connection and makes sure that it works. Throws StoreError with the one thing to do. */
export async function connectNeo4j(
  options: Neo4jOptions,
  bookmarks: readonly string[] = [],
): Promise<Neo4jServerConnection> {
  const neo4j = await loadDriver();
  const place = placeOf(options.uri);
  let driver: Driver;
  try {
    // The driver takes an authority of one's own only beside an address that says nothing of encryption.
    const own = options.ca !== undefined && /^(bolt|neo4j)\+s:/.test(options.uri);
    driver = neo4j.driver(
      own ? options.uri.replace("+s:", ":") : options.uri,
      neo4j.auth.basic(options.user, options.password),
      {
        disableLosslessIntegers: true,
        userAgent: "forereach",
        connectionTimeout: 10_000,
        connectionAcquisitionTimeout: 20_000,
        maxTransactionRetryTime: options.patience ?? PATIENCE,
        ...(own
          ? {
              encrypted: "ENCRYPTION_ON",
              trust: "TRUST_CUSTOM_CA_SIGNED_CERTIFICATES",
              trustedCertificates: [options.ca!],
            }
          : {}),
      },
    );
  } catch (cause) {
    throw new ConfigError(
      "neo4j-uri",
      `store.uri is not an address of Neo4j: ${place}`,
      "neo4j+s://HOST, neo4j://HOST or bolt://HOST:7687",
      { cause },
    );
  }
  const manager = neo4j.bookmarkManager({ initialBookmarks: bookmarks });
  /** A database that cannot write says so in general; what the server knows of it says why, such as a full disk. */
  const reasonOf = async (): Promise<string | undefined> => {
    const session = driver.session({ database: "system", defaultAccessMode: "READ" });
    try {
      const { records } = await session.run(
        "SHOW DATABASES YIELD name, home, statusMessage WHERE statusMessage <> '' RETURN name, home, statusMessage AS said",
      );
      const rows = records.map((record) => record.toObject());
      const own = rows.find(({ name, home }) =>
        options.database === undefined ? home : name === options.database,
      );
      return own === undefined ? undefined : String(own.said);
    } catch {
      return undefined;
    } finally {
      await session.close().catch(() => {});
    }
  };
  const explain = async (error: unknown, mode: "READ" | "WRITE"): Promise<Error> =>
    explained(error, {
      ...options,
      by: mode === "READ" ? "person" : "publication",
      reason: isBroken(error) ? await reasonOf() : undefined,
    });
  const running =
    (tx: { run(cypher: string, params?: Params): Promise<{ records: RecordShape[] }> }): Run =>
    async (cypher, params = {}) =>
      (await tx.run(cypher, outgoing(params, neo4j) as Params)).records.map((record) =>
        plainRow(record.toObject() as Row, neo4j),
      );
  let database: string;
  try {
    database = await meet(driver, options.database, place);
  } catch (error) {
    const cause = await explain(error, "WRITE");
    await driver.close();
    throw cause;
  }
  const base = {
    bookmarkManager: manager,
    fetchSize: 5_000,
    // By its name: the way to a nameless one is asked of the one member that the address names, even if it is gone.
    database,
  };
  const using = async <T>(mode: "READ" | "WRITE", work: (session: Session) => Promise<T>): Promise<T> => {
    const session = driver.session({ ...base, defaultAccessMode: mode });
    try {
      return await work(session);
    } catch (error) {
      throw await explain(error, mode);
    } finally {
      await session.close().catch(() => {});
    }
  };
  return {
    write: (work) =>
      using("WRITE", (session) =>
        session.executeWrite((tx) => work(running(tx)), { timeout: options.batchTime ?? BATCH_TIME }),
      ),
    schema: (statements) =>
      using("WRITE", async (session) => {
        // Two that begin at once get into each other's way here; a managed transaction tries again.
        for (const statement of statements) await session.executeWrite((tx) => tx.run(statement));
      }),
    async *stream(cypher, params = {}) {
      const session = driver.session({ ...base, defaultAccessMode: "WRITE" });
      try {
        for await (const record of session.run(cypher, outgoing(params, neo4j) as Params))
          yield plainRow(record.toObject(), neo4j);
      } catch (error) {
        throw await explain(error, "WRITE");
      } finally {
        await session.close().catch(() => {});
      }
    },
    read(cypher, params = {}, limits) {
      const answer = using("READ", (session) =>
        session.executeRead(
          async (tx) => {
            const rows: Row[] = [];
            const result = tx.run(cypher, outgoing(params, neo4j));
            for await (const record of result) {
              rows.push(plainRow(record.toObject(), neo4j));
              if (limits !== undefined && rows.length > limits.rows)
                throw new StoreError(
                  "query-too-large",
                  `the query returns more than ${limits.rows.toLocaleString("en-US")} rows`,
                  "narrow it: start from one agent or scope, add LIMIT",
                );
            }
            for (const { code, position } of (await result.summary()).notifications)
              if (code.endsWith("UnknownPropertyKeyWarning") && "offset" in position)
                checkProperty(cypher, Number(position.offset));
            return { columns: (await result.keys()).map(String), rows };
          },
          limits === undefined ? {} : { timeout: limits.time },
        ),
      );
      return limits === undefined ? answer : inTime(answer, limits.time + GRACE);
    },
    async describe() {
      const [row] = await using("READ", (session) =>
        session.executeRead((tx) =>
          running(tx)(
            "CALL dbms.components() YIELD name, versions, edition RETURN name, versions[0] AS version, edition LIMIT 1",
          ),
        ),
      );
      const home =
        options.database === undefined ? "the user's home database" : `database ${options.database}`;
      return `${row?.name} ${row?.version} ${row?.edition} at ${place}, ${home}`;
    },
    bookmarks: async () => [...(await manager.getBookmarks())],
    close: () => driver.close(),
  };
}

/**
 * Waits no longer than that. Measured on 5.13: a query that computes and reads nothing of the graph is not ended by its
 * time, nor by a closed session, so what hangs on it is left to the end of the connection.
 */
async function inTime<T>(work: Promise<T>, time: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(
      () =>
        fail(
          new StoreError(
            "query-too-long",
            "the query did not end in the time it has, and the server did not end it",
            "narrow it: start from one agent or scope, add LIMIT. The server may compute on until it is restarted; newer ones end it",
          ),
        ),
      time,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks the first thing; returns the name of the database. Throws StoreError if the server is too old. */
async function meet(driver: Driver, database: string | undefined, place: string): Promise<string> {
  const session = driver.session({
    defaultAccessMode: "READ",
    ...(database === undefined ? {} : { database }),
  });
  try {
    const { summary } = await session.run("RETURN 1");
    const { agent = "" } = summary.server;
    const [, major, minor] = /\/(\d+)\.(\d+)/.exec(agent) ?? [];
    if (
      major !== undefined &&
      (Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1]))
    )
      throw new StoreError(
        "neo4j-too-old",
        `the server at ${place} is ${agent}; ${OLDEST.join(".")} or later is needed`,
        "update the server",
      );
    return database ?? summary.database.name ?? "";
  } finally {
    await session.close().catch(() => {});
  }
}

/** The driver sends a number as a float; LIMIT and comparisons of whole numbers want integers. */
function outgoing(value: unknown, neo4j: Neo4j): unknown {
  if (typeof value === "number") return Number.isSafeInteger(value) ? neo4j.int(value) : value;
  if (Array.isArray(value)) return value.map((one) => outgoing(one, neo4j));
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, outgoing(one, neo4j)]));
  return value;
}

/** Marks of publication are not part of an answer. */
const HIDDEN = new Set(["forereach", "tenant"]);
const shown = (properties: Readonly<Record<string, unknown>>, neo4j: Neo4j): Row =>
  Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => !HIDDEN.has(name))
      .map(([name, value]) => [name, plain(value, neo4j)]),
  );

function plainRow(row: Row, neo4j: Neo4j): Row {
  for (const [key, value] of Object.entries(row))
    if (typeof value === "object") row[key] = plain(value, neo4j);
  return row;
}

/** Nodes and relationships as their properties, a path as the nodes and relationships on it. */
function plain(value: unknown, neo4j: Neo4j): unknown {
  if (Array.isArray(value)) return value.map((one) => plain(one, neo4j));
  if (typeof value !== "object" || value === null) return value;
  if (neo4j.isNode(value as object))
    return shown((value as { properties: Record<string, unknown> }).properties, neo4j);
  if (neo4j.isRelationship(value as object))
    return shown((value as { properties: Record<string, unknown> }).properties, neo4j);
  if (neo4j.isPath(value as object)) {
    const { start, segments } = value as {
      start: unknown;
      segments: readonly { relationship: unknown; end: unknown }[];
    };
    return [start, ...segments.flatMap(({ relationship, end }) => [relationship, end])].map((one) =>
      plain(one, neo4j),
    );
  }
  if (Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one, neo4j)]));
  return String(value);
}
