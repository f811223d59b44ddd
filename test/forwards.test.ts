import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EngineConnection, openEngine } from "../src/graph/engine.ts";
import { derivedDdl, embeddedDdl } from "../src/graph/generate.ts";
import { loadRules } from "../src/graph/rules.ts";
import { GAPS_DDL } from "../src/graph/store-gaps.ts";
import { DERIVED, DERIVED_NODE_KINDS, DERIVED_REL_KINDS, REL_KINDS } from "../src/schema.ts";

const BOTH_WAYS: readonly string[] = [
  ...REL_KINDS,
  ...DERIVED_REL_KINDS.filter(
    (kind) => !("scratch" in DERIVED[kind]) || DERIVED[kind].scratch === "both ways",
  ),
  "CONCERNS",
];

/** What a plan follows against its direction. Operators are drawn as boxes, side by side, with their tables above. */
function followedBackwards(plan: string): string[] {
  const lines = plan.split("\n");
  return lines.flatMap((line, row) =>
    [...line.matchAll(/Direction: \(\S*\)<-/g)].flatMap(({ index }) => {
      const [left, right] = [line.lastIndexOf("│", index), line.indexOf("│", index)];
      const above = lines.slice(0, row).reverse();
      const box = above.slice(
        0,
        above.findIndex((other) => other.slice(left, right).includes("SCAN_REL_TABLE")),
      );
      return box.flatMap((other) => other.slice(left, right).match(/\b[A-Z_]{2,}\b/g) ?? []);
    }),
  );
}

describe("what is stored only forwards is never followed backwards, which the engine finds out only while it runs", () => {
  let engine: EngineConnection;
  beforeAll(async () => {
    engine = await openEngine({ path: ":memory:", pool: 256 * 1024 * 1024 });
    await engine.together([
      ...embeddedDdl(),
      ...derivedDdl([...DERIVED_NODE_KINDS, ...DERIVED_REL_KINDS]),
      ...GAPS_DDL,
    ]);
  });
  afterAll(() => engine.close());

  const backwards = async (cypher: string): Promise<string[]> => {
    const text = cypher.replace(/\$level\b/g, "1").replace(/\$(time|from|to)\b/g, "'x'");
    const plan = String(Object.values((await engine.run(`EXPLAIN ${text}`))[0] ?? {})[0]);
    return followedBackwards(plan).filter((kind) => !BOTH_WAYS.includes(kind));
  };

  for (const rule of loadRules())
    test(rule.id, async () => {
      for (const { text } of [...rule.first, ...rule.again]) expect(await backwards(text), text).toEqual([]);
    });

  test("such a pattern would be seen", async () => {
    const cypher = "MATCH (s:Scope) OPTIONAL MATCH (x:Actor)-[:AT]->(s) RETURN s.id, count(x)";
    expect(await backwards(cypher)).toEqual(["AT"]);
  });
});
