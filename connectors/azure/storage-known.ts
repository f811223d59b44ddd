/** Storage accounts and containers that earlier steps have put, indexed once for each step of a scan. */
import type { StepContext } from "../../src/connector.ts";
import { armParent } from "./scopes.ts";

export interface KnownAccount {
  id: string;
  /** Blob endpoint. */
  url: string | undefined;
  hns: boolean | undefined;
  /** False if the account forbids public access; undefined if it leaves it to the container. */
  allowPublic: boolean | undefined;
  /** What must hold of the request for the network rules to let it in, in words; undefined if nothing must. */
  gate: string | undefined;
  /** False if it is not known whom the network rules let in. */
  networkKnown: boolean;
  /** False if a grant or a container named the account and no listing of accounts told of it. */
  listed: boolean;
}

const accounts = new WeakMap<StepContext, Promise<ReadonlyMap<string, KnownAccount>>>();
const containers = new WeakMap<StepContext, Promise<ReadonlyMap<string, readonly string[]>>>();

/** Accounts by id. */
export const knownAccounts = (c: StepContext) => once(accounts, c, readAccounts);
/** Ids of containers, by the id of their account. */
export const knownContainers = (c: StepContext) => once(containers, c, readContainers);

function once<T>(
  memo: WeakMap<StepContext, Promise<T>>,
  c: StepContext,
  read: (c: StepContext) => Promise<T>,
) {
  const known = memo.get(c);
  if (known !== undefined) return known;
  const reading = read(c);
  memo.set(c, reading);
  return reading;
}

async function readAccounts(c: StepContext) {
  const found = new Map<string, KnownAccount>();
  for await (const node of c.known("Scope", { kind: "StorageAccount" }))
    if (node.kind === "Scope")
      found.set(node.id, {
        id: node.id,
        url: node.props.url ?? undefined,
        hns: node.props.hns ?? undefined,
        allowPublic: node.props.allowPublic ?? undefined,
        gate: node.props.gates?.join("; ") || undefined,
        networkKnown: node.props.network === "Allow" || node.props.network === "Deny",
        // The listing always says how the network is ruled.
        listed: node.props.network !== undefined && node.props.network !== null,
      });
  return found;
}

async function readContainers(c: StepContext) {
  const found = new Map<string, string[]>();
  for await (const { id } of c.known("Scope", { kind: "Container" })) {
    const account = armParent(id)!;
    const siblings = found.get(account);
    if (siblings === undefined) found.set(account, [id]);
    else siblings.push(id);
  }
  return found;
}
