/** The simulator's answers against the vendor's own schemas, where they lie beside the checkout. */
import { existsSync, readFileSync } from "node:fs";
import { XMLParser } from "fast-xml-parser";
import { describe, expect, it } from "vitest";
import { type Answered, Asker, smallTenant } from "./testing.ts";
import { KIND } from "./world.ts";

const CONTRACT = new URL("../../shared/contract/", import.meta.url);
const CSDL = new URL("graph-csdl/v1.0-Prod.csdl", CONTRACT);
const SWAGGER = new URL("arm-swagger/", CONTRACT);
const asker = new Asker(smallTenant());
const { guids } = asker.tenant.world;
const isObject = (value: unknown): value is Answered =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const child = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);
const listOf = (value: unknown): readonly Answered[] =>
  (Array.isArray(value) ? value : [value]).filter(isObject);

interface GraphType {
  readonly base: string | undefined;
  /** Type by property; navigation properties, too. */
  readonly properties: ReadonlyMap<string, string>;
}

function readCsdl(): ReadonlyMap<string, GraphType> {
  const parsed: unknown = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "",
    processEntities: false,
  }).parse(readFileSync(CSDL, "utf8"));
  const types = new Map<string, GraphType>();
  for (const schema of listOf(child(child(child(parsed, "edmx:Edmx"), "edmx:DataServices"), "Schema")))
    for (const type of [...listOf(schema.EntityType), ...listOf(schema.ComplexType)])
      types.set(`${String(schema.Namespace)}.${String(type.Name)}`.replace(/^microsoft\./, ""), {
        base: type.BaseType === undefined ? undefined : String(type.BaseType),
        properties: new Map(
          [...listOf(type.Property), ...listOf(type.NavigationProperty)].map((p) => [
            String(p.Name),
            String(p.Type),
          ]),
        ),
      });
  return types;
}

const PRIMITIVES: Readonly<Record<string, (value: unknown) => boolean>> = {
  "Edm.String": (value) => typeof value === "string",
  "Edm.Boolean": (value) => typeof value === "boolean",
  "Edm.Int32": (value) => Number.isInteger(value),
  "Edm.Guid": (value) =>
    typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value),
  "Edm.DateTimeOffset": (value) =>
    typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value),
  "Edm.Binary": (value) => typeof value === "string",
};

