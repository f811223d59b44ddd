/**
 * Delta calls: the first round lists everything, later rounds what changed since the token.
 * https://learn.microsoft.com/graph/delta-query-overview
 */
import { objectOf } from "./objects.ts";
import { select, selectedOf } from "./odata.ts";
import type { Tenant } from "./tenant.ts";
import {
  BadRequest,
  failure,
  json,
  linkTo,
  type Reply,
  readToken,
  type SimulatedRequest,
  writeToken,
} from "./wire.ts";
import { graphType, type Json, type JsonValue, KIND } from "./world.ts";

export type DeltaKind = "users" | "groups" | "servicePrincipals" | "applications" | "oauth2PermissionGrants";

/** Objects a page, unless `Prefer: odata.maxpagesize` asks otherwise; members of groups count, too. */
const PAGE = 200;
export const MAX_PAGE = 999;
export const MEMBERS_A_PAGE = 10_000;

/** Where a round stands: at object `at` and its member slot `member`, of the state at event `start`. */
interface Position {
  readonly tenant: string;
  readonly what: DeltaKind;
  readonly start: number;
  readonly since: number;
  readonly at: number;
  readonly member: number;
}

/** One reply of a delta call; 410 for a token of another tenant, as for one that is too old. */
export function deltaOf(request: SimulatedRequest, tenant: Tenant, what: DeltaKind): Reply {
  const { query } = request;
  const position = positionOf(query, tenant, what);
  if (!position) return gone(request);
  for (const option of ["$top", "$orderby", "$expand"])
    if (query.has(option)) throw new BadRequest(`The query option '${option}' is not supported on delta.`);
  const wanted = Number(/odata\.maxpagesize=(\d+)/.exec(request.headers.prefer ?? "")?.[1] ?? PAGE);
  const size = Math.min(Math.max(1, wanted), MAX_PAGE);
  const source = position.since < 0 ? everything(tenant, what) : changes(tenant, what, position);
  const withMembers = what === "groups" && (selectedOf(query)?.includes("members") ?? false);
  const page = fill(source, position, size, tenant, query, withMembers);
  const token = (next: Partial<Position>): string => writeToken({ ...position, ...next });
  const carried = carriedOptions(request);
  return json({
    "@odata.context": `${request.base}/$metadata#${what}`,
    ...(page.done
      ? {
          "@odata.deltaLink": linkTo(carried, {
            $deltatoken: token({ since: position.start, at: 0, member: 0 }),
          }),
        }
      : { "@odata.nextLink": linkTo(carried, { $skiptoken: token({ at: page.at, member: page.member }) }) }),
    value: page.rows,
  });
}

/** Links keep what was asked for but not where an earlier round stood. */
function carriedOptions(request: SimulatedRequest): SimulatedRequest {
  const query = new URLSearchParams(request.query);
  for (const name of ["$skiptoken", "$deltatoken", "$deltaToken"]) query.delete(name);
  return { ...request, query };
}

function positionOf(query: URLSearchParams, tenant: Tenant, what: DeltaKind): Position | undefined {
  const now = tenant.events.length;
  const fresh: Position = { tenant: tenant.world.tenantId, what, start: now, since: -1, at: 0, member: 0 };
  const deltaToken = query.get("$deltatoken") ?? query.get("$deltaToken");
  if (deltaToken === "latest") return { ...fresh, since: now };
  const token = query.get("$skiptoken") ?? deltaToken;
  if (token === null) return fresh;
  const saved = readToken(token);
  const number = (name: string): number => Number(saved?.[name]);
  if (saved?.tenant !== tenant.world.tenantId || saved.what !== what || number("start") > now)
    return undefined;
  // A round from a delta token ends at the present; its pages keep that present.
  const start = query.has("$skiptoken") ? number("start") : now;
  return { ...fresh, start, since: number("since"), at: number("at"), member: number("member") };
}

/** 410: begin again. https://learn.microsoft.com/graph/delta-query-overview#synchronization-reset */
export function gone(request: SimulatedRequest): Reply {
  const { base, path } = request;
  return failure(410, "syncStateNotFound", "The delta token is no longer valid; start again.", {
    location: `${base}${path}?$deltatoken=`,
  });
}

interface Changed {
  readonly object: Json;
  readonly group?: number;
  /** Members to report; absent: all of the group. */
  readonly members?: readonly Json[];
}
interface Source {
  readonly total: number;
  at(i: number): Changed | undefined;
}

