/** Where the services live in each cloud, and whose tokens they take. */
import { ConfigError, ForereachError } from "../../model.ts";
import type { WireService } from "./wire.ts";

export const CLOUDS = ["public", "usgov", "china"] as const;
export type Cloud = (typeof CLOUDS)[number];

/** Other addresses than the cloud's: the simulator, an emulator. Plain http only on loopback. */
export interface EndpointOverrides {
  graph?: string;
  arm?: string;
  /** Where blob endpoints of accounts may lie. */
  blob?: string;
}

export interface Endpoint {
  base: URL;
  scope: string;
}

export interface Endpoints {
  graph: Endpoint;
  arm: Endpoint;
  /** The account's endpoint for blobs (or Data Lake), if it lies where this cloud (or the override) keeps them. */
  blob(url: string): Endpoint;
}

/** The same audience for every account in every cloud: https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory */
const STORAGE_SCOPE = "https://storage.azure.com/.default";

/** https://learn.microsoft.com/graph/deployments and https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure */
const ADDRESSES: Readonly<Record<Cloud, { graph: string; arm: string; blobSuffix: string }>> = {
  public: {
    graph: "https://graph.microsoft.com",
    arm: "https://management.azure.com",
    blobSuffix: "core.windows.net",
  },
  usgov: {
    graph: "https://graph.microsoft.us",
    arm: "https://management.usgovcloudapi.net",
    blobSuffix: "core.usgovcloudapi.net",
  },
  china: {
    graph: "https://microsoftgraph.chinacloudapi.cn",
    arm: "https://management.chinacloudapi.cn",
    blobSuffix: "core.chinacloudapi.cn",
  },
};

/** @throws ConfigError for an override that is no address, or would send tokens over plain http. */
export function endpointsOf(cloud: Cloud, overrides: EndpointOverrides = {}): Endpoints {
  const known = ADDRESSES[cloud];
  const blobs = overrides.blob === undefined ? undefined : baseUrl(overrides.blob);
  // Account names have a zone in front of the suffix where they use a DNS zone endpoint:
  // https://learn.microsoft.com/azure/storage/common/storage-account-overview#storage-account-endpoints
  const suffix = known.blobSuffix.replaceAll(".", "\\.");
  const host = new RegExp(
    `^[a-z0-9-]+(\\.(blob|dfs)\\.${suffix}|\\.z\\d+\\.(blob|dfs)\\.storage\\.azure\\.net)$`,
  );
  return {
    graph: { base: baseUrl(overrides.graph ?? known.graph), scope: `${known.graph}/.default` },
    arm: { base: baseUrl(overrides.arm ?? known.arm), scope: `${known.arm}/.default` },
    blob(url) {
      const base = baseUrl(url);
      const ours =
        blobs === undefined ? base.protocol === "https:" && host.test(base.host) : isBelow(base, blobs);
      // The address comes from an answer: a token must not follow it anywhere.
      if (!ours)
        throw new ForereachError("not-allowed", `Refused: ${base.host} is not a blob endpoint of this cloud`);
      return { base, scope: STORAGE_SCOPE };
    },
  };
}

/** Path and query of a request below its service's base; undefined if the address is elsewhere. */
export function pathBelow(url: URL, base: URL): string | undefined {
  if (!isBelow(url, base)) return undefined;
  return `/${url.pathname.slice(base.pathname.length)}${url.search}`;
}

/**
 * The address of a path (or of a full link) at a service; undefined if it is none, or holds dot segments,
 * which every reader resolves in its own way. The result may lie elsewhere: see `pathBelow`.
 */
export function addressOf(path: string, base: URL): URL | undefined {
  if (/[/\\](\.|%2e){1,2}([/\\?#]|$)/i.test(path.split(/[?#]/)[0] ?? "")) return undefined;
  // "//host/path" and "\\host" would name another host.
  const address = /^\/(?![/\\])/.test(path) ? `${base.href}${path.slice(1)}` : path;
  return URL.canParse(address) ? new URL(address) : undefined;
}

export function serviceTitle(service: WireService): string {
  return { graph: "Microsoft Graph", arm: "Azure Resource Manager", blob: "Blob storage" }[service];
}

function isBelow(url: URL, base: URL): boolean {
  const plain = url.username === "" && url.password === "";
  return plain && url.origin === base.origin && url.pathname.startsWith(base.pathname);
}

function baseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const loopback = url !== undefined && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url === undefined || !(url.protocol === "https:" || (url.protocol === "http:" && loopback)))
    throw new ConfigError(
      "bad-endpoint",
      `Not a usable address: ${text}`,
      "Write https://host/ (http only on loopback).",
    );
  url.search = "";
  url.hash = "";
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}
