/**
 * Runs a query that a person wrote in a process of its own: the engine may take long, much memory, or fall over, and
 * none of that may touch the program. Started as a child, this file is that process.
 */
import { type ChildProcess, fork } from "node:child_process";
import { on } from "node:events";
import { fileURLToPath } from "node:url";
import { openEngine } from "../graph/engine.ts";
import { ConfigError, type ForereachError, type Params, type Row, StoreError } from "../model.ts";

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
type Message = { rows: Row[] } | { done: true } | { error: { code: string; message: string } };

/** Rows that cross at a time. The child sends more only when asked, so two such groups are all that memory holds. */
const ROWS_A_MESSAGE = 1_000;

/**
 * Rows as the engine finds them. Throws ConfigError `query-failed` if the engine does not take the query,
 * `query-too-long` or `query-too-large` at a limit, `query-crashed` if the engine fell over. Who stops reading ends
 * the process.
 */
export async function* runIsolated(
  graph: string,
  cypher: string,
  params: Params,
  limits = QUERY_LIMITS,
): AsyncGenerator<Row> {
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
      if ("error" in message) throw failure(message.error);
      if ("done" in message) return;
      count += message.rows.length;
      if (count > limits.rows)
        throw new ConfigError(
          "query-too-large",
          `the query returns more than ${limits.rows.toLocaleString("en-US")} rows`,
          "narrow it, or add LIMIT",
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
            new ConfigError(
              "query-too-long",
              `the query did not end in ${limits.time / 1_000} s`,
              "narrow it: start from one agent or scope, add LIMIT",
            ),
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
          new ConfigError(
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

const failure = ({ code, message }: { code: string; message: string }): ForereachError =>
  code === "query-failed"
    ? new ConfigError(code, message, "forereach schema lists kinds and properties")
    : new StoreError(code, message, "forereach scan");

async function serve(send: (message: Message) => void): Promise<void> {
  const requests = on(process, "message")[Symbol.asyncIterator]();
  try {
    const first = await requests.next();
    const { graph, cypher, params, limits } = (first.value as [Task])[0];
    const engine = await openEngine({ path: graph, pool: limits.memory, readOnly: true });
    let rows: Row[] = [];
    for await (const row of engine.stream(cypher, params)) {
      rows.push(row);
      if (rows.length < ROWS_A_MESSAGE) continue;
      send({ rows });
      rows = [];
      await requests.next();
    }
    if (rows.length > 0) {
      send({ rows });
      await requests.next();
    }
    send({ done: true });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "query-failed";
    send({ error: { code, message: error instanceof Error ? error.message : String(error) } });
  }
}

if (process.argv[2] === "child" && process.send !== undefined)
  await serve((message) => {
    process.send!(message);
  });
