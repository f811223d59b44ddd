import type { Step } from "../../src/connector.ts";
import type { Change } from "../../src/schema.ts";
import { directoryId } from "../../src/schema.ts";
import { askAboutAll } from "./ask.ts";
import { APPLICATIONS } from "./needs.ts";
import { controls } from "./planes.ts";
import { type DirectoryObject, principalByApp, principalRef } from "./principals.ts";
import { listing } from "./read.ts";

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

export const applications: Step = {
  id: ID,
  title: "Application registrations and their owners",
  produces: ["OWNS", "CONTROLS"],
  needs: [APPLICATIONS],
  reads: ["GET graph /v1.0/applications", "GET graph /v1.0/applications/{id}/owners"],
  hides: "grants",
  async *crawl(c, pass) {
    yield* askAboutAll<Application, DirectoryObject, string>(
      c,
      ID,
      listing<Application>(c, pass, APPLICATIONS_PATH),
      ({ id, appId }) =>
        appId
          ? { item: appId, id: directoryId(id), path: `/v1.0/applications/${id}/owners?$select=id` }
          : undefined,
      (appId, found) => found.flatMap((owner) => applicationOwnerChanges(appId, owner)),
    );
  },
};
