import { describe, expect, it } from "vitest";
import { columnsPage, REACH_COLUMNS, REACH_KEY, type ReachRow } from "./reach-row.ts";

describe("the reach row", () => {
  const names: readonly string[] = REACH_COLUMNS.map((column) => column.name);

  it("names each column once, and its key among them", () => {
    expect(new Set(names).size).toBe(names.length);
    for (const key of REACH_KEY) expect(names).toContain(key);
  });

  it("keeps its first columns, which scripts rely on, where they are", () => {
    expect(names.slice(0, 6)).toEqual([
      "tenant_id",
      "agent_id",
      "agent_name",
      "agent_owner",
      "platform",
      "estate",
    ]);
    expect(names.indexOf("snapshot")).toBe(names.length - 5);
  });

  it("has a type of its own, inferred from the list", () => {
    const part: Pick<ReachRow, "tier" | "use" | "items" | "path"> = {
      tier: "latent",
      use: "cite-only",
      items: null,
      path: "",
    };
    expect(part.items).toBeNull();
  });

  it("is documented column by column", () => {
    const page = columnsPage();
    for (const name of names) expect(page).toContain(`| \`${name}\` |`);
    expect(page).toContain("One of `now`, `conditional`, `potential`, `latent`.");
  });
});
