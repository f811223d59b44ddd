/** What stands beside a published graph: which snapshot it shows, what of it was not read, whose it is. */
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { StoreSpec } from "../config.ts";
import { ConfigError, type Finding, StoreError } from "../model.ts";
import { draftText } from "./files.ts";
import type { CoverageRow } from "./inventory.ts";

/** Of what a graph holds: it is larger where questions ask for something that older graphs have not. */
const VERSION = 3;

export interface GraphMeta {
  version: typeof VERSION;
  tenant: string;
  tenantName: string;
  snapshot: string;
  /** Name of the file in the folder `graph` that shows it: who writes this publishes both at once. */
  graph: string;
  /** Now, for expiry: time of the newest fact. */
  time: string;
  observedFrom: string;
  observedTo: string;
  coverage: readonly (CoverageRow & { hides: "grants" | "denies" | "both" | "use" })[];
  findings: readonly Finding[];
  configHash: string;
  /** Id of the scan that went on when it was built: `coverage` says what that had not read. */
  scan?: string;
  /** Hash of the rules that derived the graph; absent in one of an older version. */
  rules?: string;
  /** Where the graph was published to, if not beside this file; without a password. */
  store?: StoreSpec;
}

const FILE = "graph.json";

/** What a graph of an older version says as well. */
export type KnownMeta = Pick<GraphMeta, "tenant" | "tenantName" | "configHash" | "findings"> & {
  version: number;
  graph?: string;
};

/**
 * What stands in the folder, of this version or an older one; undefined only if there is nothing. Throws StoreError if it cannot
 * be read, or if a newer version wrote it: what goes on from here must not forget whose graph it is.
 */
export async function knownMeta(folder: string): Promise<KnownMeta | undefined> {
  const file = join(folder, FILE);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code === "ENOTDIR")
      throw new ConfigError("no-folder", `${folder} is not a folder`, "--data FOLDER names another", {
        cause,
      });
    throw new StoreError("no-access", `cannot read ${file}: ${message}`, "check who owns the file", {
      cause,
    });
  }
  const meta = parsed(file, text);
  if (meta.version > VERSION)
    throw new StoreError(
      "newer-version",
      `${file} was written by a newer version`,
      "update forereach, or use another --data folder",
    );
  return meta;
}

function parsed(file: string, text: string): KnownMeta {
  let cause: unknown;
  try {
    const meta = JSON.parse(text) as Partial<KnownMeta> | null;
    if (typeof meta?.version === "number" && typeof meta.tenant === "string") return meta as KnownMeta;
  } catch (error) {
    cause = error;
  }
  throw new StoreError(
    "graph-unreadable",
    `${file} is broken: it does not say whose graph this is`,
    "bring it back from a copy, or move it away and run forereach scan: what was read stays",
    { cause },
  );
}

export const isCurrent = (meta: KnownMeta): meta is GraphMeta => meta.version === VERSION;

/** True if a graph was published there, of whatever version. */
export const hasGraph = (folder: string): boolean => existsSync(join(folder, FILE));

/** Throws StoreError, also if there is nothing yet. */
export async function readMeta(folder: string): Promise<GraphMeta> {
  const meta = await knownMeta(folder);
  if (meta === undefined)
    throw new StoreError(
      "no-graph",
      `there is nothing to ask in ${folder} yet`,
      "forereach scan, or forereach import FILE.jsonl, or forereach demo",
    );
  if (!isCurrent(meta))
    throw new StoreError(
      "older-version",
      `the graph in ${folder} was derived by an older version`,
      "forereach scan or forereach import derives it anew; what was read stays",
    );
  return meta;
}

export async function writeMeta(folder: string, meta: GraphMeta): Promise<void> {
  const draft = await draftText(
    join(folder, FILE),
    (async function* () {
      yield `${JSON.stringify(meta, null, 1)}\n`;
    })(),
  );
  await draft.publish();
  // Older versions named the graph in a file of its own.
  await rm(join(folder, "graph", "current"), { force: true });
}

/** Parts that nobody accepted and that could not be read: they make an answer incomplete (exit code 3). */
export const openGaps = (meta: Pick<GraphMeta, "coverage">, today: string): GraphMeta["coverage"] =>
  meta.coverage.filter(
    ({ state, accepted }) =>
      (state === "failed" || state === "denied" || state === "partial") &&
      (accepted === undefined || accepted.until < today),
  );
