import type { Page, Step, StepContext } from "../../src/connector.ts";
import type { Coverage } from "../../src/model.ts";
import { type Change, directoryId } from "../../src/schema.ts";
import { askEach } from "./ask.ts";
import { BLUEPRINT_PRINCIPALS, BLUEPRINTS } from "./needs.ts";
import { withIndirect } from "./permissions.ts";
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
/** Coverage of what agents inherit from blueprints whose application is not in this tenant. */
const ABROAD = "entra.foreign-blueprints";

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

/** The last word of a kind (`enumerated`) or of the type that stands for it (`#microsoft.graph.enumeratedScopes`). */
const KIND = /(?:^|\.)(allallowed|enumerated|no|none)(?:scopes|roles)?$/;

/**
 * `allAllowed`, `none`, `enumerated:A,B`; `unknown` where the service does not say, or says what is newer than this, which is
 * not none.
 */
function inherited(what: Inheritance | null | undefined, api: string): string {
  const kind = KIND.exec((what?.kind ?? what?.["@odata.type"] ?? "").toLowerCase())?.[1];
  if (kind === "enumerated" && what?.scopes) return `enumerated:${withIndirect(api, what.scopes).join(",")}`;
  if (kind === "allallowed") return "allAllowed";
  return kind === "no" || kind === "none" ? "none" : "unknown";
}

/** One line an API: `<resource app id> scopes=<what> roles=<what>`. */
export const inheritableLine = ({ resourceAppId: api, ...one }: InheritablePermission): string =>
  `${api.toLowerCase()} scopes=${inherited(one.inheritableScopes, api)} roles=${inherited(one.inheritableRoles, api)}`;

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

/** True for the id of a blueprint that only its principal shows: nothing can be asked about its application here. */
export const isAbroad = (blueprint: string): boolean => blueprint.startsWith(appAlias(""));

/**
 * A blueprint whose application is in another tenant, which only its principal shows here. Its app id stands for the
 * object id. `inheritable` stays absent: what its principal holds counts as inherited, as an upper bound.
 * https://learn.microsoft.com/graph/api/resources/agentidentityblueprintprincipal
 */
export const foreignBlueprintChange = (appId: string, principal: ServicePrincipal): Change => ({
  put: {
    kind: "Blueprint",
    id: appAlias(appId),
    props: {
      kind: "AgentIdentityBlueprint",
      name: principal.displayName,
      aliases: [appAlias(appId)],
      appId: appId.toLowerCase(),
    },
  },
});

const foreignGap = (appId: string, { appOwnerOrganizationId }: ServicePrincipal): Coverage => ({
  step: ABROAD,
  scope: appAlias(appId),
  state: "partial",
  reason:
    `The application of this blueprint is not in this tenant${appOwnerOrganizationId ? ` but in ${appOwnerOrganizationId.toLowerCase()}` : ""}, ` +
    "so what its agents inherit cannot be read here; all that its principal holds counts as inherited.",
  fix: `Ask its publisher what agents inherit, then: forereach coverage accept ${ABROAD} ${appAlias(appId)} --reason REASON --until DATE`,
});

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
  // What is inherited is shown as an upper bound: this gap hides only what would take some of it away.
  parts: [{ id: ABROAD, title: "What agents inherit from blueprints of other tenants", hides: "denies" }],
  async *crawl(c) {
    const here = new Set<string>();
    yield* blueprintPages(c, here);
    const path =
      "/v1.0/servicePrincipals/microsoft.graph.agentIdentityBlueprintPrincipal" +
      `?$select=${SERVICE_PRINCIPAL_SELECT}&$top=100`;
    yield { changes: classChanges("any-blueprint") };
    for await (const { items } of listing<ServicePrincipal>(c, { scope: "", mode: "full" }, path))
      yield principalPage(items, here);
  },
};

/** A page of blueprint principals. `here` holds the app ids of the blueprints that were listed. */
function principalPage(items: readonly ServicePrincipal[], here: ReadonlySet<string>): Page {
  const changes = items.flatMap(blueprintPrincipalChanges);
  const gaps: Coverage[] = [];
  for (const principal of items) {
    const { appId } = principal;
    if (!appId || here.has(appId.toLowerCase())) continue;
    changes.push(foreignBlueprintChange(appId, principal));
    gaps.push(foreignGap(appId, principal));
  }
  return { changes, ...(gaps.length === 0 ? {} : { gaps }) };
}

/** Blueprints whose application is in this tenant; their app ids are added to `here`. */
async function* blueprintPages(c: StepContext, here: Set<string>): AsyncGenerator<Page> {
  const path =
    "/v1.0/applications/microsoft.graph.agentIdentityBlueprint" +
    "?$select=id,appId,displayName,isDisabled,disabledByMicrosoftStatus&$top=100";
  for await (const { items } of listing<Blueprint>(c, { scope: "", mode: "full" }, path)) {
    for (const { appId } of items) if (appId) here.add(appId.toLowerCase());
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
