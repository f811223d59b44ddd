import type { Step, StepContext } from "../../src/connector.ts";
import { type Change, directoryId } from "../../src/schema.ts";
import { APPLICATIONS_PATH, type Application } from "./applications.ts";
import { askAboutAll } from "./ask.ts";
import { isAbroad } from "./blueprints.ts";
import { FEDERATED_CREDENTIALS } from "./needs.ts";
import { controls } from "./planes.ts";
import { principalByApp, principalRef } from "./principals.ts";
import { type Batch, listing } from "./read.ts";

const ID = "entra.federated-credentials";

/** https://learn.microsoft.com/graph/api/resources/federatedidentitycredential */
export interface FederatedCredential {
  name?: string | null;
  issuer?: string | null;
  subject?: string | null;
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Where this tenant is the issuer, the subject is the object id of a managed identity that may become the
 * application. Other issuers (pipelines, clusters) are no principals of this tenant.
 * https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
 */
export function federatedChanges(credential: FederatedCredential, appId: string, tenantId: string): Change[] {
  const { issuer, subject } = credential;
  if (!issuer || !subject || !GUID.test(subject)) return [];
  const ours = issuer.toLowerCase().split("/").includes(tenantId.toLowerCase());
  return ours ? [controls(principalRef(subject), principalByApp(appId), "federated-credential")] : [];
}

/**
 * Applications as they are listed, and with the last of them the blueprints that no page had: no page of Microsoft's says
 * that the list has them, and a managed identity is the credential that they are told to use.
 */
async function* withBlueprints(
  c: StepContext,
  batches: AsyncIterable<Batch<Application>>,
): AsyncGenerator<Batch<Application>> {
  const unlisted = new Map<string, Application>();
  for await (const node of c.known("Blueprint"))
    if (node.kind === "Blueprint" && node.props.appId && !isAbroad(node.id))
      unlisted.set(node.id, { id: node.id, appId: node.props.appId });
  for await (const batch of batches) {
    for (const { id } of batch.items) unlisted.delete(directoryId(id));
    const last = batch.end.cursor === undefined;
    yield last ? { ...batch, items: [...batch.items, ...unlisted.values()] } : batch;
  }
}

export const federatedCredentials: Step = {
  id: ID,
  title: "Federated credentials of applications",
  produces: ["CONTROLS"],
  needs: [FEDERATED_CREDENTIALS],
  reads: ["GET graph /v1.0/applications", "GET graph /v1.0/applications/{id}/federatedIdentityCredentials"],
  follows: ["entra.blueprints"],
  hides: "grants",
  async *crawl(c, pass) {
    yield* askAboutAll<Application, FederatedCredential, string>(
      c,
      ID,
      withBlueprints(c, listing<Application>(c, pass, APPLICATIONS_PATH)),
      ({ id, appId }) =>
        appId
          ? {
              item: appId,
              id: directoryId(id),
              path: `/v1.0/applications/${id}/federatedIdentityCredentials?$select=issuer,subject`,
            }
          : undefined,
      (appId, found) => found.flatMap((one) => federatedChanges(one, appId, c.tenantId)),
    );
  },
};
