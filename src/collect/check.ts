/** `forereach check`: what works, what is missing and what to type, before anything is read. */
import type { TokenCredential } from "@azure/identity";
import type { Config, LoadedConfig, StoreSpec, TenantConfig } from "../config.ts";
import type { Connector } from "../connector.ts";
import { ConfigError, ForereachError, PermissionError } from "../model.ts";
import { createCredential, type SignIn, tokenScope } from "./credential.ts";
import type { Transport } from "./http.ts";
import { permissions } from "./permissions.ts";

export interface CheckRow {
  what: string;
  state: "ok" | "missing" | "failed" | "skipped";
  detail: string;
  /** What to type or grant. */
  fix?: string;
}

export interface CheckOptions {
  config(): Promise<LoadedConfig>;
  connectors: readonly Connector[];
  /** Makes credentials; the default signs in as the configuration says. */
  credential?: (
    spec: TenantConfig["connectors"][string]["credential"],
    signIn: SignIn,
  ) => Promise<TokenCredential>;
  /** PEM text of the private certificate authority, if the configuration names one. */
  ca?: string;
  /** Reads of one connector of one tenant; without it nothing is asked of Azure. */
  http?: (tenant: TenantConfig, connector: string) => Transport;
  /** Opens the inventory as a scan would. */
  openInventory?: () => Promise<{ close(): Promise<void> }>;
  /** Connects to the store of the configuration; says what it is. */
  openStore?: (spec: StoreSpec) => Promise<string>;
  /** Loads the embedded graph engine. */
  loadEngine?: () => Promise<unknown>;
  signal: AbortSignal;
}

/** Yields a row as soon as its answer is known. Throws only if `signal` is aborted. */
export async function* check(options: CheckOptions): AsyncGenerator<CheckRow> {
  let loaded: LoadedConfig | undefined;
  try {
    loaded = await options.config();
    const { tenants, level } = loaded.config;
    yield ok("configuration", `${tenants.length} tenant${tenants.length === 1 ? "" : "s"}, level ${level}`);
    for (const warning of loaded.warnings) yield ok("configuration", `warning: ${warning}`);
  } catch (error) {
    yield failure("configuration", error);
  }
  yield await attempt("graph engine", async () => {
    await (options.loadEngine ?? (async () => (await import("../graph/engine.ts")).loadEngine()))();
    return "the embedded engine loads";
  });
  const { openInventory } = options;
  yield openInventory === undefined
    ? skipped("inventory", "not asked for")
    : await attempt("inventory", async () => {
        await (await openInventory()).close();
        return "it opens";
      });
  if (loaded === undefined) return;
  const { openStore } = options;
  const { store } = loaded.config;
  if (openStore !== undefined && store.kind !== "embedded")
    yield await attempt("store", () => openStore(store));
  for (const tenant of loaded.config.tenants) {
    for (const connector of options.connectors) {
      yield* checkConnector(options, loaded.config, tenant, connector);
    }
  }
}

/** Sign-in of one connector, then what its token or one cheap read says about permissions. */
async function* checkConnector(
  options: CheckOptions,
  config: Config,
  tenant: TenantConfig,
  connector: Connector,
): AsyncGenerator<CheckRow> {
  options.signal.throwIfAborted();
  const place = `${tenant.name ?? tenant.id}, ${connector.name}`;
  const spec = tenant.connectors[connector.name];
  if (spec === undefined) {
    yield {
      ...skipped(place, "not configured"),
      fix: `add ${connector.name} to the connectors of the tenant`,
    };
    return;
  }
  const rows = permissions([connector], config.level);
  const { id: tenantId, cloud } = tenant;
  const signIn: SignIn = { tenantId, cloud, proxy: config.network.proxy, ca: options.ca };
  const make = options.credential ?? createCredential;
  for (const kind of ["graph", "azure"] as const) {
    const needed = rows.filter((row) => row.kind === kind);
    if (needed.length === 0) continue;
    const what = `${place}: sign-in to ${kind === "graph" ? "Microsoft Graph" : "Azure"}`;
    let claims: Claims;
    try {
      const credential = await make(spec.credential, signIn);
      const token = await credential.getToken(tokenScope(cloud, kind), { abortSignal: options.signal });
      if (token === null) throw new Error("the credential gave no token");
      claims = readClaims(token.token);
    } catch (error) {
      options.signal.throwIfAborted();
      yield {
        ...failure(what, error),
        fix: `check the ${spec.credential.kind} credential of ${connector.name}`,
      };
      continue;
    }
    if (claims.tenant !== undefined && claims.tenant !== tenantId) {
      const detail = `the token is for tenant ${claims.tenant}`;
      yield { what, state: "failed", detail, fix: `sign in to tenant ${tenantId}` };
      continue;
    }
    yield ok(what, claims.person ? "as a person" : "a token was given");
    for (const name of new Set(needed.map((row) => row.permission))) {
      const steps = needed.filter((row) => row.permission === name).map((row) => row.step);
      if (kind === "graph") yield graphPermission(connector, place, name, steps, claims);
      else yield await azureRole(options, tenant, connector, place, name, steps.join(", "));
    }
  }
}

