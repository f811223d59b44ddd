/** What is shrunk is whatever the two differ on. */
import { expect, test } from "vitest";
import { counted } from "../oracle/counts.ts";
import { evaluate } from "../oracle/evaluate.ts";
import type { Put } from "../oracle/records.ts";
import { TIME } from "../oracle/tenants.ts";
import { leaves } from "../oracle/use.ts";
import { byTenant, disagreementAmong, type Judged, saidOfMany, shrink, tenantOf } from "./compare.ts";
import { worldFiles } from "./world.ts";

/** Agrees with the definition on every row, and takes every label for open. */
const blind: Judged = async (records) => {
  const tenants = byTenant(records, (put) => tenantOf([put]));
  const worlds = [...tenants].flatMap(([prefix, world]) => (prefix === "" ? [] : [world]));
  return {
    rows: worlds.flatMap((world) => evaluate(world, TIME)),
    use: worlds.flatMap((world) =>
      leaves(world, TIME).map((leave) => ({ ...leave, view: true, extract: true })),
    ),
    counted: worlds.flatMap((world) => counted(world, TIME, evaluate(world, TIME))),
  };
};

test("a tenant in which only the use of labels differs is shrunk to what shows it", async () => {
  const { records } = worldFiles().find(({ file }) => file === "use-of-some-of-its-people.yaml")!.world;
  const wrong = async (world: readonly Put[]): Promise<string[]> =>
    disagreementAmong(saidOfMany(await blind(world)), world, tenantOf(world));
  expect(await wrong(records)).not.toEqual([]);
  const least = await shrink(records, undefined, blind);
  expect(await wrong(least)).not.toEqual([]);
  expect(least.length).toBeLessThan(records.length);
  // Rights that a label gives to others than to somebody who reads.
  expect(least.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(["LABEL_RIGHTS", "GRANTED", "ACTS_AS"]),
  );
  for (const at of least.keys()) expect(await wrong(least.toSpliced(at, 1))).toEqual([]);
});
