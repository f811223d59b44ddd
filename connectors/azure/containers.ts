/** Blob containers of each storage account and which the public may read, listed through ARM: no data rights, no keys. */
import type { Page, Step } from "../../src/connector.ts";
import { armId } from "../../src/schema.ts";
import { API, cursorOf, reader, STEP, scopesOfKind } from "./arm.ts";
import { publicAccessRecords } from "./public-access.ts";
import { scopeChain } from "./scopes.ts";
import { knownAccounts } from "./storage-known.ts";

interface Container {
  id: string;
  name: string;
  properties?: { publicAccess?: string | null };
}

/** https://learn.microsoft.com/rest/api/storagerp/blob-containers/list */
export const containers: Step = {
  id: STEP.containers,
  title: "Blob containers",
  produces: ["Scope", "WITHIN", "Principal", "GRANTED"],
  needs: [reader("to list blob containers")],
  reads: [
    "GET arm /subscriptions/{id}/resourceGroups/{name}/providers/Microsoft.Storage/storageAccounts/{name}/blobServices/default/containers",
  ],
  after: [STEP.storageAccounts],
  hides: "grants",
  // This step puts the account that it reads: its own word would keep one that is deleted.
  scopes: (c) => scopesOfKind(c, "StorageAccount", [STEP.storageAccounts]),
  async *crawl(c, pass): AsyncGenerator<Page> {
    const account = (await knownAccounts(c)).get(pass.scope);
    const endpoint = account?.url?.replace(/\/$/, "");
    const path = pass.cursor ?? `${pass.scope}/blobServices/default/containers?api-version=${API.storage}`;
    for await (const page of c.http.pages<Container>("arm", path)) {
      const records = page.items.flatMap(({ id, name, properties }) => {
        const publicAccess = properties?.publicAccess;
        return [
          ...scopeChain(id, {
            name,
            ...(endpoint === undefined ? {} : { url: `${endpoint}/${name}` }),
            ...(publicAccess ? { publicAccess } : {}),
          }),
          ...publicAccessRecords({ id: armId(id), name, publicAccess }, account),
        ];
      });
      yield { changes: records.map((put) => ({ put })), ...cursorOf(page) };
    }
  },
};