function everything(tenant: Tenant, what: DeltaKind): Source {
  const { applications, consents, directory, size } = tenant;
  const of = (kind: number, index: number, special = false): Changed | undefined => {
    const object = objectOf(tenant, { kind, index });
    return object && { object: special ? { "@odata.type": graphType(kind), ...object } : object };
  };
  switch (what) {
    case "users":
      return {
        total: directory.userCount + size.agentUsers,
        at: (i) =>
          i < directory.userCount ? of(KIND.user, i) : of(KIND.agentUser, i - directory.userCount, true),
      };
    case "groups":
      return {
        total: size.groups,
        at(i) {
          const found = of(KIND.group, i);
          return found && { ...found, group: i };
        },
      };
    case "servicePrincipals": {
      const own = applications.servicePrincipalCount;
      return {
        total: own + size.blueprints + size.agents,
        at: (i) =>
          i < own
            ? of(KIND.servicePrincipal, i)
            : i < own + size.blueprints
              ? of(KIND.blueprintPrincipal, i - own, true)
              : of(KIND.agent, i - own - size.blueprints, true),
      };
    }
    case "applications": {
      const { registered } = applications;
      return {
        total: registered.length + size.blueprints,
        at: (i) =>
          i < registered.length
            ? of(KIND.application, registered[i]!)
            : of(KIND.blueprint, i - registered.length, true),
      };
    }
    case "oauth2PermissionGrants":
      return { total: consents.grants.length, at: (n) => ({ object: consents.grant(n) }) };
  }
}

/** Objects that events between the token and the start of this round touched, each once. */
function changes(tenant: Tenant, what: DeltaKind, { since, start }: Position): Source {
  const { directory, events, world } = tenant;
  const touched = new Map<number, Map<number, boolean>>();
  // Told whole, like those that are new: a reader may have begun while it was away.
  const whole = new Set<number>();
  for (const event of events.slice(since, start)) {
    const member = event.kind === "member";
    const mine =
      (what === "users" && event.kind === "user") ||
      (what === "groups" && (event.kind === "group" || member)) ||
      (what === "servicePrincipals" && event.kind === "agent");
    if (!mine) continue;
    const members = touched.get(event.index) ?? new Map<number, boolean>();
    if (member) members.set(event.member, event.removed);
    else if (event.restored === true) whole.add(event.index);
    touched.set(event.index, members);
  }
  const kind = what === "users" ? KIND.user : what === "groups" ? KIND.group : KIND.agent;
  const rows = [...touched].map(([index, members]): Changed => {
    const object = objectOf(tenant, { kind, index });
    if (!object)
      return { object: { id: world.guids.of(kind, index), "@removed": { reason: "changed" } }, members: [] };
    const told = whole.has(index)
      ? [
          ...directory.members(index).map((member): [number, boolean] => [member, false]),
          ...directory.leftMembers(index).map((member): [number, boolean] => [member, true]),
        ]
      : [...members];
    const reported = told.map(
      ([member, removed]): Json => ({
        ...directory.reference(member),
        ...(removed ? { "@removed": { reason: "deleted" } } : {}),
      }),
    );
    return {
      object: kind === KIND.agent ? { "@odata.type": graphType(kind), ...object } : object,
      members: reported,
    };
  });
  return { total: rows.length, at: (i) => rows[i] };
}

/** Rows from a position until the page is full; a large group is split over pages. */
function fill(
  source: Source,
  from: Position,
  size: number,
  tenant: Tenant,
  query: URLSearchParams,
  withMembers: boolean,
) {
  const rows: Json[] = [];
  const names = selectedOf(query);
  const selected = names && ["id", "@removed", ...names];
  const ids = idFilter(query.get("$filter"));
  let { at, member } = from;
  let room = MEMBERS_A_PAGE;
  while (at < source.total && rows.length < size && room > 0) {
    const changed = source.at(at);
    if (!changed || (ids && !ids.has(String(changed.object.id)))) {
      at++;
      continue;
    }
    const row: Record<string, JsonValue> = { ...select(changed.object, selected) };
    let whole = true;
    if (withMembers) {
      const group = changed.members === undefined ? changed.group : undefined;
      const slots = group === undefined ? 0 : Math.min(room, tenant.directory.memberSlots(group) - member);
      const members = changed.members ?? membersFrom(tenant, group, member, slots);
      if (members.length > 0) row["members@delta"] = members;
      member += slots;
      room -= Math.max(slots, members.length);
      whole = group === undefined || member >= tenant.directory.memberSlots(group);
    }
    rows.push(row);
    if (whole) {
      at++;
      member = 0;
    }
  }
  return { rows, at, member, done: at >= source.total };
}

const membersFrom = (tenant: Tenant, group: number | undefined, slot: number, slots: number): Json[] =>
  group === undefined
    ? []
    : tenant.directory.members(group, slot, slots).map((packed) => tenant.directory.reference(packed));

/** The only filter that delta takes: `id eq 'x' or id eq 'y'`. */
function idFilter(text: string | null): ReadonlySet<string> | undefined {
  return text === null
    ? undefined
    : new Set([...text.matchAll(/id eq '([^']+)'/g)].map(([, id]) => id ?? ""));
}
