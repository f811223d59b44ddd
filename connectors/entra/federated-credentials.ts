import type { Step, StepContext } from "../../src/connector.ts";
import type { Coverage } from "../../src/model.ts";
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

/** Says for which of its workloads an application may sign in: `/eid1/c/pub/t/<tenant>/a/<application>/<workload>`. */
const WORKLOAD = /^\/eid1\/c\/[^/]+\/t\/[^/]+\/a\/([\w-]{22})(\/|$)/;

/** A GUID from the bytes that .NET makes of it, in base64url. */
function guidFrom(text: string): string {
  const bytes = Buffer.from(text, "base64url");
  const head = [bytes.readUInt32LE(0), bytes.readUInt16LE(4), bytes.readUInt16LE(6)];
  const hex = head.map((part, i) => part.toString(16).padStart(i === 0 ? 8 : 4, "0"));
  return [...hex, bytes.toString("hex", 8, 10), bytes.toString("hex", 10)].join("-");
}

/** Who a token of this tenant with this subject comes from; undefined where the subject is of no form that is known. */
function subjectRef(subject: string) {
  if (GUID.test(subject)) return principalRef(subject);
  const application = WORKLOAD.exec(subject)?.[1];
  return application === undefined ? undefined : principalByApp(guidFrom(application));
}

/**
 * Where this tenant is the issuer, the subject is the object id of a managed identity that may become the application, or a
 * workload of another application that may. Other issuers (pipelines, clusters) are no principals of this tenant.
 * https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
 * https://learn.microsoft.com/azure/bot-service/bot-builder-authentication
 */
export function federatedChanges(
  { issuer, subject }: FederatedCredential,
  { id, appId }: Registered,
  tenantId: string,
): { changes: Change[]; gaps: Coverage[] } {
  const ours = issuer?.toLowerCase().split("/").includes(tenantId.toLowerCase()) ?? false;
  if (!ours) return { changes: [], gaps: [] };
  const from = subject ? subjectRef(subject) : undefined;
  return from === undefined
    ? { changes: [], gaps: [subjectGap(id)] }
    : { changes: [controls(from, principalByApp(appId), "federated-credential")], gaps: [] };
}

/** An application registration whose service principal is known by its app id. */
interface Registered {
  id: string;
  appId: string;
}

const subjectGap = (id: string): Coverage => ({
  step: ID,
  scope: directoryId(id),
  state: "partial",
  reason:
    "A federated credential trusts a subject of this tenant that is of no known form: who it is was not read.",
});

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
    yield* askAboutAll<Application, FederatedCredential, Registered>(
      c,
      ID,
      withBlueprints(c, listing<Application>(c, pass, APPLICATIONS_PATH)),
      ({ id, appId }) =>
        appId
          ? {
              item: { id, appId },
              id: directoryId(id),
              path: `/v1.0/applications/${id}/federatedIdentityCredentials?$select=issuer,subject`,
            }
          : undefined,
      (application, found) => {
        const read = found.map((one) => federatedChanges(one, application, c.tenantId));
        return {
          changes: read.flatMap(({ changes }) => changes),
          gaps: read.flatMap(({ gaps }) => gaps).slice(0, 1),
        };
      },
    );
  },
};
