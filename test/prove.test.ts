/**
 * The oracle against the product: many random tenants in one database, row for row. `FOREREACH_WORLDS` sets how
 * many (250), `FOREREACH_SEED` where they start, `FOREREACH_SHOWN` how many of those that differ are shrunk.
 */
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { evaluate, type Put } from "./oracle/evaluate.ts";
import { asLines, TIME, tenants } from "./oracle/tenants.ts";
import { byPrefix, differences, disagreement, product, shrink } from "./prove.ts";

const WORLDS = Number(process.env.FOREREACH_WORLDS ?? 250);
const SEED = Number(process.env.FOREREACH_SEED ?? 1);
const SHOWN = Number(process.env.FOREREACH_SHOWN ?? 3);
const PER_DATABASE = 200;
const FOLDER = join(import.meta.dirname, "worlds");

describe("the product agrees with the oracle", () => {
  test(`on ${WORLDS} random tenants, row for row`, { timeout: 3_600_000 }, async () => {
    const worlds = tenants(WORLDS, SEED);
    const failing: Put[][] = [];
    let rows = 0;
    for (let from = 0; from < worlds.length; from += PER_DATABASE) {
      const part = worlds.slice(from, from + PER_DATABASE);
      const found = byPrefix(await product(part.flat()));
      for (const [index, world] of part.entries()) {
        const law = evaluate(world, TIME);
        rows += law.length;
        if (differences(law, found.get(`t${from + index}:`) ?? []).length > 0) failing.push(world);
      }
    }
    const shown: string[] = [];
    for (const world of failing.sort((a, b) => a.length - b.length).slice(0, SHOWN)) {
      const least = await shrink(world);
      shown.push([...(await disagreement(least)), ...asLines(least)].join("\n"));
    }
    expect(
      failing.length,
      `${failing.length} of ${worlds.length} tenants differ; the smallest:\n\n${shown.join("\n\n")}\n`,
    ).toBe(0);
    expect(rows).toBeGreaterThan(WORLDS);
  });

  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".jsonl"));
  for (const file of files)
    test(`on the world ${file}`, async () => {
      const text = await readFile(join(FOLDER, file), "utf8");
      const records = text
        .split("\n")
        .filter((row) => row !== "")
        .map((row): Put => JSON.parse(row).put);
      expect(await disagreement(records)).toEqual([]);
    });
});
