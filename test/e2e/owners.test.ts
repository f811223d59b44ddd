/** Who answers for an agent is the same in every answer, whoever said it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newFolder, run } from "./cli.ts";

const node = (kind: string, id: string, props = {}) => ({ put: { kind, id, props } });
const between = (kind: string, from: [string, string], to: [string, string], props?: object) => ({
  put: {
    ...{ kind, from: { kind: from[0], id: from[1] }, to: { kind: to[0], id: to[1] } },
    ...(props === undefined ? {} : { props }),
  },
});
const agent = (id: string, props = {}) => [
  node("Agent", id, { name: id, status: "enabled", ...props }),
  between("ACTS_AS", ["Agent", id], ["Principal", "app"], { key: "app", mode: "app" }),
];
const RECORDS = [
  ...agent("told", { owner: "Cleo; Ana" }),
  ...agent("owned"),
  ...agent("sponsored", { owner: "Cleo" }),
  ...agent("nobodys"),
  node("Principal", "ana", { kind: "User", name: "Ana" }),
  node("Principal", "bea", { kind: "User", name: "Bea" }),
  node("Principal", "app", { kind: "ServicePrincipal", name: "App" }),
  node("Scope", "box", { kind: "Container", name: "box", plane: "azure" }),
  between("GRANTED", ["Principal", "app"], ["Scope", "box"], {
    ...{ key: "owner", flow: "containment", read: true, assign: true },
  }),
  between("OWNS", ["Principal", "bea"], ["Agent", "owned"]),
  between("SPONSORS", ["Principal", "ana"], ["Agent", "sponsored"]),
];

async function ask(folder: string, ...args: string[]): Promise<Record<string, string>[]> {
  const { stdout } = await run([...args, "--format", "json"], { folder });
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, string>);
}

test("owners, sponsors and whom a catalog names answer for an agent, in rows and in findings", async () => {
  const folder = newFolder();
  const file = join(folder, "records.jsonl");
  writeFileSync(file, RECORDS.map((record) => `${JSON.stringify(record)}\n`).join(""));
  expect(await run(["import", file], { folder })).toMatchObject({ code: 0 });
  const rows = await ask(folder, "reach", "--all");
  expect(Object.fromEntries(rows.map((row) => [row.agent_id, row.agent_owner]))).toEqual({
    ...{ told: "Ana; Cleo", owned: "Bea", sponsored: "Ana; Cleo", nobodys: "" },
  });
  const found = await ask(folder, "query", "agent-can-change-permissions");
  expect(Object.fromEntries(found.map((row) => [row.agent, row.agent_owner]))).toEqual({
    ...{ told: "Cleo; Ana", owned: "Bea", sponsored: "Ana", nobodys: null },
  });
});
