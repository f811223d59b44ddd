/**
 * Runs a query that a person wrote in a process of its own: the engine may take long, much memory, or fall over, and
 * none of that may touch the program. Started as a child, this file is that process.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { openEmbeddedStore } from "../graph/store-embedded.ts";
import { ConfigError, type Params, type Row, StoreError } from "../model.ts";

export interface Limits {
  /** Milliseconds. */
  time: number;
  rows: number;
  /** Bytes of the engine's pool. */
  memory: number;
}

export const QUERY_LIMITS: Limits = { time: 60_000, rows: 1_000_000, memory: 512 * 1024 * 1024 };

interface Task {
  folder: string;
  cypher: string;
  params: Params;
  limits: Limits;
}
type Message = { rows: Row[] } | { done: true } | { error: { code: string; message: string } };

const ROWS_A_MESSAGE = 1_000;

/**
 * Throws ConfigError `query-failed` if the engine does not take the query, `query-too-long` or `query-too-large` at a
 * limit, StoreError `query-crashed` if the engine fell over.
 */
export function runIsolated(
  folder: string,
  cypher: string,
  params: Params,
  limits = QUERY_LIMITS,
): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), ["child"], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const rows: Row[] = [];
    let settled = false;
    const end = (finish: () => void) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      child.kill("SIGKILL");
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
      limits.time,
    );
    child.on("message", (message: Message) => {
      if ("rows" in message) {
        // One at a time: a spread of many arguments would overflow the stack.
        for (const row of message.rows) rows.push(row);
        if (rows.length > limits.rows)
          end(() =>
            reject(
              new ConfigError(
                "query-too-large",
                `the query returns more than ${limits.rows.toLocaleString("en-US")} rows`,
                "narrow it, or add LIMIT",
              ),
            ),
          );
      } else if ("error" in message) {
        const { code, message: text } = message.error;
        end(() =>
          reject(
            code === "query-failed"
              ? new ConfigError(code, text, "forereach schema lists kinds and properties")
              : new StoreError(code, text, "forereach scan"),
          ),
        );
      } else end(() => resolve(rows));
    });
    child.on("error", (cause) =>
      end(() =>
        reject(
          new StoreError("query-crashed", `the query process did not start: ${cause.message}`, undefined, {
            cause,
          }),
        ),
      ),
    );
    child.on("exit", () =>
      end(() =>
        reject(
          new ConfigError(
            "query-crashed",
            "the graph engine fell over on this query; nothing was changed",
            "write it another way: OPTIONAL MATCH with count instead of EXISTS, no IN on a missing list",
          ),
        ),
      ),
    );
    const task: Task = { folder, cypher, params, limits };
    child.send(task);
  });
}

if (process.argv[2] === "child" && process.send !== undefined)
  process.once("message", async (task: Task) => {
    const send = (message: Message) => new Promise<void>((done) => process.send!(message, () => done()));
    try {
      const store = openEmbeddedStore({ folder: task.folder, pool: task.limits.memory });
      const rows = await store.query(task.cypher, task.params);
      for (let i = 0; i < rows.length; i += ROWS_A_MESSAGE)
        await send({ rows: rows.slice(i, i + ROWS_A_MESSAGE) });
      await send({ done: true });
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "query-failed";
      await send({ error: { code, message: error instanceof Error ? error.message : String(error) } });
    }
  });