interface Claims {
  /** False for a token that says nothing to us. */
  readable: boolean;
  tenant: string | undefined;
  /** True for a delegated token: a person's own rights decide. */
  person: boolean;
  roles: ReadonlySet<string>;
}

/** Payload of a token, without checking its signature: it came straight from the identity provider. */
function readClaims(token: string): Claims {
  const claims = new Map<string, unknown>(payloadOf(token));
  const [tenant, roles] = [claims.get("tid"), claims.get("roles")];
  return {
    readable: claims.size > 0,
    tenant: typeof tenant === "string" ? tenant.toLowerCase() : undefined,
    person: claims.has("scp"),
    roles: new Set(Array.isArray(roles) ? roles.filter((role) => typeof role === "string") : []),
  };
}

/** Empty for a token that is no JWT; the parser's own error would quote the token. */
function payloadOf(token: string): [string, unknown][] {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    return typeof payload === "object" && payload !== null ? Object.entries(payload) : [];
  } catch {
    return [];
  }
}

/**
 * What reading the whole directory opens too, but for single calls (`itself`).
 * https://learn.microsoft.com/graph/permissions-reference#directoryreadall
 */
const IN_DIRECTORY_READ: ReadonlySet<string> = new Set([
  ...["User.Read.All", "GroupMember.Read.All", "Application.Read.All", "RoleManagement.Read.Directory"],
]);

/** True if this step may read by Directory.Read.All where it asks for the permission of this name. */
const inDirectoryRead = (connector: Connector, id: string, name: string): boolean =>
  IN_DIRECTORY_READ.has(name) &&
  connector.steps.some(
    (step) => step.id === id && step.needs.every((need) => need.name !== name || need.itself !== true),
  );

function graphPermission(
  connector: Connector,
  place: string,
  name: string,
  steps: readonly string[],
  claims: Claims,
): CheckRow {
  const what = `${place}: ${name}`;
  if (!claims.readable) return skipped(what, "the token does not tell; only a scan does");
  if (claims.person) {
    return skipped(what, "signed in as a person: their own rights decide, and only a scan tells");
  }
  const wider = name.replace(".Read.", ".ReadWrite.");
  if (claims.roles.has(name) || claims.roles.has(wider)) return ok(what, `for ${steps.join(", ")}`);
  const directory = claims.roles.has("Directory.Read.All");
  const lacking = steps.filter((step) => !directory || !inDirectoryRead(connector, step, name));
  if (lacking.length === 0) return ok(what, `for ${steps.join(", ")}, by Directory.Read.All`);
  const detail = `the token lacks it; needed by ${lacking.join(", ")}`;
  return { what, state: "missing", detail, fix: `forereach permissions --format az grants ${name}` };
}

/** https://learn.microsoft.com/rest/api/resources/subscriptions/list lists what the caller may see, and only that. */
const SUBSCRIPTIONS = "/subscriptions?api-version=2022-12-01";

async function azureRole(
  options: CheckOptions,
  tenant: TenantConfig,
  connector: Connector,
  place: string,
  role: string,
  steps: string,
): Promise<CheckRow> {
  const what = `${place}: ${role}`;
  if (role !== "Reader") return skipped(what, `for ${steps}; only a scan tells where it was granted`);
  const { http } = options;
  if (http === undefined) return skipped(what, "no connection");
  try {
    let seen = 0;
    for await (const page of http(tenant, connector.name).pages("arm", SUBSCRIPTIONS))
      seen += page.items.length;
    if (seen > 0) return ok(what, `sees ${seen} subscription${seen === 1 ? "" : "s"}; for ${steps}`);
    const fix = "grant Reader at the root management group (forereach permissions --format az)";
    return { what, state: "missing", detail: `sees no subscription; needed by ${steps}`, fix };
  } catch (error) {
    options.signal.throwIfAborted();
    const row = failure(what, error);
    return error instanceof PermissionError ? { ...row, state: "missing" } : row;
  }
}

const ok = (what: string, detail: string): CheckRow => ({ what, state: "ok", detail });
const skipped = (what: string, detail: string): CheckRow => ({ what, state: "skipped", detail });

function failure(what: string, error: unknown): CheckRow {
  const message = error instanceof Error ? error.message : String(error);
  // A configuration may have several mistakes. Identity providers answer at length; a token must not come along.
  const lines = message.split("\n");
  const detail = (error instanceof ConfigError ? lines.join("; ") : (lines[0] ?? "")).replace(
    /\beyJ[\w-]+\.[\w.-]+/g,
    "(token)",
  );
  const fix = error instanceof ForereachError ? error.fix : undefined;
  return { what, state: "failed", detail, ...(fix === undefined ? {} : { fix }) };
}

async function attempt(what: string, work: () => Promise<string>): Promise<CheckRow> {
  try {
    return ok(what, await work());
  } catch (error) {
    return failure(what, error);
  }
}
