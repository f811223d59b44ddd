import { expect, it } from "vitest";
import { openInventory } from "../../src/keep/inventory.ts";
import { fake, run } from "../entra/fixtures/fake.ts";
import { labels } from "./labels.ts";

const PATH = "/v1.0/security/dataSecurityAndGovernance/sensitivityLabels";
const answers = {
  [PATH]: {
    value: [
      { id: "AAAA-1", name: "internal name", displayName: "General", priority: 0, hasProtection: false },
      {
        ...{ id: "aaaa-2", displayName: "Secret", priority: 4, hasProtection: true },
        sublabels: [{ id: "aaaa-3", displayName: "Secret, finance", priority: 5, sublabels: [] }],
      },
    ],
    next: "/v1.0/more",
  },
  "/v1.0/more": { value: [{ id: "aaaa-4", name: "Unranked", priority: null }] },
};

it("reads every label with its order, sublabels too, page by page", async () => {
  const pages = await run(labels, fake(answers));
  expect(pages.map(({ cursor }) => cursor)).toEqual(["/v1.0/more", undefined]);
  const props = (id: string) =>
    pages
      .flatMap(({ changes }) => changes)
      .flatMap((change) =>
        "put" in change && "id" in change.put && change.put.id === id ? [change.put.props] : [],
      );
  expect(props("aaaa-1")).toEqual([{ kind: "Sensitivity", name: "General", priority: 0, encrypted: false }]);
  expect(props("aaaa-3")).toEqual([{ kind: "Sensitivity", name: "Secret, finance", priority: 5 }]);
  // Without a priority it has none: nobody may call it the top one.
  expect(props("aaaa-4")).toEqual([{ kind: "Sensitivity", name: "Unranked" }]);
});

it("goes on from the page where it stopped", async () => {
  const asked = fake(answers);
  await run(labels, asked, { cursor: "/v1.0/more" });
  expect(asked.asked).toEqual(["/v1.0/more"]);
});

it("keeps what was known of labels when a page fails", async () => {
  const inventory = await openInventory(":memory:");
  const scan = async (value: typeof answers | Record<string, never>) => {
    const pass = await inventory.begin(labels.id, "", { mode: "full", fingerprint: "f" });
    try {
      for (const page of await run(labels, fake(value))) await pass.apply(page);
      await pass.finish();
    } catch {
      await pass.abandon({ state: "failed", reason: "a page failed" });
    }
  };
  await scan(answers);
  await scan({});
  const known: string[] = [];
  for await (const { id } of inventory.known("Label")) known.push(id);
  expect(known).toEqual(["aaaa-1", "aaaa-2", "aaaa-3", "aaaa-4"]);
  await inventory.close();
});
