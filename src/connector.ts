/** What a connector is: data about its steps, plus one generator a step. Types only. */
import type { Transport } from "./collect/http.ts";
import type { Coverage, Level } from "./model.ts";
import type { Change, Kind, NodeKind, NodeRecord, RelKind } from "./schema.ts";

/** Where to continue: a page link, a delta token or a position, opaque to everyone but the step. */
export type Cursor = string;

/** One response's batch. Changes and cursor are saved together. */
export interface Page {
  changes: Change[];
  /** Where to continue if the program stops after this page. */
  cursor?: Cursor;
  /**
   * Parts of this step that could not be read (one group out of many, say). The pass then ends `partial`
   * and deletes nothing; each gap is kept as coverage of its own scope. A gap that names another step
   * (conditions of assignments, say) is coverage of that one and leaves this pass complete.
   */
  gaps?: Coverage[];
  /** Saved when the pass ends: the token with which the next pass reads changes only. */
  deltaToken?: Cursor;
  /** Requests that this page took and, where known, how many the whole pass will take (progress). */
  total?: number;
}

/** A permission that a step needs, as a person grants it. */
export interface Permission {
  /** `graph`: an application permission; `azure`: a built-in role at the root management group. */
  kind: "graph" | "azure";
  name: string;
  /** What it is needed for, in a few words. */
  why: string;
  /** What somebody who stole a credential with this permission could do. */
  risk: string;
  doc: string;
  /** True if this step's reads need the permission itself: Directory.Read.All, which stands for it elsewhere, will not do. */
  itself?: boolean;
}

export interface Scope {
  id: string;
  name?: string;
}

export interface StepContext {
  http: Transport;
  tenantId: string;
  level: Level;
  /** Which identities count as agents besides Entra agent identities. */
  isAgent(identity: AgentCandidate): string | undefined;
  /** Nodes that earlier steps of this scan (or the last complete one) have put; with `steps`, that these have put. */
  known(
    kind: NodeKind,
    where?: Readonly<Record<string, string>>,
    steps?: readonly string[],
  ): AsyncIterable<NodeRecord>;
  /** Ids of nodes to which relationships of this kind lead that passes before this one have put. */
  targets(kind: RelKind): Promise<ReadonlySet<string>>;
  /** True if the configuration includes this scope. */
  includes(scopeId: string): boolean;
  signal: AbortSignal;
}

/** What the configuration may look at to call an identity an agent. */
export interface AgentCandidate {
  id: string;
  appId?: string;
  name?: string;
  kind: string;
  tags?: readonly string[];
}

/** One pass over one scope: `delta` carries puts and tombstones only, `full` replaces the partition. */
export interface Pass {
  scope: string;
  mode: "full" | "delta";
  cursor?: Cursor;
}

/** Coverage that a step states for a part of its work, under a name of its own. Two steps may share a part. */
export interface Part {
  /** `connector.area`, as a step's id; no step has it. */
  id: string;
  title: string;
  hides: Step["hides"];
}

export interface Step {
  /** `connector.area`, stable: it names partitions and coverage. */
  id: string;
  title: string;
  produces: readonly Kind[];
  needs: readonly Permission[];
  /** Allow-list of what the step sends: `GET graph /v1.0/groups/{id}/members`. Nothing else leaves. */
  reads: readonly string[];
  /** Lowest level of collection at which the step runs; `metadata` if absent. */
  level?: Level;
  /** Steps that this one builds on: it runs later, and what they could not read it could not read either. */
  after?: readonly string[];
  /** Runs later than these, but does not depend on them: their gaps are not its own. */
  follows?: readonly string[];
  /**
   * What a gap in this step may hide: grants that would add reach, or denies and conditions that would
   * take it away (then what stands above the gap is `upper-bound`); or what labels leave of use alone: rights stay as they are.
   */
  hides: "grants" | "denies" | "both" | "use";
  /**
   * True if a gap in a part of this step names a node, and hides nothing but relationships that lead to it. All else was read
   * then, and what a full pass no longer has goes; where it is not so, everything stays until a pass has no gap.
   */
  gapsAreNodes?: boolean;
  /** Besides its own id, the only ones that its gaps name. */
  parts?: readonly Part[];
  /** One pass a scope, each resumed alone; absent: one pass for the whole tenant, scope ''. */
  scopes?(c: StepContext): AsyncIterable<Scope>;
  /** True if a pass may start from a delta token. */
  delta?: boolean;
  crawl(c: StepContext, pass: Pass): AsyncGenerator<Page>;
}

export interface Connector {
  name: string;
  title: string;
  steps: readonly Step[];
}