/** What does not fit, as readable lines. */
function misfits(
  types: ReadonlyMap<string, GraphType>,
  typeName: string,
  object: Answered,
  where: string,
): string[] {
  const typed = object["@odata.type"];
  const name = typeof typed === "string" ? typed.replace(/^#microsoft\./, "") : typeName;
  const typeOf = (property: string): string | undefined => {
    for (let type = types.get(name); type; type = type.base === undefined ? undefined : types.get(type.base))
      if (type.properties.has(property)) return type.properties.get(property);
    return undefined;
  };
  if (!types.has(name)) return [`${where}: no type ${name}`];
  return Object.entries(object).flatMap(([property, value]) => {
    if (property.startsWith("@") || value === null || value === undefined) return [];
    const type = typeOf(property);
    return type === undefined
      ? [`${where}.${property}: not in ${name}`]
      : misfit(types, type, value, `${where}.${property}`);
  });
}

function misfit(
  types: ReadonlyMap<string, GraphType>,
  type: string,
  value: unknown,
  where: string,
): string[] {
  const element = /^Collection\((.+)\)$/.exec(type)?.[1];
  if (element !== undefined)
    return Array.isArray(value)
      ? value.flatMap((one, n) => misfit(types, element, one, `${where}[${n}]`))
      : [`${where}: no list`];
  const primitive = PRIMITIVES[type];
  if (primitive) return primitive(value) ? [] : [`${where}: ${String(value)} is no ${type}`];
  if (isObject(value)) return misfits(types, type, value, where);
  // An enumeration.
  return typeof value === "string" ? [] : [`${where}: ${String(value)} is no ${type}`];
}

describe.skipIf(!existsSync(CSDL))("Graph answers (skipped without ../shared/contract)", () => {
  const types = existsSync(CSDL) ? readCsdl() : new Map<string, GraphType>();
  const blueprint = guids.of(KIND.blueprint, 0);
  const lists: readonly (readonly [path: string, type: string])[] = [
    ["/organization", "graph.organization"],
    ["/security/dataSecurityAndGovernance/sensitivityLabels", "graph.sensitivityLabel"],
    [
      "/users?$select=id,displayName,userPrincipalName,mail,accountEnabled,userType,onPremisesSyncEnabled,securityIdentifier,assignedLicenses,identityParentId,department,createdDateTime,creationType,employeeId",
      "graph.user",
    ],
    ["/users/microsoft.graph.agentUser", "graph.agentUser"],
    ["/users/delta", "graph.user"],
    ["/groups", "graph.group"],
    [`/groups/${guids.of(KIND.group, 1)}/members`, "graph.directoryObject"],
    ["/servicePrincipals?$top=200", "graph.servicePrincipal"],
    ["/servicePrincipals/microsoft.graph.agentIdentity?$expand=sponsors", "graph.agentIdentity"],
    [
      "/servicePrincipals/microsoft.graph.agentIdentityBlueprintPrincipal",
      "graph.agentIdentityBlueprintPrincipal",
    ],
    [`/servicePrincipals/${guids.of(KIND.servicePrincipal, 0)}/appRoleAssignedTo`, "graph.appRoleAssignment"],
    ["/applications?$expand=owners", "graph.application"],
    ["/applications/microsoft.graph.agentIdentityBlueprint", "graph.agentIdentityBlueprint"],
    [`/applications/${blueprint}/federatedIdentityCredentials`, "graph.federatedIdentityCredential"],
    ["/oauth2PermissionGrants", "graph.oAuth2PermissionGrant"],
    ["/roleManagement/directory/roleAssignments?$expand=principal", "graph.unifiedRoleAssignment"],
    ["/roleManagement/directory/roleDefinitions", "graph.unifiedRoleDefinition"],
    [
      "/roleManagement/directory/roleEligibilityScheduleInstances",
      "graph.unifiedRoleEligibilityScheduleInstance",
    ],
  ];

  it.each(lists)("%s are rows of %s", async (path, type) => {
    const { value } = await asker.get(`/v1.0${path}`);
    expect(value.length).toBeGreaterThan(0);
    expect([...new Set(value.flatMap((row) => misfits(types, type, row, type)))].slice(0, 10)).toEqual([]);
  });

  it("inheritable permissions differ only by inheritableRoles, which the schema does not have yet", async () => {
    const path = `/v1.0/applications/${blueprint}/microsoft.graph.agentIdentityBlueprint/inheritablePermissions`;
    const { value } = await asker.get(path);
    const found = value.flatMap((row) => misfits(types, "graph.inheritablePermission", row, "row"));
    expect(found).toEqual(["row.inheritableRoles: not in graph.inheritablePermission"]);
  });

  it("eligible members of groups are rows of their type", async () => {
    const assignable =
      Array.from({ length: 120 }, (_, g) => g).find(
        (g) => asker.tenant.directory.sortOf(g) === "roleAssignable",
      ) ?? 0;
    const path = `/v1.0/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances?$filter=groupId eq '${guids.of(KIND.group, assignable)}'`;
    const { value } = await asker.get(path);
    expect(value).toHaveLength(1);
    expect(
      value.flatMap((row) =>
        misfits(types, "graph.privilegedAccessGroupEligibilityScheduleInstance", row, "row"),
      ),
    ).toEqual([]);
  });
});

const AUTHORIZATION = "authorization/resource-manager/Microsoft.Authorization/stable/2022-04-01/";
const STORAGE = "storage/resource-manager/Microsoft.Storage/stable/2021-08-01/";

/** A definition of a swagger file; references to files that are not there give undefined. */
function definition(file: URL, name: string): { schema: Answered; file: URL } | undefined {
  if (!existsSync(file)) return undefined;
  const parsed: unknown = JSON.parse(readFileSync(file, "utf8"));
  const schema = child(child(parsed, "definitions"), name);
  return isObject(schema) ? { schema, file } : undefined;
}
function resolve(schema: Answered, file: URL): { schema: Answered; file: URL } | undefined {
  const reference = /^([^#]*)#\/definitions\/(.+)$/.exec(String(schema.$ref ?? ""));
  if (!reference) return { schema, file };
  return definition(reference[1] ? new URL(reference[1], file) : file, reference[2] ?? "");
}

/** Names that resources have by types common to all services, whose files are not in the contract. */
const COMMON = ["id", "name", "type", "etag", "location", "tags"];

function armMisfits(schema: Answered, file: URL, value: unknown, where: string): string[] {
  if (value === null || value === undefined) return [];
  const resolved = resolve(schema, file);
  if (!resolved) return [];
  const { type, items } = resolved.schema;
  if (type === "array") {
    if (!Array.isArray(value)) return [`${where}: no list`];
    return isObject(items)
      ? value.flatMap((one, n) => armMisfits(items, resolved.file, one, `${where}[${n}]`))
      : [];
  }
  if (typeof type === "string" && ["string", "boolean", "integer", "number"].includes(type)) {
    const fits = type === "integer" ? Number.isInteger(value) : typeof value === type;
    const known = Array.isArray(resolved.schema.enum) ? resolved.schema.enum : undefined;
    const open = child(resolved.schema["x-ms-enum"], "modelAsString") === true;
    if (!fits) return [`${where}: ${String(value)} is no ${type}`];
    return known && !open && !known.includes(value)
      ? [`${where}: ${String(value)} is not one of ${known.join(", ")}`]
      : [];
  }
  if (!isObject(value)) return [`${where}: no object`];
  if (isObject(resolved.schema.additionalProperties)) return [];
  const properties = new Map<string, readonly [Answered, URL]>();
  const collect = (from: Answered, at: URL): void => {
    for (const [name, property] of Object.entries(from.properties ?? {}))
      if (isObject(property)) properties.set(name, [property, at]);
    for (const part of listOf(from.allOf)) {
      const found = resolve(part, at);
      if (found) collect(found.schema, found.file);
    }
  };
  collect(resolved.schema, resolved.file);
  return Object.entries(value).flatMap(([name, inner]) => {
    const property = properties.get(name);
    if (property) return armMisfits(property[0], property[1], inner, `${where}.${name}`);
    return COMMON.includes(name) ? [] : [`${where}.${name}: not in the schema`];
  });
}

describe.skipIf(!existsSync(SWAGGER))("Azure answers (skipped without ../shared/contract)", () => {
  const { places } = asker.tenant;
  const scope = places.subscriptionId(1);
  const provider = `${scope}/providers/Microsoft.Authorization`;
  const version = "api-version=2022-04-01";
  const lists: readonly (readonly [name: string, path: string, file: string, definition: string])[] = [
    [
      "role assignments",
      `${provider}/roleAssignments?${version}`,
      `${AUTHORIZATION}authorization-RoleAssignmentsCalls.json`,
      "RoleAssignment",
    ],
    [
      "role definitions",
      `${provider}/roleDefinitions?${version}`,
      `${AUTHORIZATION}authorization-RoleDefinitionsCalls.json`,
      "RoleDefinition",
    ],
    [
      "deny assignments",
      `${provider}/denyAssignments?${version}`,
      `${AUTHORIZATION}authorization-DenyAssignmentCalls.json`,
      "DenyAssignment",
    ],
    [
      "storage accounts",
      `${scope}/providers/Microsoft.Storage/storageAccounts?${version}`,
      `${STORAGE}storage.json`,
      "StorageAccount",
    ],
    [
      "containers",
      `${places.accountId(places.accountOf(0))}/blobServices/default/containers?${version}`,
      `${STORAGE}blob.json`,
      "ListContainerItem",
    ],
  ];

  it.each(lists)("%s fit", async (_, path, file, name) => {
    const found = definition(new URL(file, SWAGGER), name);
    if (!found) throw new Error(`${file} has no ${name}`);
    const { value } = await asker.get(path);
    expect(value.length).toBeGreaterThan(0);
    expect(
      [...new Set(value.flatMap((row) => armMisfits(found.schema, found.file, row, name)))].slice(0, 10),
    ).toEqual([]);
  });
});
