import type { Page, Step, StepContext } from "../../src/connector.ts";
import { type Change, directoryId } from "../../src/schema.ts";
import { askEach } from "./ask.ts";
import { BLUEPRINT_PRINCIPALS, BLUEPRINTS } from "./needs.ts";
import { classChanges, classRef, controls } from "./planes.ts";
import {
  appAlias,
  type DirectoryObject,
  enabledOf,
  principalRef,
  SERVICE_PRINCIPAL_SELECT,
  type ServicePrincipal,
  servicePrincipalChange,
} from "./principals.ts";
import { listing } from "./read.ts";

const ID = "entra.blueprints";

interface Blueprint extends DirectoryObject {
  appId?: string | null;
  isDisabled?: boolean | null;
  disabledByMicrosoftStatus?: string | null;
}

interface Inheritance {
  kind?: string | null;
  "@odata.type"?: string;
  scopes?: readonly string[] | null;
}

/** What of one API the agents inherit. https://learn.microsoft.com/graph/api/resources/inheritablepermission */
export interface InheritablePermission {
  resourceAppId: string;
  inheritableScopes?: Inheritance | null;
  inheritableRoles?: Inheritance | null;
}

/** `allAllowed`, `none`, `enumerated:A,B`; `unknown` where the service does not say, which is not none. */
function inherited(what: Inheritance | null | undefined): string {
  const kind = (what?.kind ?? what?.["@odata.type"] ?? "").toLowerCase();
  if (kind.includes("enumerated")) return `enumerated:${(what?.scopes ?? []).join(",")}`;
  if (kind.includes("all")) return "allAllowed";
  if (kind === "none" || kind.endsWith("noscopes") || kind.endsWith("noroles")) return "none";
  return "unknown";
}

/** One line an API: `<resource app id> scopes=<what> roles=<what>`. */
export const inheritableLine = (one: InheritablePermission): string =>
  `${one.resourceAppId.toLowerCase()} scopes=${inherited(one.inheritableScopes)} roles=${inherited(one.inheritableRoles)}`;

/** `inheritable` stays absent where it was not read; an empty list says that nothing is inherited. */
export function blueprintChange(
  blueprint: Blueprint,
  inheritable?: readonly InheritablePermission[],
): Change {
  const off = enabledOf(blueprint) === false;
  const read = blueprint.isDisabled !== undefined || blueprint.disabledByMicrosoftStatus !== undefined;
  return {
    put: {
      kind: "Blueprint",
      id: directoryId(blueprint.id),
      props: {
        kind: "AgentIdentityBlueprint",
        name: blueprint.displayName,
        aliases: blueprint.appId ? [appAlias(blueprint.appId)] : [],
        appId: blueprint.appId?.toLowerCase(),
        enabled: off ? false : read ? true : undefined,
        inheritable: inheritable?.map(inheritableLine).sort(),
      },
    },
  };
}

/** The principal of a blueprint; whoever may change any blueprint controls it. */
export const blueprintPrincipalChanges = (object: ServicePrincipal): Change[] => [
  servicePrincipalChange(object, "BlueprintPrincipal"),
  controls(classRef("any-blueprint"), principalRef(object.id), "add-credential"),
];

/** Blueprints, what their agents inherit, and their principals in this tenant. Few, so a pass is not continued. */
export const blueprints: Step = {
  id: ID,
  title: "Agent identity blueprints",
  produces: ["Blueprint", "Principal", "CONTROLS", "Scope", "GRANTED"],
  needs: [BLUEPRINTS, BLUEPRINT_PRINCIPALS],
  reads: [
    "GET graph /v1.0/applications/microsoft.graph.agentIdentityBlueprint",
    "GET graph /v1.0/applications/{id}/microsoft.graph.agentIdentityBlueprint/inheritablePermissions",
    "GET graph /v1.0/servicePrincipals/microsoft.graph.agentIdentityBlueprintPrincipal",
  ],
  hides: "grants",
  async *crawl(c) {
    yield* blueprintPages(c);
    const path =
      "/v1.0/servicePrincipals/microsoft.graph.agentIdentityBlueprintPrincipal" +
      `?$select=${SERVICE_PRINCIPAL_SELECT}&$top=999`;
    yield { changes: classChanges("any-blueprint") };
    for await (const { items } of listing<ServicePrincipal>(c, { scope: "", mode: "full" }, path))
      yield { changes: items.flatMap(blueprintPrincipalChanges) };
  },
};

async function* blueprintPages(c: StepContext): AsyncGenerator<Page> {
  const path =
    "/v1.0/applications/microsoft.graph.agentIdentityBlueprint" +
    "?$select=id,appId,displayName,isDisabled,disabledByMicrosoftStatus&$top=999";
  for await (const { items } of listing<Blueprint>(c, { scope: "", mode: "full" }, path)) {
    yield { changes: items.map((blueprint) => blueprintChange(blueprint)) };
    const asks = items.map((blueprint) => ({
      item: blueprint,
      id: directoryId(blueprint.id),
      path: `/v1.0/applications/${blueprint.id}/microsoft.graph.agentIdentityBlueprint/inheritablePermissions`,
    }));
    const map = (blueprint: Blueprint, lines: readonly InheritablePermission[]) => [
      blueprintChange(blueprint, lines),
    ];
    for await (const { changes, gaps } of askEach<Blueprint, InheritablePermission>(c, ID, asks, map))
      yield { changes, ...(gaps.length === 0 ? {} : { gaps }) };
  }
}
