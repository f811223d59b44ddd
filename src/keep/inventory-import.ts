/** Import of a file of records: all of it or nothing, as one pass of the step `import.<name>`. */

import type { Coverage } from "../model.ts";
import type { Change } from "../schema.ts";
import type { Database } from "./inventory-db.ts";
import { discardPass, type InventoryPass } from "./inventory-pass.ts";
import { conclude, saidBefore } from "./inventory-statements.ts";
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
    await pass.apply({ changes, gaps: statements });
    await database.write(async (writer) => {
      const before = await saidBefore((sql) => writer.rows(sql), step);
      const { replaces, whole } = conclude({ step, stated: statements }, before);
      await pass.end(writer, replaces ? "replace" : "merge", whole, !replaces);
    });
    return { records, coverage: statements.length };
  } catch (error) {
    await database.write((writer) => discardPass(writer, step, ""));
    throw error;
  }
};
