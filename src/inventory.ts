/**
 * What is known, on disk: one DuckDB file. Partitions per (step, scope), coverage, cursors, snapshots.
 * Types first; the implementation follows them.
 */
import type { Cursor, Page } from "./connector.ts";
import type { Coverage, CoverageState } from "./model.ts";
import type { Change, NodeKind, NodeRecord, RelKind } from "./schema.ts";

/** One pass that is being written. A pass that is neither finished nor abandoned is resumed by `begin`. */
export interface OpenPass {
  readonly mode: "full" | "delta";
  /** Where the interrupted pass stopped, or the saved delta token; absent at the start of a full pass. */
  readonly cursor: Cursor | undefined;
  readonly resumed: boolean;
  /** Saves changes, cursor and gaps together: after a kill, either all of the page is there or nothing. */
  apply(page: Page): Promise<void>;
  /**
   * Ends the pass. Without gaps a full pass replaces the partition and coverage is `complete`; with gaps
   * it only adds, nothing is deleted, and coverage is `partial`.
   */
  finish(): Promise<void>;
  /**
   * Gives up: what was known before stays. `partial` if this pass saved at least one page (its puts are then
   * kept as additions), else the given state.
   */
  abandon(coverage: Omit<Coverage, "step" | "scope">): Promise<void>;
  /** 410: forgets cursor and token; the next `begin` is a full pass. */
  restart(): Promise<void>;
}

export interface CoverageRow extends Coverage {
  /** ISO times between which the facts of this partition were read. */
  observedFrom: string | undefined;
  observedTo: string | undefined;
  accepted: { reason: string; until: string } | undefined;
  /** The tenant's own count beside ours, where it gives one. */
  records: number;
}

/** One kind as files for a bulk load. Column order: node `id, <props>`; relationship `from, to, key?, <props>`. */
export interface GraphTable {
  kind: NodeKind | RelKind;
  from?: NodeKind;
  to?: NodeKind;
  /** Absolute path of a Parquet file. */
  file: string;
  rows: number;
}

/** A frozen view: aliases resolved, placeholders added, conflicts decided, expiry judged at `time`. */
export interface Snapshot {
  /** Hash of records and coverage; the same facts give the same id on any machine. */
  id: string;
  /** ISO time of the newest fact: "now" for expiry. */
  time: string;
  coverage: readonly CoverageRow[];
  /** Writes one Parquet file a kind (and endpoint pair) into `dir`, nodes first. */
  export(dir: string, kinds?: readonly (NodeKind | RelKind)[]): Promise<GraphTable[]>;
}

export interface Inventory {
  /**
   * Opens or resumes the pass of (step, scope). `fingerprint` names the options under which the step runs:
   * if it differs from the saved one, a saved cursor or token is not used. Delta only if a token is saved and
   * `mode` asks for it.
   */
  begin(
    step: string,
    scope: string,
    options: { mode: "full" | "delta"; fingerprint: string },
  ): Promise<OpenPass>;
  /** True if (step, scope) ended since `since` in this state or better: a resumed scan skips it. */
  ended(step: string, scope: string, since: string): Promise<CoverageState | undefined>;
  /** Coverage of a part that has no pass (skipped by configuration, a scope that could not be listed). */
  note(coverage: Coverage): Promise<void>;
  /** Drops coverage and facts of scopes of this step that a complete listing of scopes no longer has. */
  retain(step: string, scopes: ReadonlySet<string>): Promise<void>;
  coverage(): Promise<CoverageRow[]>;
  accept(step: string, scope: string | undefined, reason: string, until: string): Promise<number>;
  known(kind: NodeKind, where?: Readonly<Record<string, string>>): AsyncIterable<NodeRecord>;
  /** All changes of an import file at once, or none. Throws ConfigError with the line number. */
  import(name: string, lines: AsyncIterable<string>): Promise<{ records: number; coverage: number }>;
  snapshot(): Promise<Snapshot>;
  /** The scan that is under way or was interrupted; a rerun continues it. */
  startScan(fingerprint: string): Promise<{ id: string; startedAt: string; resumed: boolean }>;
  endScan(id: string, state: "complete" | "interrupted"): Promise<void>;
  /** Read-only SQL over the inventory’s tables, for reports. */
  close(): Promise<void>;
}

/** A change as it stands on one line of an import file, checked against the schema. */
export type ImportLine = Change | { coverage: Coverage };
