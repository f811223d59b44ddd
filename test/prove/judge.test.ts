/** Broken rules are noticed, each by itself though they run together, and the least tenant that notices is found. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../src/root.ts";
import { evaluate } from "../oracle/evaluate.ts";
import type { Put } from "../oracle/records.ts";
import { TIME } from "../oracle/tenants.ts";
import { breakOne } from "./break.ts";
import { Judge } from "./judge.ts";
import { worldFiles } from "./world.ts";

const CLI = join(packageRoot, "dist", "test", "prove", "cli.js");
/** A busy machine takes its time. */
const PATIENCE = { timeout: 3_600_000 };
/** Of the clauses of `identity`, this one takes the one that ends memberships. */
const SEED = 18;
const read = worldFiles();
const named = (...names: readonly string[]): (readonly Put[])[] =>
  names.map((name) => read.find(({ file }) => file === `${name}.yaml`)!.world.records);

test("each broken rule has a verdict of its own, though all run together", PATIENCE, async () => {
  const worlds = named(
    "case-disabled-identity",
    "case-membership-that-ended",
    "table-40-a-deny-ends-the-role",
  );
  const [disabled, ended] = worlds.map((world) => `caught ${/w\d+:/.exec(JSON.stringify(world))?.[0]}`);
  const expected = {
    "identity 1 negated: p.enabled (2)": disabled,
    "identity 5 without: (m.expires IS NULL OR m.expires > $time)": ended,
    // Nobody in these worlds has two modes.
    "identity 1 without: m.mode = l.mode": "same ",
    "identity 1 without: -[l:LENT]->(p:Principal)": "refused Binder exception: Variable p is not in scope.",
    // No agent is made from a blueprint here: the rule does not run.
    "idle 1 negated: b.enabled = false": "idle ",
    // Places below any deny, where only one that binds its place alone asks for them.
    "spot 3 without: d.children = false": "same more to look at, and nothing else",
  };
  const found: Record<string, string> = {};
  await Judge.use(worlds, CLI, (judge) =>
    judge.try(Object.keys(expected), ({ id, fate, why }) => {
      found[id] = `${fate} ${why}`;
    }),
  );
  expect(found).toEqual(expected);
});

test(
  "a statement that does not run keeps no verdict from the others of a rule that reads itself",
  PATIENCE,
  async () => {
    const worlds = named("alone-everyone-but-guests-is-in-a-group-in-two-ways");
    const found = new Map<string, string>();
    const ids = ["told 2 without: before = 0", "told 4 min for max: min(b.tier)"];
    await Judge.use(worlds, CLI, (judge) => judge.try(ids, ({ id, fate }) => void found.set(id, fate)));
    expect(ids.map((id) => found.get(id))).toEqual(["idle", "caught"]);
  },
);

test(
  "a clause is taken out, and what is left of the tenant that shows it has nothing to spare",
  PATIENCE,
  async () => {
    const { mutant, least } = await breakOne(SEED, "identity", named("case-membership-that-ended"), CLI);
    expect(mutant.id).toBe("identity 5 without: (m.expires IS NULL OR m.expires > $time)");
    // One who acts, a membership that has ended, and a grant of the group: no row, or the clause would not be needed.
    expect(least?.map(({ kind }) => kind).filter((kind) => kind !== "Principal")).toEqual(
      expect.arrayContaining(["ACTS_AS", "MEMBER_OF", "GRANTED"]),
    );
    expect(evaluate(least ?? [], TIME)).toEqual([]);
  },
);
