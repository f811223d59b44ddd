/** What stands beside a published graph: which snapshot it shows, what of it was not read, whose it is. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { StoreSpec } from "../config.ts";
import { type Finding, StoreError } from "../model.ts";
import { draftText } from "./files.ts";
import type { CoverageRow } from "./inventory.ts";

/** Of what a graph holds: it is larger where questions ask for something that older graphs have not. */
const VERSION = 2;

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
  coverage: readonly (CoverageRow & { hides: "grants" | "denies" | "both" })[];
  findings: readonly Finding[];
  configHash: string;
  /** Hash of the rules that derived the graph; absent in one of an older version. */
  rules?: string;
  /** Where the graph was published to, if not beside this file; without a password. */
  store?: StoreSpec;
}

const FILE = "graph.json";

export async function readMeta(folder: string): Promise<GraphMeta> {
  let text: string;
  try {
    text = await readFile(join(folder, FILE), "utf8");
  } catch (cause) {
    throw new StoreError(
      "no-graph",
      `there is nothing to ask in ${folder} yet`,
      "forereach scan, or forereach import FILE.jsonl, or forereach demo",
      { cause },
    );
  }
  const meta = JSON.parse(text) as { version: number };
  if (meta.version < VERSION)
    throw new StoreError(
      "older-version",
      `the graph in ${folder} was derived by an older version`,
      "forereach scan or forereach import derives it anew; what was read stays",
    );
  if (meta.version > VERSION)
    throw new StoreError(
      "newer-version",
      `${join(folder, FILE)} was written by a newer version`,
      "update forereach, or use another --data folder",
    );
  const known = meta as Omit<GraphMeta, "graph"> & { graph?: string };
  return { ...known, graph: known.graph ?? (await pointedTo(folder)) };
}

/** Older versions kept the name of the graph in a file of its own. */
const pointer = (folder: string): string => join(folder, "graph", "current");
const pointedTo = async (folder: string): Promise<string> =>
  (await readFile(pointer(folder), "utf8").catch(() => "")).trim();

export async function writeMeta(folder: string, meta: GraphMeta): Promise<void> {
  const draft = await draftText(
    join(folder, FILE),
    (async function* () {
      yield `${JSON.stringify(meta, null, 1)}\n`;
    })(),
  );
  await draft.publish();
  await rm(pointer(folder), { force: true });
}

/** Parts that nobody accepted and that could not be read: they make an answer incomplete (exit code 3). */
export const openGaps = (meta: Pick<GraphMeta, "coverage">, today: string): GraphMeta["coverage"] =>
  meta.coverage.filter(
    ({ state, accepted }) =>
      (state === "failed" || state === "denied" || state === "partial") &&
      (accepted === undefined || accepted.until < today),
  );
