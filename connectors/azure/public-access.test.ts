import { describe, expect, it } from "vitest";
import { ACCOUNT, container, crawled, grantsAt, S1 } from "./fixtures/tenant.ts";
import { publicAccessRecords } from "./public-access.ts";

describe("public access", () => {
  const STORAGE = `${S1}/providers/Microsoft.Storage/storageAccounts`;
  const primaryEndpoints = { blob: "https://acc.blob.core.windows.net/" };
  const opened = async (allowBlobPublicAccess: boolean | undefined, ...names: [string, string?][]) => {
    const fake = await crawled({
      [STORAGE]: [
        {
          id: ACCOUNT,
          name: "acc",
          properties: { allowBlobPublicAccess, primaryEndpoints, networkAcls: { defaultAction: "Allow" } },
        },
      ],
      [`${ACCOUNT}/blobServices/default/containers`]: names.map(([name, publicAccess]) => ({
        id: container(name),
        name,
        properties: { publicAccess },
      })),
    });
    return fake
      .all("GRANTED")
      .map(({ from, to, props }) => [
        from.id,
        to.id?.split("/").at(-1),
        ...["read", "see", "write"].filter((action) => props && Reflect.get(props, action)),
        props?.certainty,
      ]);
  };

  it.each([[true], [undefined]])(
    "lets anybody read, and list where the container says so (account: %s)",
    async (allowed) => {
      expect(await opened(allowed, ["a", "Blob"], ["b", "Container"], ["c", "None"], ["d"])).toEqual([
        ["anonymous", "a", "read", "exact"],
        ["anonymous", "b", "read", "see", "exact"],
      ]);
    },
  );

  it("is none where the account forbids it, but for a website, which may be switched off", async () => {
    expect(await opened(false, ["a", "Blob"], ["b", "Container"], ["$web", "None"])).toEqual([
      ["anonymous", "$web", "read", "upper-bound"],
    ]);
  });

  it("holds only for requests that the account's network rules let in", async () => {
    const fake = await crawled({
      [STORAGE]: [
        {
          id: ACCOUNT,
          name: "acc",
          properties: {
            primaryEndpoints,
            networkAcls: {
              defaultAction: "Deny",
              bypass: "AzureServices",
              ipRules: [{ value: "203.0.113.0/24" }],
            },
          },
        },
      ],
      [`${ACCOUNT}/blobServices/default/containers`]: [
        { id: container("a"), name: "a", properties: { publicAccess: "Blob" } },
      ],
    });
    expect(grantsAt(fake, container("a"))).toMatchObject([
      {
        read: true,
        tier: "conditional",
        certainty: "exact",
        reason_code: "network-asked",
        residual: "network: only from 203.0.113.0/24, trusted Azure services",
      },
    ]);
  });

  it("is an upper bound where nobody tells whom the network rules let in", async () => {
    const fake = await crawled({
      [STORAGE]: [{ id: ACCOUNT, name: "acc", properties: { primaryEndpoints } }],
      [`${ACCOUNT}/blobServices/default/containers`]: [
        { id: container("a"), name: "a", properties: { publicAccess: "Blob" } },
      ],
    });
    expect(grantsAt(fake, container("a"))).toMatchObject([
      { read: true, tier: "now", certainty: "upper-bound", reason_code: "network-unread" },
    ]);
  });

  it("is keyed by the container and flows down", async () => {
    const fake = await crawled({
      [`${ACCOUNT}/blobServices/default/containers`]: [
        { id: container("HR"), name: "hr", properties: { publicAccess: "Container" } },
      ],
    });
    expect(grantsAt(fake, container("hr"))).toMatchObject([
      {
        key: `public-access:${container("hr")}`,
        flow: "containment",
        source: "public-access",
        role: "public access: Container",
        tier: "conditional",
      },
    ]);
    expect(fake.nodes.get("Principal anonymous")?.props).toMatchObject({ kind: "Anonymous" });
  });

  it("is an upper bound where the account was not listed, as it may forbid it", () => {
    const open = { id: "c", name: "c", publicAccess: "Blob" };
    expect(publicAccessRecords(open, undefined)[1]).toMatchObject({
      props: { read: true, certainty: "upper-bound", reason_code: "account-unread" },
    });
    // Nor do network rules that were read make it any surer.
    const account = {
      id: "a",
      url: undefined,
      hns: undefined,
      allowPublic: undefined,
      gate: "x",
      networkKnown: true,
      listed: false,
    };
    expect(publicAccessRecords(open, account)[1]).toMatchObject({
      props: { tier: "conditional", residual: "x", certainty: "upper-bound", reason_code: "account-unread" },
    });
  });
});
