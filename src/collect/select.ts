/** What the configuration selects: which identities count as agents, and which scopes are read. Pure. */
import type { AgentCandidate } from "../connector.ts";

/** The value of `--agents`: Entra agent identities only, or every workload identity of the tenant. */
export const AGENT_SOURCES = ["entra", "service-principals"] as const;
export type AgentSource = (typeof AGENT_SOURCES)[number];

/** One line of the user's own list. All that is given must match; names may hold `*` and `?`. */
export interface AgentMatch {
  id?: string | undefined;
  appId?: string | undefined;
  name?: string | undefined;
  tag?: string | undefined;
  kind?: string | undefined;
}

export interface AgentSelection {
  source: AgentSource;
  list: readonly AgentMatch[];
}

const WORKLOAD_KINDS: ReadonlySet<string> = new Set(["ServicePrincipal", "ManagedIdentity"]);

/** Case-insensitive glob over the whole text: `*` is any run of characters, `?` is one. */
export function globMatches(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", "[^]*")
    .replaceAll("?", "[^]");
  return new RegExp(`^${source}$`, "iu").test(text);
}

const same = (a: string, b: string | undefined) => a.toLowerCase() === b?.toLowerCase();

function matches(match: AgentMatch, identity: AgentCandidate): boolean {
  const tests: boolean[] = [];
  if (match.id !== undefined) tests.push(same(match.id, identity.id));
  if (match.appId !== undefined) tests.push(same(match.appId, identity.appId));
  if (match.kind !== undefined) tests.push(same(match.kind, identity.kind));
  if (match.name !== undefined) tests.push(globMatches(match.name, identity.name ?? ""));
  const { tag } = match;
  if (tag !== undefined) tests.push((identity.tags ?? []).some((candidate) => globMatches(tag, candidate)));
  return tests.length > 0 && tests.every(Boolean);
}

/**
 * The test behind StepContext.isAgent. It returns the evidence, or undefined if the identity is no agent
 * by configuration. Entra agent identities are agents without asking.
 */
export function createAgentSelector(
  selection: AgentSelection,
): (identity: AgentCandidate) => string | undefined {
  return (identity) => {
    const match = selection.list.find((candidate) => matches(candidate, identity));
    if (match !== undefined) {
      const told = Object.entries(match).filter(([, value]) => value !== undefined);
      return `configuration: ${told.map(([key, value]) => `${key} ${value}`).join(", ")}`;
    }
    if (selection.source === "service-principals" && WORKLOAD_KINDS.has(identity.kind)) {
      return "option: --agents service-principals";
    }
    return undefined;
  };
}

export interface ScopeSelection {
  include: readonly string[];
  exclude: readonly string[];
}

const MANAGEMENT_GROUPS = "/providers/microsoft.management/managementgroups/";

/** A pattern covers a scope, and all that lies below it by path. */
function covers(pattern: string, id: string): boolean {
  return pattern === "/"
    ? id.startsWith("/")
    : globMatches(pattern, id) || globMatches(`${pattern}/*`, id) || globMatches(`${pattern}#*`, id);
}

/** Grants above an included scope come down to it, so whatever may stand above is read too. */
function above(id: string, pattern: string): boolean {
  return id === "/" || id.startsWith(MANAGEMENT_GROUPS) || pattern.startsWith(`${id}/`);
}

/** Paths (Azure) and other ids are restricted apart: a list of subscriptions says nothing about sites. */
const family = (id: string) => (id.startsWith("/") ? "path" : id.includes("://") ? "url" : "id");

/**
 * The test behind StepContext.includes. An excluded scope takes along all that lies below it; an included
 * one also lets in what stands above it. Without an include list everything that is not excluded is read.
 */
export function createScopeFilter(selection: ScopeSelection): (scopeId: string) => boolean {
  const tidy = (patterns: readonly string[]) =>
    patterns.map((pattern) => (pattern.length > 1 ? pattern.replace(/\/+$/, "") : pattern).toLowerCase());
  const include = tidy(selection.include);
  const exclude = tidy(selection.exclude);
  return (scopeId) => {
    const id = scopeId.toLowerCase();
    if (exclude.some((pattern) => covers(pattern, id))) return false;
    const relevant = include.filter((pattern) => family(pattern) === family(id));
    return relevant.length === 0 || relevant.some((pattern) => covers(pattern, id) || above(id, pattern));
  };
}
