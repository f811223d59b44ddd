/** What the steps need, as rows and as commands that a person can run. Pure; works before any sign-in. */
import type { Connector, Permission } from "../connector.ts";
import { LEVELS, type Level } from "../model.ts";

export interface PermissionRow {
  step: string;
  /** Lowest level of collection at which the step runs. */
  level: Level;
  kind: Permission["kind"];
  permission: string;
  why: string;
  /** What somebody who stole a credential with it could do. */
  risk: string;
  doc: string;
}

export const PERMISSION_FORMATS = ["az", "graph", "terraform"] as const;
export type PermissionFormat = (typeof PERMISSION_FORMATS)[number];

/** One row for each step and permission, at this level of collection and below, in the order of the steps. */
export function permissions(connectors: readonly Connector[], level: Level): PermissionRow[] {
  return connectors
    .flatMap(({ steps }) => steps)
    .filter((step) => LEVELS.indexOf(step.level ?? "metadata") <= LEVELS.indexOf(level))
    .flatMap((step) =>
      step.needs.map(({ kind, name, why, risk, doc }) => ({
        ...{ step: step.id, level: step.level ?? "metadata", kind, permission: name, why, risk, doc },
      })),
    );
}

/**
 * Commands or declarations that grant these permissions to one application. They find ids by name in the
 * tenant itself, so that they hold in every cloud. Forereach never runs them.
 */
export function renderPermissions(rows: readonly PermissionRow[], format: PermissionFormat): string {
  const graph = named(rows, "graph");
  const azure = named(rows, "azure");
  const render = { az: renderAz, graph: renderPowerShell, terraform: renderTerraform }[format];
  return `${[...explain(rows), "", ...render(graph, azure)].join("\n")}\n`;
}

/** The application id of Microsoft Graph, the same in every tenant and cloud. */
const GRAPH_APP = "00000003-0000-0000-c000-000000000000";
const ROOT_GROUP = "/providers/Microsoft.Management/managementGroups/";

const named = (rows: readonly PermissionRow[], kind: Permission["kind"]) => [
  ...new Set(rows.filter((row) => row.kind === kind).map((row) => row.permission)),
];

function explain(rows: readonly PermissionRow[]): string[] {
  const byName = new Map(rows.map((row) => [`${row.kind} ${row.permission}`, row]));
  return [
    "# Grants what Forereach reads with. It sends no writes, and needs no right to write.",
    ...[...byName.values()].flatMap(({ kind, permission, why, risk }) => [
      `# ${permission} (${kind === "graph" ? "Microsoft Graph" : "Azure role"}): ${oneLine(why)}`,
      `#   If the credential is stolen: ${oneLine(risk)}`,
    ]),
  ];
}

const oneLine = (text: string) => text.replace(/\s+/g, " ").trim();

/** https://learn.microsoft.com/cli/azure/ad/app/permission */
function renderAz(graph: readonly string[], azure: readonly string[]): string[] {
  const lines = [
    "set -eu",
    `: "\${APP_ID:?set it to the application (client) id of Forereach's app registration}"`,
  ];
  if (graph.length > 0) {
    lines.push(
      `GRAPH=${GRAPH_APP}`,
      `for NAME in ${graph.join(" ")}; do`,
      `  ID=$(az ad sp show --id "$GRAPH" --query "appRoles[?value=='$NAME'].id | [0]" --output tsv)`,
      `  [ -n "$ID" ] || { echo "this tenant has no permission $NAME" >&2; exit 1; }`,
      `  az ad app permission add --id "$APP_ID" --api "$GRAPH" --api-permissions "$ID=Role"`,
      "done",
      `az ad app permission admin-consent --id "$APP_ID"`,
    );
  }
  if (azure.length > 0) {
    lines.push(
      "# The root management group has the id of the tenant. SCOPE may be narrower: a part of the tenant is then unread.",
      `SCOPE=\${SCOPE:-${ROOT_GROUP}$(az account show --query tenantId --output tsv)}`,
    );
    for (const role of azure) {
      lines.push(`az role assignment create --assignee "$APP_ID" --role "${role}" --scope "$SCOPE"`);
    }
  }
  return lines;
}

