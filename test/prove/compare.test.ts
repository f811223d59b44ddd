/** What is shrunk is whatever the two differ on. */
import { expect, test } from "vitest";
import { counted } from "../oracle/counts.ts";
import { evaluate } from "../oracle/evaluate.ts";
import type { Put } from "../oracle/records.ts";
import { TIME } from "../oracle/tenants.ts";
import { leaves } from "../oracle/use.ts";
import { byTenant, disagreementAmong, type Judged, saidOfMany, shrink, tenantOf } from "./compare.ts";
import { asOneTenant, byItself, tenantsToTry } from "./random.ts";
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

test("tenants that share people agree as one tenant, and a row that is missing shows on all of them", async () => {
  const database = tenantsToTry(100, 1)
    .map((world, place) => ({ place, world }))
    .filter(({ world }) => byItself(world))
    .slice(0, 2);
  expect(database).toHaveLength(2);
  const records = database.flatMap(({ world }) => world);
  const rows = evaluate(records, TIME);
  const home = rows.filter(({ agent, scope }) => scope.startsWith(agent.slice(0, agent.indexOf(":") + 1)));
  const said = { rows, use: leaves(records, TIME), counted: counted(records, TIME, home) };
  expect((await asOneTenant(database, said)).differ).toEqual([]);
  const [, ...fewer] = rows;
  expect((await asOneTenant(database, { ...said, rows: fewer })).differ).toEqual(
    database.map(({ place }) => place),
  );
});
