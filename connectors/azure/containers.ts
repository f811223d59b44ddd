/** Blob containers of each storage account and which the public may read, listed through ARM: no data rights, no keys. */
import type { Page, Scope, Step, StepContext } from "../../src/connector.ts";
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
  scopes: accountsWithBlobs,
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

/**
 * Accounts but for those whose listing names no blob endpoint: premium file shares hold no blobs, and refuse to list
 * containers. https://learn.microsoft.com/azure/storage/common/storage-account-overview#types-of-storage-accounts
 */
async function* accountsWithBlobs(c: StepContext): AsyncGenerator<Scope> {
  const accounts = await knownAccounts(c);
  // The containers' step puts the account that it reads: its own word would keep one that is deleted.
  for await (const scope of scopesOfKind(c, "StorageAccount", [STEP.storageAccounts])) {
    const account = accounts.get(scope.id);
    if (account?.listed !== true || account.url !== undefined) yield scope;
  }
}
