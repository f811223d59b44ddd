/** Import of a file of records: all of it or nothing, as one pass of the step `import.<name>`. */

import type { Coverage } from "../model.ts";
import type { Change } from "../schema.ts";
import { coverageOf } from "./inventory-coverage.ts";
import type { Database } from "./inventory-db.ts";
import { discardPass, type InventoryPass } from "./inventory-pass.ts";
import { checkLine } from "./records.ts";

/** Changes that are staged at a time. */
const BATCH = 10_000;

/** Stages every line and ends the pass only if all of them fit. Throws ConfigError with the line number. */
export const importLines = async (
  database: Database,
  begin: (step: string) => InventoryPass,
  name: string,
  lines: AsyncIterable<string>,
): Promise<{ records: number; coverage: number }> => {
  const step = `import.${name}`;
  await database.write((writer) => discardPass(writer, step, ""));
  const pass = begin(step);
  const stated = new Map<string, Coverage>();
  let records = 0;
  let number = 0;
  let changes: Change[] = [];
  try {
    for await (const text of lines) {
      number += 1;
      const line = checkLine(text, number, name);
      if (line === undefined) continue;
      if ("coverage" in line) {
        stated.set(JSON.stringify([line.coverage.step, line.coverage.scope]), line.coverage);
        continue;
      }
      changes.push(line);
      records += 1;
      if (changes.length < BATCH) continue;
      await pass.apply({ changes });
      changes = [];
    }
    const statements = [...stated.values()];
    const own = statements.find((one) => one.step === step && one.scope === "");
    const others = statements.filter((one) => one !== own);
    await pass.apply({ changes, gaps: others });
    await endImport(database, pass, step, own, others);
    return { records, coverage: statements.length };
  } catch (error) {
    await database.write((writer) => discardPass(writer, step, ""));
    throw error;
  }
};

/**
 * A file replaces what it said before only if it claims to be complete and names no gap of its own. One that claims
 * nothing adds, and was read whole: it is no gap.
 */
const endImport = async (
  database: Database,
  pass: InventoryPass,
  step: string,
  own: Coverage | undefined,
  others: readonly Coverage[],
): Promise<void> => {
  const gap = others.find((one) => one.step === step && one.state !== "complete");
  await database.write(async (writer) => {
    if (own?.state === "complete" && gap === undefined) return pass.end(writer, "replace", own);
    const [known] = await writer.rows(
      "SELECT step, scope, state, reason, fix FROM _partition WHERE step = $1 AND scope = ''",
      [step],
    );
    const stated = own?.state === "complete" ? undefined : own;
    const before = known?.state === undefined || known.state === null ? undefined : coverageOf(known);
    const unclaimed: Omit<Coverage, "step" | "scope"> =
      gap === undefined
        ? { state: "complete" }
        : { state: "partial", reason: gap.reason ?? "the file names a part that is not complete" };
    const coverage = stated ?? (gap === undefined ? before : undefined) ?? unclaimed;
    await pass.end(writer, "merge", coverage, true);
  });
};
