import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import type { Connector, Permission, Step } from "../connector.ts";
import { PERMISSION_FORMATS, permissions, renderPermissions } from "./permissions.ts";

const need = (kind: Permission["kind"], name: string): Permission => ({
  ...{ kind, name, why: `why ${name}`, risk: `risk of\n${name}`, doc: "https://learn.microsoft.com/x" },
});
const step = (id: string, needs: Permission[], level?: Step["level"]): Step => ({
  ...{ id, title: id, produces: [], reads: [], hides: "grants", needs },
  async *crawl() {},
  ...(level === undefined ? {} : { level }),
});
const connectors: Connector[] = [
  {
    ...{ name: "a", title: "A" },
    steps: [
      step("a.users", [need("graph", "User.Read.All")]),
      step("a.groups", [need("graph", "User.Read.All"), need("graph", "GroupMember.Read.All")]),
      step("a.arm", [need("azure", "Reader")]),
      step("a.bytes", [need("azure", "Blob Role")], "labels"),
    ],
  },
];

test("each step that runs at the level has a row for each permission, with reason and risk", () => {
  const rows = permissions(connectors, "metadata");
  expect(rows.map(({ step: id, permission }) => `${id} ${permission}`)).toEqual([
    "a.users User.Read.All",
    "a.groups User.Read.All",
    "a.groups GroupMember.Read.All",
    "a.arm Reader",
  ]);
  expect(rows[0]).toMatchObject({ why: "why User.Read.All", risk: "risk of\nUser.Read.All" });
  expect(permissions(connectors, "labels")).toHaveLength(5);
  expect(permissions(connectors, "exports")).toEqual([]);
});

describe.each(PERMISSION_FORMATS)("as %s", (format) => {
  const text = renderPermissions(permissions(connectors, "labels"), format);

  test("every permission is granted once, and every risk is told in a comment", () => {
    for (const name of ["User.Read.All", "GroupMember.Read.All", "Reader", "Blob Role"]) {
      const commands = text.split("\n").filter((line) => !line.startsWith("#"));
      expect(commands.join("\n").split(name)).toHaveLength(2);
      expect(text).toContain(`# ${name} (`);
      expect(text).toContain(`If the credential is stolen: risk of ${name}`);
    }
  });

  test("a tenant without Azure gets no Azure", () => {
    const rows = permissions(connectors, "metadata").filter(({ kind }) => kind === "graph");
    expect(renderPermissions(rows, format)).not.toContain("managementGroups");
  });
});

test.skipIf(process.platform === "win32")("the az commands are a script that a shell can parse", () => {
  const script = renderPermissions(permissions(connectors, "labels"), "az");
  expect(() => execFileSync("sh", ["-n"], { input: script })).not.toThrow();
});
