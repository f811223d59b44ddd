/** Every row of the decision table (data reference, 8.2), and every case that reach names, is shown by a world or by a test. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../src/root.ts";
import { worldFiles } from "./prove/world.ts";

/** Rows that are about use in answers, which rows of reach say nothing of: the file and a piece of its test's name. */
const BY_TESTS: Readonly<Record<number, readonly [file: string, name: string]>> = {
  17: ["test/use.test.ts", "a right to view alone lets it be cited"],
  18: ["test/use.test.ts", "a right to extract lets it be used"],
  19: ["test/use.test.ts", "a DLP rule on its surface keeps it out of answers"],
  20: ["test/use.test.ts", "a DLP rule that only reports does not"],
  21: ["test/use.test.ts", "a DLP rule on another surface does not"],
  24: ["test/use.test.ts", "an encrypting label without rights leaves bytes"],
};

/** Cases beside the table: a world by its file, or a test by a piece of its name. */
const CASES: Readonly<Record<string, readonly (string | readonly [file: string, name: string])[]>> = {
  "blueprint inheritance": [
    "blueprint-enumerated",
    "blueprint-all-allowed",
    "blueprint-none",
    "blueprint-two-roles-that-are-never-inherited",
  ],
  "three token modes of one agent": ["three-token-modes-of-one-agent"],
  "delivered and requestable packages": ["package-that-was-delivered", "package-that-gives-membership"],
  "nested, cyclic and dynamic groups": [
    "case-nested-groups",
    "case-groups-in-a-circle",
    ["connectors/entra/control.test.ts", "dynamic"],
  ],
  "role-assignable groups": ["case-role-assignable-group"],
  "management group down to a container": ["case-management-group-down-to-a-container"],
  "a second role gives the action back": ["case-a-second-role-gives-back"],
  "wildcards that cross /": [["connectors/azure/rights.test.ts", "wildcard"]],
  "a deny by one group and a grant by another": ["case-deny-by-one-group-grant-by-another"],
  "deny with exclusions": ["case-deny-with-an-exclusion"],
  "a deny of one action out of three": ["case-deny-of-one-action-of-three"],
  "ABAC true, false, asked and unread": [
    "table-31-a-condition-on-tags",
    "table-33-a-condition-that-is-asked",
    "case-condition-unread",
  ],
  "account keys null, true, false": [
    "table-29-contributor-where-keys-are-not-said",
    "table-29b-contributor-where-keys-are-allowed",
    "table-30-contributor-where-keys-are-refused",
  ],
  "ADLS traversal": ["table-35-a-file-behind-a-closed-directory"],
  "agents that call agents in a cycle": ["lent-agents-call-in-a-circle"],
  "a server with unknown identity": ["server-of-unknown-identity"],
  "an embedded file": ["copy-an-embedded-file"],
  "a resource group named rg(1)": ["case-name-with-brackets"],
  "ids that differ in case": [
    [
      "src/keep/inventory-snapshot.test.ts",
      "resolve to the node of the kind that declares them, in whichever partition and case",
    ],
  ],
  "a disabled agent": ["case-disabled-agent"],
  "an expired link": ["table-12-a-link-that-expired"],
  "a site that answered 401": [["src/collect/crawl.test.ts", "denied"]],
};

const worlds = worldFiles();
const text = (file: string): string => readFileSync(join(packageRoot, file), "utf8");
/** "decision table, row 5" or "rows 8 to 10" at the start of a reason. */
const rowsOf = (why: string): number[] => {
  const [, from, to] = /^decision table, rows? (\d+)(?: to (\d+))?/.exec(why) ?? [];
  if (from === undefined) return [];
  return [...Array(Number(to ?? from) - Number(from) + 1).keys()].map((n) => Number(from) + n);
};

describe("the decision table", () => {
  const shown = new Set(worlds.flatMap(({ world }) => rowsOf(world.why)));

  test.each([...Array(40).keys()].map((n) => n + 1))("row %i", (row) => {
    const [file, name] = BY_TESTS[row] ?? [];
    if (file === undefined || name === undefined) expect([...shown]).toContain(row);
    else expect(text(file)).toContain(name);
  });
});

test.each(Object.entries(CASES))("%s", (_, places) => {
  const files = worlds.map(({ file }) => file);
  for (const place of places)
    if (typeof place === "string") expect(files).toContain(`${place}.yaml`);
    else expect(text(place[0])).toContain(place[1]);
});
