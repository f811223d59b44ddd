/** Coverage on disk: of partitions, of the gaps that passes met, and which gaps somebody has accepted. */

import { type Coverage, type CoverageState, type Row, WORST_FIRST } from "../model.ts";
import type { CoverageRow } from "./inventory.ts";
import { asText, type Writer } from "./inventory-db.ts";
import type { Conclusion } from "./inventory-statements.ts";

/** Coverage of a part without a pass of its own, or whose pass saved nothing: facts stay as they are. */
export const saveCoverage = async (
  writer: Writer,
  coverage: Coverage,
  endedAt: string | null,
): Promise<void> => {
  await writer.run(
    `INSERT INTO _partition (step, scope, state, reason, fix, ended_at) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (step, scope) DO UPDATE SET state = excluded.state, reason = excluded.reason, fix = excluded.fix,
       ended_at = coalesce(excluded.ended_at, ended_at)`,
    [coverage.step, coverage.scope, coverage.state, coverage.reason ?? null, coverage.fix ?? null, endedAt],
  );
};

export const coverageOf = (row: Row): Coverage => {
  const reason = asText(row.reason);
  const fix = asText(row.fix);
  return {
    step: String(row.step),
    scope: String(row.scope),
    state: row.state as CoverageState,
    ...(reason === undefined ? {} : { reason }),
    ...(fix === undefined ? {} : { fix }),
  };
};

/** Two steps may lack the same part for reasons of their own: neither hides the other. */
const both = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || b === undefined || a === b ? (a ?? b) : `${a}; ${b}`;

const worse = (a: CoverageState, b: CoverageState): boolean =>
  WORST_FIRST.indexOf(a) < WORST_FIRST.indexOf(b);

/** Two statements about one part: the worse, or both reasons. */
export const joined = <A extends Coverage>(a: A, b: Coverage): A => {
  const reason = both(a.reason, b.reason);
  const fix = a.fix ?? b.fix;
  if (a.state === b.state)
    return a.state === "complete"
      ? a
      : { ...a, ...(reason === undefined ? {} : { reason }), ...(fix === undefined ? {} : { fix }) };
  if (!worse(b.state, a.state)) return a;
  const { reason: _, fix: __, ...rest } = a;
  return { ...rest, ...b } as A;
};

export const placeOf = ({ step, scope }: { step?: unknown; scope?: unknown }): string => `${step}\n${scope}`;

/** Rows as they are once an import has ended so. */
const asConcluded = (rows: readonly Row[], { whole, ends }: Conclusion): Row[] =>
  rows
    .filter((row) => !ends(row))
    .map((row) =>
      row.owner === null && placeOf(row) === placeOf(whole)
        ? { ...row, state: whole.state, reason: whole.reason ?? null, fix: whole.fix ?? null }
        : row,
    );

/**
 * Partitions, and the gaps and statements about them; where several speak of one (step, scope) the worst stands. `found`:
 * gaps that no pass states. `supposed`: how an import would end.
 */
export const coverageRows = async (
  read: (sql: string) => Promise<Row[]>,
  now: string,
  found: readonly Coverage[] = [],
  supposed?: Conclusion,
): Promise<CoverageRow[]> => {
  const all = await read(
    `SELECT NULL AS owner, step, scope, state, reason, fix, observed_from, observed_to,
       coalesce(records, 0)::DOUBLE AS records
     FROM _partition WHERE state IS NOT NULL
     UNION ALL
     SELECT DISTINCT owner_step, step, scope, state, reason, fix, NULL, NULL, 0 FROM _gap WHERE layer IS NULL
     ORDER BY step, scope, observed_to NULLS LAST, state, reason, fix`,
  );
  const stored = supposed === undefined ? all : asConcluded(all, supposed);
  const acceptances = await read(
    // Without a scope: of an older version, which took it for all that a step may ever lack.
    "SELECT step, scope, reason, until FROM _accepted WHERE scope IS NOT NULL",
  );
  // A date without a time lasts through its day.
  const valid = new Map(
    acceptances
      .filter(({ until }) => String(until) >= now.slice(0, String(until).length))
      .map((one) => [placeOf(one), { reason: String(one.reason), until: String(one.until) }]),
  );
  const rows: CoverageRow[] = [];
  for (const row of stored) {
    const coverage = coverageOf(row);
    const last = rows.at(-1);
    if (last?.step === coverage.step && last.scope === coverage.scope) {
      rows[rows.length - 1] = joined(last, coverage);
      continue;
    }
    rows.push({
      ...coverage,
      observedFrom: asText(row.observed_from),
      observedTo: asText(row.observed_to),
      records: Number(row.records),
      accepted: undefined,
    });
  }
  const more = supposed === undefined ? found : [supposed.whole, ...supposed.parts, ...found];
  // A file may speak of as many parts as there are.
  const places = new Map(rows.map((row, index) => [placeOf(row), index]));
  for (const gap of more) {
    const index = places.get(placeOf(gap));
    if (index !== undefined) rows[index] = joined(rows[index]!, gap);
    else {
      places.set(placeOf(gap), rows.length);
      rows.push({ ...gap, observedFrom: undefined, observedTo: undefined, records: 0, accepted: undefined });
    }
  }
  for (const row of rows) if (row.state !== "complete") row.accepted = valid.get(placeOf(row));
  return rows;
};
