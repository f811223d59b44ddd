/** A graph store: a rebuildable index over the inventory. Five methods, and that is all. */
import type { GraphTable } from "../keep/inventory.ts";
import type { Coverage, Params, Row } from "../model.ts";
import type { Change } from "../schema.ts";
import type { Rule } from "./rules.ts";

/** A part that was not read completely, and what it may hide from the rules. */
export interface Gap extends Coverage {
  hides: "grants" | "denies" | "both" | "use";
}

/** What a store is filled from: files of a snapshot. */
export interface GraphSource {
  /** Id of the snapshot; empty answers and rows name it. */
  snapshot: string;
  /** ISO time that counts as now for expiry. */
  time: string;
  gaps: readonly Gap[];
  tables: readonly GraphTable[];
}

/** Whom to derive for: every agent (absent), or these. */
export interface Seed {
  agents: readonly string[];
}

export interface DerivedRows {
  rule: string;
  rows: number;
  ms: number;
}

export interface GraphStore {
  /** Fills a new graph from files. What was there is answered from until `derive` has ended. */
  rebuild(source: GraphSource): Promise<void>;
  update(changes: AsyncIterable<Change>): Promise<void>;
  /**
   * Runs the rules to their fixpoint and stores what they derive; yields a line a rule. From its end on this store answers
   * from the new graph.
   */
  derive(rules: readonly Rule[], seed?: Seed): AsyncIterable<DerivedRows>;
  /** Read-only. Queries of people pass the gate first. Throws StoreError. */
  query(cypher: string, params?: Params): Promise<Row[]>;
  close(): Promise<void>;
}
