/** Signs that mean something to an engine or in a file of values, in names of folders, steps and places. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newFolder, recordsIn, run } from "./cli.ts";

const PLACE = "a place,\nwith a \"sign\" or 'two'";
const LINES = [
  { put: { kind: "Agent", id: "a", props: { status: "enabled" } } },
  { put: { kind: "Principal", id: "p", props: { kind: "ServicePrincipal" } } },
  {
    put: {
      ...{ kind: "ACTS_AS", from: { kind: "Agent", id: "a" }, to: { kind: "Principal", id: "p" } },
      props: { mode: "app" },
    },
  },
  { put: { kind: "Scope", id: PLACE, props: { kind: "Site", plane: "sharepoint" } } },
  {
    put: {
      ...{ kind: "GRANTED", from: { kind: "Principal", id: "p" }, to: { kind: "Scope", id: PLACE } },
      props: { key: "1", flow: "acl", read: true },
    },
  },
  { coverage: { step: 'a step, "so" called', scope: PLACE, state: "denied", reason: "403" } },
];

test("are no more than signs", async () => {
  const own = join(newFolder(), "it's here");
  mkdirSync(own);
  const file = recordsIn(own, LINES);
  const folder = join(own, "data");
  expect(await run(["import", file], { folder })).toMatchObject({ code: 0 });
  const { code, stdout } = await run(["reach", "--all", "--format", "json"], { folder });
  expect(code).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ agent_id: "a", scope_id: PLACE, read: "yes", certainty: "upper-bound" },
    ...{ completeness: "denied", gap_steps: 'a step, "so" called' },
  });
});
