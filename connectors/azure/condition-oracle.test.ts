/** Microsoft's own cases for conditions, where they are present. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type Literal, readCondition, type Source } from "./condition.ts";
import { compile, type Resolve } from "./condition-evaluate.ts";

const folder = new URL("../../../shared/inputs/oracle/azure-abac-regorus/", import.meta.url);
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".yaml")) : [];

interface Context {
  resource: { attributes: Record<string, Literal | Literal[]> };
  request: { attributes: Record<string, Literal | Literal[]> };
  principal: { custom_security_attributes: Record<string, Literal | Literal[]> };
  action: string;
  suboperation: string;
}
interface Case {
  name: string;
  condition: string;
  expected: unknown;
  context?: {
    request_attributes?: Context["request"]["attributes"];
    resource_attributes?: Context["resource"]["attributes"];
    principal_custom_security_attributes?: Context["principal"]["custom_security_attributes"];
    action?: string;
    suboperation?: string;
  };
}

describe.skipIf(files.length === 0)(
  "Microsoft's cases for conditions, where they are beside the checkout",
  () => {
    const base =
      files.length > 0
        ? (JSON.parse(readFileSync(new URL("default-context.json", folder), "utf8")) as Context)
        : undefined;

    // Without them this is what is said to be skipped.
    it("are there", () => expect(files).not.toEqual([]));

    it.each(files)("%s: what is decided is decided alike", (file) => {
      const cases = (parse(readFileSync(new URL(file, folder), "utf8")) as { test_cases: Case[] }).test_cases;
      for (const { name, condition, expected, context = {} } of cases) {
        if (typeof expected !== "boolean") continue;
        const attributes: Partial<Record<Source, Record<string, Literal | Literal[]>>> = {
          resource: context.resource_attributes ?? base!.resource.attributes,
          request: context.request_attributes ?? base!.request.attributes,
          principal:
            context.principal_custom_security_attributes ?? base!.principal.custom_security_attributes,
        };
        const resolve: Resolve = (attribute) => {
          const known = attributes[attribute.source];
          if (known === undefined) return "asked";
          const value = known[attribute.name.slice(attribute.name.lastIndexOf(":") + 1)];
          return value === undefined ? [] : Array.isArray(value) ? value : [value];
        };
        const asked = {
          action: context.action ?? base!.action,
          suboperation: context.suboperation ?? base!.suboperation,
        };
        const result = compile(readCondition(condition), asked)(resolve);
        // Operators that Microsoft does not document for role assignments stay undecided, never wrong.
        if (typeof result === "boolean") expect([name, result]).toEqual([name, expected]);
      }
    });
  },
);
