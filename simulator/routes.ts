/** Which of the simulated services a URL is for, and which of its paths. */
import { matchArm } from "./arm.ts";
import { answerBlob, type BlobPlace, blobPlaceOf, blobRoute } from "./blob.ts";
import { GRAPH_ROUTES, type GraphRoute, resolveId } from "./graph.ts";
import type { Ref } from "./random.ts";
import type { Tenant } from "./tenant.ts";
import { failure, notFound, type Reply, type SimulatedRequest } from "./wire.ts";

export type Service = "graph" | "arm" | "blob";

/** Where a request goes: what to count it as, and how to answer it. */
export interface Target {
  readonly service: Service;
  /** Pattern of the path, for counting. */
  readonly route: string;
  /** Base cost in resource units; Graph only. */
  readonly units: number;
  /** What its limit is counted by: subscription or account. */
  readonly bucket: string;
  readonly isDelta: boolean;
  answer(): Reply;
}

/** The service of a URL: by Microsoft's hosts, or by path where one server stands for all. */
export function serviceOf(url: URL): { service: Service; base: string; path: string } {
  const { origin, hostname } = url;
  const path = decodePath(url.pathname);
  const account = /^([a-z0-9]+)\.(?:blob|dfs)\.core\.windows\.net$/.exec(hostname)?.[1];
  if (account !== undefined) return { service: "blob", base: origin, path: `/${account}${path}` };
  const version = /^\/(v1\.0|beta)(?=\/)/i.exec(path)?.[0];
  if (hostname !== "management.azure.com" && version !== undefined)
    return { service: "graph", base: `${origin}${version}`, path: path.slice(version.length) };
  if (path.startsWith("/blob/")) return { service: "blob", base: `${origin}/blob`, path: path.slice(5) };
  return { service: "arm", base: origin, path };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

interface CompiledRoute {
  readonly route: GraphRoute;
  readonly pattern: RegExp;
}
const COMPILED: readonly CompiledRoute[] = GRAPH_ROUTES.map((route) => ({
  route,
  pattern: new RegExp(`^${route.path.replaceAll(".", "\\.").replace("{id}", "([^/]+)")}/?$`, "i"),
}));
const NOTHING: Ref = { kind: 0, index: 0 };

/** Resolves a request of one service, or says with which error it ends. */
export function targetOf(service: Service, request: SimulatedRequest, tenant: Tenant): Target | Reply {
  if (service === "graph") return graphTarget(request, tenant);
  if (service === "arm") return armTarget(request, tenant);
  const place = blobPlaceOf(tenant, request.path);
  return place ? blobTarget(request, tenant, place) : notFound(request.path);
}

function graphTarget(request: SimulatedRequest, tenant: Tenant): Target | Reply {
  const path = request.path.replace(/\((appId|id)='([^']+)'\)/i, (_, name: string, value: string) =>
    name === "id" ? `/${value}` : `/appId=${value}`,
  );
  for (const { route, pattern } of COMPILED) {
    const found = pattern.exec(path);
    if (!found) continue;
    const ref = route.kinds ? resolveId(tenant, found[1] ?? "", route.kinds) : NOTHING;
    if (!ref) {
      // `delta` and casts look like ids to the routes of single objects.
      if (found[1]?.includes(".") || found[1] === "delta") continue;
      return notFound(found[1] ?? path);
    }
    return {
      service: "graph",
      route: route.path,
      units: route.units,
      bucket: "",
      isDelta: route.path.endsWith("/delta"),
      answer: () => route.answer(request, tenant, ref),
    };
  }
  return failure(400, "BadRequest", `Nothing is simulated at ${request.path}.`);
}

function armTarget(request: SimulatedRequest, tenant: Tenant): Target | Reply {
  if (!request.query.has("api-version"))
    return failure(
      400,
      "MissingApiVersionParameter",
      "The api-version query parameter (?api-version=) is required.",
    );
  const matched = matchArm(tenant, request.path);
  if (!matched) return failure(404, "ResourceNotFound", `Nothing is simulated at ${request.path}.`);
  const { route, place } = matched;
  return {
    service: "arm",
    route: `{scope}${route.suffix}`,
    units: 0,
    bucket: String(place.subscription ?? "tenant"),
    isDelta: false,
    answer: () => route.answer(request, tenant, place),
  };
}

const blobTarget = (request: SimulatedRequest, tenant: Tenant, place: BlobPlace): Target => ({
  service: "blob",
  route: blobRoute(place, request.query),
  units: 0,
  bucket: String(place.account),
  isDelta: false,
  answer: () => answerBlob(request, tenant, place),
});
