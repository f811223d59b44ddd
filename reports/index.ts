/** Reports: what is printed of a view. One file and one line each; they know the model and nothing else. */
import type { CoverageState, Row } from "../src/model.ts";
import { renderCoverageCsv, renderManifest } from "./csv.ts";
import { renderHtml } from "./html.ts";

/** One part of the tenant and how completely it was read. */
export interface CoverageLine {
  step: string;
  /** Id of the scope; empty: the whole tenant. */
  scope: string;
  state: CoverageState;
  reason?: string | undefined;
  /** What to type or grant to close the gap. */
  fix?: string | undefined;
  acceptedReason?: string | undefined;
  /** ISO date until which the gap is accepted. */
  acceptedUntil?: string | undefined;
  /** What it may hide: access that was not seen, a deny that was not seen, or what labels leave of use. */
  hides?: "grants" | "denies" | "both" | "use" | undefined;
  /** Which agents it may concern, in words or ids. */
  agentsConcerned?: string | undefined;
}

/** An agent in the ranking. A number that is undefined was not counted, which is not zero. */
export interface AgentLine {
  id: string;
  name: string;
  owner: string;
  platform: string;
  sensitive: number | undefined;
  unlabeledSensitive: number | undefined;
  items: number | undefined;
  topLabel: string;
  /** Name and kind of the widest scope that it reads. */
  widestScope: string;
  /** Worst coverage state of all that these figures depend on. */
  completeness: CoverageState;
}

/** A node of a path; `via` says how the path went on to it from the node before. */
export interface PathStep {
  kind: string;
  name: string;
  id: string;
  via?: string | undefined;
}

export interface ReportPath {
  /** What it shows, in one sentence. */
  title: string;
  steps: readonly PathStep[];
}

/** A figure of the summary, such as { name: "agents", value: 512 }. */
export interface Total {
  name: string;
  value: number | string;
  about?: string | undefined;
}

/** What a file of rows is accompanied by, so that an auditor can check it. */
export interface Evidence {
  schemaVersion: number;
  rows: number;
  /** Hash of the file; of several files: hash of their hashes in hexadecimal, one a line. */
  sha256: string;
  files: readonly { name: string; rows: number; sha256: string }[];
  /** The tenant’s own counts beside ours. */
  controlTotals: readonly { name: string; ours: number; theirs: number | undefined }[];
  configHash: string;
  toolVersion: string;
  command: string;
}

export interface ReportView {
  title: string;
  tenant: string;
  snapshot: string;
  /** Time of the snapshot, ISO 8601. */
  time: string;
  coverage: readonly CoverageLine[];
  agents: readonly AgentLine[];
  /** How many of how many agents these are, and what their figures count: a sentence. */
  listed?: string;
  paths: readonly ReportPath[];
  totals: readonly Total[];
  /** The rows themselves, for reports that print them; `columns` in their order. */
  columns?: readonly string[];
  rows?: AsyncIterable<Row>;
  evidence?: Evidence;
}

export interface Report {
  name: string;
  extension: string;
  render(view: ReportView): AsyncIterable<string>;
}

export const REPORTS: readonly Report[] = [
  { name: "page", extension: ".html", render: renderHtml },
  { name: "coverage", extension: ".coverage.csv", render: renderCoverageCsv },
  { name: "manifest", extension: ".manifest.json", render: renderManifest },
];
