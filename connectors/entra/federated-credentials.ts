import type { Step } from "../../src/connector.ts";
import { type Change, directoryId } from "../../src/schema.ts";
import { APPLICATIONS_PATH, type Application } from "./applications.ts";
import { askAboutAll } from "./ask.ts";
import { FEDERATED_CREDENTIALS } from "./needs.ts";
import { controls } from "./planes.ts";
import { principalByApp, principalRef } from "./principals.ts";
import { listing } from "./read.ts";

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

export const federatedCredentials: Step = {
  id: ID,
  title: "Federated credentials of applications",
  produces: ["CONTROLS"],
  needs: [FEDERATED_CREDENTIALS],
  reads: ["GET graph /v1.0/applications", "GET graph /v1.0/applications/{id}/federatedIdentityCredentials"],
  hides: "grants",
  async *crawl(c, pass) {
    yield* askAboutAll<Application, FederatedCredential, string>(
      c,
      ID,
      listing<Application>(c, pass, APPLICATIONS_PATH),
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
