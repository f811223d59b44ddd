/** The built command line as a process of its own, as a person runs it. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { onTestFinished, vi } from "vitest";
import { type RunningSimulator, type ServerOptions, startSimulator } from "../../simulator/server.ts";
import { createTenant, type Tenant } from "../../simulator/tenant.ts";

// Whole scans in processes of their own: seconds, on a busy machine minutes.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

export const CLI = resolve(import.meta.dirname, "../../dist/src/cli.js");

export interface Ended {
  /** Exit code; null after a signal. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Started {
  child: ChildProcess;
  ended: Promise<Ended>;
}

export interface StartOptions {
  /** Where the data lies; default: nowhere that exists. */
  folder?: string;
  cwd?: string;
  env?: Readonly<Record<string, string>>;
  /** Largest file in blocks of 1,024 bytes that the process may write. */
  fileLimit?: number;
  onLine?: (line: string) => void;
}

export function start(args: readonly string[], options: StartOptions = {}): Started {
  const { folder, fileLimit, onLine } = options;
  const argv = [CLI, ...(folder === undefined ? [] : ["--data", folder]), ...args];
  // Bash counts in blocks of 1,024 bytes, and passes on what node is to be told.
  const shell = ["-c", `ulimit -f ${fileLimit}; exec "$0" "$@"`, process.execPath];
  const child = spawn(
    fileLimit === undefined ? process.execPath : "bash",
    fileLimit === undefined ? argv : [...shell, ...argv],
    {
      cwd: options.cwd ?? tmpdir(),
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const ended = new Promise<Ended>((resolve, reject) => {
    let stdout = "";
    let stderr = "";
    let waiting = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      const lines = (waiting + text).split("\n");
      waiting = lines.pop() ?? "";
      for (const line of lines) onLine?.(line);
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}

/** Runs to the end. */
export const run = (args: readonly string[], options?: StartOptions): Promise<Ended> =>
  start(args, options).ended;

/** A folder that goes when the test ends. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "forereach-e2e-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes records as a file that can be imported, and gives its place. */
export function recordsIn(folder: string, records: readonly unknown[], name = "records"): string {
  const file = join(folder, `${name}.jsonl`);
  writeFileSync(file, records.map((line) => JSON.stringify(line)).join("\n"));
  return file;
}

/** What `--format json` writes. */
export const jsonLines = <T>(stdout: string): T[] =>
  stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);

/** A small tenant in which agents reach data by several kinds of path. */
export const smallTenant = (seed = 7): Tenant =>
  createTenant({
    seed,
    users: 40,
    groups: 12,
    agents: 10,
    apps: 4,
    subscriptions: 1,
    accounts: 2,
    containers: 6,
    items: 120,
  });

/** A port that is free now: simulators that follow each other there serve the same addresses. */
export async function freePort(): Promise<number> {
  const simulator = await startSimulator({ tenant: smallTenant() });
  await simulator.stop();
  return Number(new URL(simulator.url).port);
}

/** Serves a tenant until the test ends. */
export async function serve(options: ServerOptions): Promise<RunningSimulator> {
  const simulator = await startSimulator(options);
  onTestFinished(() => simulator.stop());
  return simulator;
}

export const scan = (
  simulator: RunningSimulator,
  folder: string,
  more: readonly string[] = [],
  options: StartOptions = {},
): Promise<Ended> => run(["scan", "--simulator", simulator.url, ...more], { ...options, folder });

/**
 * Everything that the agents of a folder reach, as CSV. Facts read at another time have other times: the two that
 * stand in every row are taken out, nothing else.
 */
export async function reachCsv(folder: string): Promise<string> {
  const { code, stdout, stderr } = await run(["reach", "--all", "--expand", "--format", "csv"], { folder });
  if (code !== 0 && code !== 3) throw new Error(`reach ended with ${code}: ${stderr}`);
  const { observedFrom, observedTo } = metaOf(folder);
  return stdout.replaceAll(`,${observedFrom},${observedTo},`, ",FROM,TO,");
}

export interface Meta {
  snapshot: string;
  graph: string;
  observedFrom: string;
  observedTo: string;
  coverage: { step: string; scope: string; state: string; reason?: string; fix?: string }[];
}

export const metaOf = (folder: string): Meta =>
  JSON.parse(readFileSync(join(folder, "graph.json"), "utf8")) as Meta;
