/**
 * Runs a query that a person wrote in a process of its own: the engine may take long, much memory, or fall over, and
 * none of that may touch the program. Started as a child, this file is that process.
 */
import { type ChildProcess, fork } from "node:child_process";
import { on } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { isPoolFull, openEngine } from "../graph/engine.ts";
import { ConfigError, type ForereachError, type Params, type Row, StoreError } from "../model.ts";
import { tokens } from "./cypher-tokens.ts";
import { needsPlainPlan } from "./plain-plan.ts";

export interface Limits {
  /** Milliseconds that the engine may take; time in which nobody asks for rows does not count. */
  time: number;
  rows: number;
  /** Bytes of the engine's pool. */
  memory: number;
}

export const QUERY_LIMITS: Limits = { time: 60_000, rows: 1_000_000, memory: 512 * 1024 * 1024 };

interface Task {
  /** Its file. */
  graph: string;
  cypher: string;
  params: Params;
  limits: Limits;
}
type Message =
  | { rows: Row[] }
  | { columns: readonly string[] }
  | { error: { code: string; message: string } };

/** Rows that cross at a time. The child sends more only when asked, so two such groups are all that memory holds. */
const ROWS_A_MESSAGE = 1_000;

/** What to do about a question that is too large for the limits. */
const NARROW = "narrow it: start from one agent or scope, add LIMIT";

/** The engine's words speak of a buffer pool. */
export const tooLarge = (memory: number, cause: unknown): StoreError =>
  new StoreError(
    "query-too-large",
    `the query needs more memory than the ${memory / 1024 ** 2} MB that a question may have`,
    NARROW,
    { cause },
  );

/**
 * Rows as the engine finds them, and in the end the names of their columns. Throws ConfigError `query-failed` if the
 * engine does not take the query, StoreError `query-too-long` or `query-too-large` at a limit, ConfigError
 * `query-crashed` if the engine fell over. Who stops reading ends the process.
 */
export async function* runIsolated(
  graph: string,
  cypher: string,
  params: Params,
  limits = QUERY_LIMITS,
): AsyncGenerator<Row, readonly string[]> {
  const child = fork(fileURLToPath(import.meta.url), ["child"], {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  try {
    const task: Task = { graph, cypher, params, limits };
    let left = limits.time;
    let count = 0;
    for (let ask: Task | "more" = task; ; ask = "more") {
      const asked = performance.now();
      const message = await answerOf(child, ask, left, limits);
      left -= performance.now() - asked;
      if ("error" in message) throw failure(message.error, limits);
      if ("columns" in message) return message.columns;
      count += message.rows.length;
      if (count > limits.rows)
        throw new StoreError(
          "query-too-large",
          `the query returns more than ${limits.rows.toLocaleString("en-US")} rows`,
          NARROW,
        );
      yield* message.rows;
    }
  } finally {
    child.kill("SIGKILL");
  }
}

/** Sends, and waits for the one message that answers it, or for the end of the process or of the time. */
function answerOf(child: ChildProcess, ask: Task | "more", time: number, limits: Limits): Promise<Message> {
  return new Promise((resolve, reject) => {
    const end = (finish: () => void) => {
      clearTimeout(timer);
      child.removeAllListeners();
      finish();
    };
    const timer = setTimeout(
      () =>
        end(() =>
          reject(
            new StoreError("query-too-long", `the query did not end in ${limits.time / 1_000} s`, NARROW),
          ),
        ),
      Math.max(0, time),
    );
    child.on("message", (message: Message) => end(() => resolve(message)));
    child.on("error", (cause) =>
      end(() =>
        reject(
          new StoreError("query-crashed", `the query process failed: ${cause.message}`, undefined, { cause }),
        ),
      ),
    );
    const crashed = () =>
      end(() =>
        reject(
          child.signalCode === TOO_LARGE
            ? tooLarge(limits.memory, undefined)
            : new ConfigError(
                "query-crashed",
                "the graph engine fell over on this query; nothing was changed",
                "write it another way: OPTIONAL MATCH with count instead of EXISTS, no IN on a missing list",
              ),
        ),
      );
    child.on("exit", crashed);
    // It may have ended while nobody listened.
    if (child.exitCode !== null || child.signalCode !== null) crashed();
    else child.send(ask);
  });
}

function failure({ code, message }: { code: string; message: string }, { memory }: Limits): ForereachError {
  if (code === "query-failed")
    return new ConfigError(code, message, "forereach schema lists kinds and properties");
  return code === "query-too-large"
    ? tooLarge(memory, message)
    : new StoreError(code, message, "forereach scan");
}

/** Bytes that the process may take beside the pool: the program, and the lists and texts of a query, which no pool counts. */
const BESIDE_POOL = 1024 ** 3;
/** The process ends itself by this signal, so that whoever waits for it knows why. */
const TOO_LARGE = "SIGUSR2";

/** From a thread of its own: the one that reads rows may be busy with a single large one. */
const endAbove = (bytes: number): void =>
  new Worker(
    `const { workerData } = require("node:worker_threads");
    setInterval(() => {
      if (process.memoryUsage.rss() > workerData) process.kill(process.pid, "${TOO_LARGE}");
    }, 20);`,
    { eval: true, workerData: bytes },
  ).unref();

async function serve(send: (message: Message) => void): Promise<void> {
  const requests = on(process, "message")[Symbol.asyncIterator]();
  try {
    const first = await requests.next();
    const { graph, cypher, params, limits } = (first.value as [Task])[0];
    endAbove(limits.memory + BESIDE_POOL);
    const engine = await openEngine({ path: graph, pool: limits.memory, readOnly: true });
    if (needsPlainPlan(tokens(cypher, "embedded"))) await engine.run("CALL enable_plan_optimizer=false");
    let rows: Row[] = [];
    const found = engine.stream(cypher, params);
    let next = await found.next();
    for (; next.done !== true; next = await found.next()) {
      rows.push(next.value);
      if (rows.length < ROWS_A_MESSAGE) continue;
      send({ rows });
      rows = [];
      await requests.next();
    }
    if (rows.length > 0) {
      send({ rows });
      await requests.next();
    }
    send({ columns: next.value });
  } catch (error) {
    const failed = error instanceof Error && "code" in error ? String(error.code) : "query-failed";
    const code = isPoolFull(error) ? "query-too-large" : failed;
    send({ error: { code, message: error instanceof Error ? error.message : String(error) } });
  }
}

if (process.argv[2] === "child" && process.send !== undefined)
  await serve((message) => {
    process.send!(message);
  });
