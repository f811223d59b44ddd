/**
 * What the inventory holds, or is about to hold, and the published graph does not show: a small file beside both. Questions
 * open the graph alone, also while a scan holds the inventory.
 */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Step } from "../connector.ts";
import { draftText } from "./files.ts";
import type { GraphMeta } from "./meta.ts";

export interface Behind {
  /** Id of a scan that began and of which no whole graph was published. */
  scan?: string | undefined;
  /** Steps of imports. */
  imports: readonly string[];
}

const FILE = "behind.json";
const NOTHING: Behind = { imports: [] };

/** Who cannot say what they lack lack all. */
const UNKNOWN: Behind = { scan: "?", imports: [] };

export async function readBehind(folder: string): Promise<Behind> {
  try {
    const { scan, imports } = JSON.parse(await readFile(join(folder, FILE), "utf8")) as Partial<Behind>;
    return Array.isArray(imports) ? { scan, imports } : UNKNOWN;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? NOTHING : UNKNOWN;
  }
}

/** For who holds the inventory. */
export async function writeBehind(folder: string, behind: Behind): Promise<void> {
  const file = join(folder, FILE);
  if (behind.scan === undefined && behind.imports.length === 0) return rm(file, { force: true });
  const draft = await draftText(
    file,
    (async function* () {
      yield `${JSON.stringify(behind)}\n`;
    })(),
  );
  await draft.publish();
}

type CoverageRow = GraphMeta["coverage"][number];
type Gap = Pick<CoverageRow, "step" | "hides"> & { reason: string; fix: string };

/** Not a part of the tenant: facts are those of the snapshot, and that one is older than what is known. */
export const PUBLICATION = "graph.publication";

const IMPORTED = {
  reason: "imported, and the graph was not built with it: answers are those from before",
  fix: "forereach import of the same file again, or forereach scan, builds it",
};
const SCANNED = {
  reason: "a scan has begun and no graph of all that it read was built: answers are those from before",
  fix: "wait until the scan ends, or run it again if it was stopped",
};

/** What stands beside the published graph, where what it does not show is not read. */
export function withBehind(
  meta: GraphMeta,
  { scan, imports }: Behind,
  steps: readonly Pick<Step, "id" | "hides">[],
): GraphMeta {
  // A graph of the scan itself says what it lacks.
  const isOlder = scan !== undefined && scan !== meta.scan;
  const shown = new Set(meta.coverage.map(({ step }) => step));
  const lacking = isOlder ? steps.filter(({ id }) => !shown.has(id)) : [];
  const gaps: Gap[] = [
    ...imports.map((step) => ({ step, hides: "both" as const, ...IMPORTED })),
    ...(isOlder ? [{ step: PUBLICATION, hides: "both" as const, ...SCANNED }] : []),
    ...lacking.map(({ id, hides }) => ({ step: id, hides, ...SCANNED })),
  ];
  return withGaps(meta, gaps);
}

/** The same graph, of which more is known to be missing: parts of the whole tenant. */
export function withGaps(meta: GraphMeta, gaps: readonly Gap[]): GraphMeta {
  if (gaps.length === 0) return meta;
  const rows = new Map(meta.coverage.map((row) => [`${row.step}\n${row.scope}`, row]));
  for (const gap of gaps) rows.set(`${gap.step}\n`, withGap(rows.get(`${gap.step}\n`), gap));
  return { ...meta, coverage: [...rows.values()] };
}

/** Nobody has accepted that. */
function withGap(known: CoverageRow | undefined, { step, hides, reason, fix }: Gap): CoverageRow {
  const { records = 0, observedFrom, observedTo, state = "complete" } = known ?? {};
  return {
    ...{ step, scope: "", hides, records, observedFrom, observedTo, accepted: undefined },
    state: state === "complete" ? "partial" : state,
    ...{ reason: known?.reason === undefined ? reason : `${known.reason}; ${reason}`, fix },
  };
}