/** https://learn.microsoft.com/powershell/microsoftgraph/how-to-grant-revoke-api-permissions */
function renderPowerShell(graph: readonly string[], azure: readonly string[]): string[] {
  const lines = ["param([Parameter(Mandatory)] [string] $AppId)", "$ErrorActionPreference = 'Stop'"];
  if (graph.length > 0) {
    lines.push(
      "Connect-MgGraph -Scopes Application.ReadWrite.All, AppRoleAssignment.ReadWrite.All",
      `$graph = Get-MgServicePrincipal -Filter "appId eq '${GRAPH_APP}'"`,
      `$names = @(${graph.map((name) => `'${name}'`).join(", ")})`,
      "$roles = $graph.AppRoles | Where-Object { $_.Value -in $names -and $_.AllowedMemberTypes -contains 'Application' }",
      `$names | Where-Object { $_ -notin $roles.Value } | ForEach-Object { throw "this tenant has no permission $_" }`,
      "$access = @{ ResourceAppId = $graph.AppId; ResourceAccess = @($roles | ForEach-Object { @{ Id = $_.Id; Type = 'Role' } }) }",
      `$app = Get-MgApplication -Filter "appId eq '$AppId'"`,
      "$others = @($app.RequiredResourceAccess | Where-Object { $_.ResourceAppId -ne $graph.AppId })",
      "Update-MgApplication -ApplicationId $app.Id -RequiredResourceAccess @($others + $access)",
      `$client = Get-MgServicePrincipal -Filter "appId eq '$AppId'"`,
      "$held = (Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $client.Id -All).AppRoleId",
      "$roles | Where-Object { $_.Id -notin $held } | ForEach-Object {",
      "  New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $client.Id -PrincipalId $client.Id -ResourceId $graph.Id -AppRoleId $_.Id",
      "}",
    );
  }
  if (azure.length > 0) {
    lines.push("Connect-AzAccount", `$scope = "${ROOT_GROUP}$((Get-AzContext).Tenant.Id)"`);
    for (const role of azure) {
      lines.push(`New-AzRoleAssignment -ApplicationId $AppId -RoleDefinitionName '${role}' -Scope $scope`);
    }
  }
  return lines;
}

/** https://registry.terraform.io/providers/hashicorp/azuread/latest/docs/resources/app_role_assignment */
function renderTerraform(graph: readonly string[], azure: readonly string[]): string[] {
  const set = (names: readonly string[]) => `toset([${names.map((name) => `"${name}"`).join(", ")}])`;
  const lines = [
    'variable "client_id" {',
    `  description = "Application (client) id of Forereach's app registration"`,
    "  type        = string",
    "}",
    "",
    'data "azuread_service_principal" "forereach" {',
    "  client_id = var.client_id",
    "}",
  ];
  if (graph.length > 0) {
    lines.push(
      "",
      'data "azuread_service_principal" "graph" {',
      `  client_id = "${GRAPH_APP}"`,
      "}",
      "",
      'resource "azuread_app_role_assignment" "forereach" {',
      `  for_each            = ${set(graph)}`,
      "  app_role_id         = data.azuread_service_principal.graph.app_role_ids[each.value]",
      "  principal_object_id = data.azuread_service_principal.forereach.object_id",
      "  resource_object_id  = data.azuread_service_principal.graph.object_id",
      "}",
    );
  }
  if (azure.length > 0) {
    lines.push(
      "",
      'data "azuread_client_config" "current" {}',
      "",
      'resource "azurerm_role_assignment" "forereach" {',
      `  for_each             = ${set(azure)}`,
      `  scope                = "${ROOT_GROUP}\${data.azuread_client_config.current.tenant_id}"`,
      "  role_definition_name = each.value",
      "  principal_id         = data.azuread_service_principal.forereach.object_id",
      "}",
    );
  }
  return lines;
}
