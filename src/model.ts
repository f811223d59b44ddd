/** Core words of the product: values, coverage, tiers, findings and errors. Imports nothing. */

/** A property value. Timestamps are ISO 8601 strings. `null` in a change clears the property. */
export type Value = string | number | boolean | null | readonly string[];
export type Props = Readonly<Record<string, Value | undefined>>;

/** One row of an answer, by column name. */
export type Row = Record<string, unknown>;
/** Parameters of a query. */
export type Params = Record<string, unknown>;

/** How completely one (step, scope) was read. See docs/coverage. */
export const COVERAGE_STATES = [
  "complete",
  "partial",
  "failed",
  "denied",
  "skipped",
  "not-modelled",
] as const;
export type CoverageState = (typeof COVERAGE_STATES)[number];

/**
 * A statement of coverage. `scope` is a node id or, where a step has no scopes, the empty string (the
 * whole tenant). `fix` says what to type or grant to close the gap.
 */
export interface Coverage {
  step: string;
  scope: string;
  state: CoverageState;
  reason?: string;
  fix?: string;
}

/** Worst first: a row or report carries the worst state of all that it depends on. */
export const WORST_FIRST: readonly CoverageState[] = [
  "failed",
  "denied",
  "partial",
  "skipped",
  "not-modelled",
  "complete",
];

export const TIERS = ["now", "conditional", "potential", "latent"] as const;
export type Tier = (typeof TIERS)[number];

export const MODES = ["app", "agent-user", "on-behalf-of", "maker", "key"] as const;
export type Mode = (typeof MODES)[number];

export const SEVERITIES = ["low", "medium", "high", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Finding {
  key: string;
  query: string;
  severity: Severity;
  title: string;
  row: Row;
  status: "new" | "open" | "resolved" | "unknown";
  firstSeen: string;
  lastSeen: string;
}

/** Levels of collection, each including the one before. */
export const LEVELS = ["exports", "metadata", "labels", "content"] as const;
export type Level = (typeof LEVELS)[number];
/** Levels at which something is collected by now. The names of the others are taken, and whoever asks for one is told. */
export const COLLECTED_LEVELS = ["metadata", "labels"] as const satisfies readonly Level[];
export type CollectedLevel = (typeof COLLECTED_LEVELS)[number];

/**
 * Base of every error that a person may see: what happened, where, and in `fix` what to type or grant.
 * The subclass says who must act. `code` is stable and may be matched by scripts.
 */
export class ForereachError extends Error {
  readonly code: string;
  readonly fix: string | undefined;
  constructor(code: string, message: string, fix?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.fix = fix;
  }
}
/** The call, the configuration or an input file is wrong: the caller must change it (exit code 2). */
export class ConfigError extends ForereachError {}
/** The tenant refused (401, 403): somebody must grant the permission in `fix`. */
export class PermissionError extends ForereachError {}
/** A provider failed or answered nonsense: try again, or report it. */
export class ProviderError extends ForereachError {}
/** A saved cursor is no longer valid (410): the step restarts as a full pass. */
export class CursorExpired extends ProviderError {}
/** The inventory or a graph store failed; nothing was changed (exit code 4). */
export class StoreError extends ForereachError {}
/** The user interrupted; state is kept and a rerun continues (exit code 130). */
export class Interrupted extends ForereachError {}
