import type { Step, StepContext } from "../../src/connector.ts";
import type { Change } from "../../src/schema.ts";
import { directoryId } from "../../src/schema.ts";
import { askAboutAll } from "./ask.ts";
import { isAbroad } from "./blueprints.ts";
import { APPLICATIONS } from "./needs.ts";
import { controls } from "./planes.ts";
import { applicationAlias, type DirectoryObject, principalByApp, principalRef } from "./principals.ts";
import { type Batch, listing } from "./read.ts";

const ID = "entra.applications";

/** An application registration. It cannot be granted anything itself: its service principal, of the same app id, is. */
export interface Application extends DirectoryObject {
  appId?: string | null;
}

/** The listing that the steps about applications share. A delta has no use here: owners have none. */
export const APPLICATIONS_PATH = "/v1.0/applications?$select=id,appId,displayName&$top=999";

/** An owner may add a credential to the application and act as its service principal. */
export function applicationOwnerChanges(appId: string, owner: DirectoryObject): Change[] {
  const from = principalRef(owner.id);
  const to = principalByApp(appId);
  return [{ put: { kind: "OWNS", from, to } }, controls(from, to, "owns-app")];
}

/** Ids of service principals by the app id of their application. */
async function principalsByApp(c: Pick<StepContext, "known">): Promise<Map<string, string[]>> {
  const byApp = new Map<string, string[]>();
  for (const kind of ["ServicePrincipal", "BlueprintPrincipal"])
    for await (const node of c.known("Principal", { kind }))
      if (node.kind === "Principal" && node.props.appId)
        byApp.set(node.props.appId, [...(byApp.get(node.props.appId) ?? []), node.id]);
  return byApp;
}

/** The object id of an application as another name of its service principal, which has an id of its own. */
const aliasChanges = (byApp: ReadonlyMap<string, readonly string[]>, id: string, appId: string): Change[] =>
  (byApp.get(appId.toLowerCase()) ?? []).map((principal) => ({
    put: { kind: "Principal", id: principal, props: { aliases: [applicationAlias(id)] } },
  }));

/** Aliases for the applications that the listing of blueprints has found. */
async function blueprintAliases(
  c: Pick<StepContext, "known">,
  byApp: ReadonlyMap<string, readonly string[]>,
): Promise<Change[]> {
  const changes: Change[] = [];
  for await (const node of c.known("Blueprint"))
    if (node.kind === "Blueprint" && node.props.appId && !isAbroad(node.id))
      changes.push(...aliasChanges(byApp, node.id, node.props.appId));
  return changes;
}

export const applications: Step = {
  id: ID,
  title: "Application registrations and their owners",
  produces: ["Principal", "OWNS", "CONTROLS"],
  needs: [APPLICATIONS],
  reads: ["GET graph /v1.0/applications", "GET graph /v1.0/applications/{id}/owners"],
  follows: ["entra.service-principals", "entra.blueprints"],
  hides: "grants",
  async *crawl(c, pass) {
    const byApp = await principalsByApp(c);
    // They go with the next page of owners, refused or not.
    const named = await blueprintAliases(c, byApp);
    async function* batches(): AsyncGenerator<Batch<Application>> {
      for await (const batch of listing<Application>(c, pass, APPLICATIONS_PATH)) {
        for (const { id, appId } of batch.items) if (appId) named.push(...aliasChanges(byApp, id, appId));
        yield batch;
      }
    }
    const pages = askAboutAll<Application, DirectoryObject, string>(
      c,
      ID,
      batches(),
      ({ id, appId }) =>
        appId
          ? { item: appId, id: directoryId(id), path: `/v1.0/applications/${id}/owners?$select=id` }
          : undefined,
      (appId, found) => found.flatMap((owner) => applicationOwnerChanges(appId, owner)),
    );
    for await (const page of pages) yield { ...page, changes: [...named.splice(0), ...page.changes] };
    if (named.length > 0) yield { changes: named };
  },
};
