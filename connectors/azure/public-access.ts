/**
 * What anybody may read without signing in: containers open to the public, as grants to `anonymous`. Pure.
 *
 * The rules that compute what an agent reaches do not follow these grants yet: nothing says that an agent acts
 * as `anonymous`. They answer "what is open to the public" by themselves.
 */
import { ACTIONS, type GraphRecord, type RelProps } from "../../src/schema.ts";
import type { KnownAccount } from "./storage-known.ts";

const ANONYMOUS = { kind: "Principal", id: "anonymous" } as const;

/** Name of the container that a static website is served from. */
const WEBSITE = "$web";

/** How the public gets in, and whether something unread may still keep it out. */
type Opening = Pick<RelProps<"GRANTED">, "role" | "certainty" | "reason_code"> & { list: boolean };

/** Principal and GRANTED of a container that is open to the public; none where it is not. */
export function publicAccessRecords(
  container: { id: string; name: string; publicAccess: string | null | undefined },
  account: KnownAccount | undefined,
): GraphRecord[] {
  const opening = openingOf(container, account);
  if (opening === undefined) return [];
  const { list, ...props } = opening;
  const actions = Object.fromEntries(
    ACTIONS.map((action) => [action, action === "read" || (action === "see" && list)]),
  );
  return [
    { ...ANONYMOUS, props: { kind: "Anonymous", name: "Anyone, without signing in" } },
    {
      kind: "GRANTED",
      from: ANONYMOUS,
      to: { kind: "Scope", id: container.id },
      props: {
        key: `public-access:${container.id}`,
        ...actions,
        ...props,
        flow: "containment",
        source: "public-access",
        // Network rules bind those who do not sign in like everybody else; the request decides.
        // https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-configure
        ...(account?.gate === undefined
          ? { tier: "now" }
          : {
              tier: "conditional",
              residual: account.gate,
              reason_code: props.reason_code ?? "network-asked",
            }),
      },
    },
  ];
}

/**
 * `Blob` lets everybody read a blob whose name they know, `Container` list them too, unless the account forbids
 * both. An account that does not say leaves it to the container.
 * https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-configure
 */
function openingOf(
  { name, publicAccess }: { name: string; publicAccess: string | null | undefined },
  account: KnownAccount | undefined,
): Opening | undefined {
  const level = publicAccess?.toLowerCase();
  if ((level === "blob" || level === "container") && account?.allowPublic !== false) {
    const role = `public access: ${publicAccess}`;
    const list = level === "container";
    // An account that was only named by a grant was not read: it may forbid what its container allows. So may network rules.
    if (!account?.listed) return { role, list, certainty: "upper-bound", reason_code: "account-unread" };
    return account.networkKnown
      ? { role, list, certainty: "exact" }
      : { role, list, certainty: "upper-bound", reason_code: "network-unread" };
  }
  // A website is public whatever account and container say; whether it is switched on is not read here.
  // https://learn.microsoft.com/azure/storage/blobs/storage-blob-static-website#impact-of-setting-the-access-level-on-the-web-container
  if (name === WEBSITE)
    return { role: "static website", list: false, certainty: "upper-bound", reason_code: "website-unread" };
  return undefined;
}
