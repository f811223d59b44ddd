/** A graph store: a rebuildable index over the inventory. Five methods, and that is all. */

import type { GraphTable } from "./inventory.ts";
import type { Coverage, Params, Row } from "./model.ts";
import type { Change } from "./schema.ts";

/** What a store is filled from: files of a snapshot. */
export interface GraphSource {
  snapshot: string;
  time: string;
  coverage: readonly Coverage[];
  tables: readonly GraphTable[];
}

/** A rule of queries/derive: rows of `body` become relationships or nodes of the kind `derives`. */
export interface Rule {
  id: string;
  /** Scratch or final kind that the rows are written to. */
  derives: string;
  /** Run level by level until nothing new appears; `body` reads the level before as `$level`. */
  fixpoint: boolean;
  base: string | undefined;
  body: string;
  columns: readonly string[];
}

/** Whom to derive for: every agent, or these. */
export interface Seed {
  agents: readonly string[];
}

export interface GraphStore {
  rebuild(source: GraphSource): Promise<void>;
  update(changes: AsyncIterable<Change>): Promise<void>;
  /** Runs the rules to their fixpoint and stores what they derive; yields a count a rule, as they end. */
  derive(rules: readonly Rule[], seed?: Seed): AsyncIterable<{ rule: string; rows: number; ms: number }>;
  /** Read-only, past the gate. */
  query(cypher: string, params?: Params): Promise<Row[]>;
  close(): Promise<void>;
}
