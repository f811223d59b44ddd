/** Findings: rows of a saved query that matter, known again from scan to scan by their identity. */
import { createHash } from "node:crypto";
import { ConfigError, type Finding, type Row } from "../model.ts";
import type { FindingQuery, Query } from "./query.ts";

/** `query-id:hash`: the same for the same agent (and scope) in every scan, on every machine. */
export function findingKey(query: Pick<Query, "id" | "identity">, row: Row): string {
  const ids = query.identity.map((column) => {
    const id = row[column];
    if (typeof id === "string" && id !== "") return id;
    throw new ConfigError(
      "finding-identity",
      `The query ${query.id} returned a row whose identity column ${column} holds no id.`,
      "Return the id of a node in every identity column.",
    );
  });
  const hash = createHash("sha256").update(JSON.stringify(ids)).digest("hex").slice(0, 32);
  return `${query.id}:${hash}`;
}

/**
 * The findings of one query now, given those of the scan before (of any query; others are ignored).
 * A finding that vanished is `resolved`, or `unknown` if something that the query reads is incomplete: it may
 * only be out of sight. What was resolved before is left out. `time` is the snapshot’s, as ISO 8601.
 * Throws ConfigError if two rows have one identity.
 */
export function makeFindings(
  query: FindingQuery,
  rows: readonly Row[],
  previous: readonly Finding[],
  coverageIncomplete: boolean,
  time: string,
): Finding[] {
  const before = new Map(
    previous
      .filter((finding) => finding.query === query.id && finding.status !== "resolved")
      .map((finding) => [finding.key, finding] as const),
  );
  const findings = new Map<string, Finding>();
  for (const row of rows) {
    const key = findingKey(query, row);
    if (findings.has(key)) {
      throw new ConfigError(
        "finding-twice",
        `The query ${query.id} returned two rows with one identity (${query.identity.join(", ")}).`,
        "Aggregate the rows, or add to the identity what tells them apart.",
      );
    }
    const known = before.get(key);
    findings.set(key, {
      key,
      query: query.id,
      severity: query.severity,
      title: query.title,
      row,
      status: known === undefined ? "new" : "open",
      firstSeen: known?.firstSeen ?? time,
      lastSeen: time,
    });
  }
  for (const [key, finding] of before) {
    if (!findings.has(key))
      findings.set(key, { ...finding, status: coverageIncomplete ? "unknown" : "resolved" });
  }
  return [...findings.values()].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}
