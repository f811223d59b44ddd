/**
 * The one declaration of the graph: node and relationship kinds and their properties. Pure data; DDL,
 * loads, record checks and the schema page are generated from it, record types are inferred from it.
 */

import { TIERS } from "./model.ts";

/** Ids of the principals that stand for all people, and for all but guests. */
export const EVERYONE = "everyone";
export const EXCEPT_EXTERNAL = "everyone-except-external";

export type PropType = "string" | "int" | "bool" | "timestamp" | "string[]";
interface PropSpec {
  readonly type: PropType;
  readonly about: string;
  /** All values there are, as rules compare them; absent: any. */
  readonly values?: readonly string[];
  /** Without it rules derive nothing from the record, and that would look like a no: who puts one must say it. */
  readonly required?: true;
  /** What no item of the list may be. */
  readonly never?: readonly string[];
  /** Ids, as rules compare them: an alias would name nobody there. */
  readonly ids?: true;
  /** What rules know. Anything else is let in and means nothing to them, but for another spelling of one of these. */
  readonly words?: readonly string[];
}
interface NodeSpec {
  readonly about: string;
  readonly props: Readonly<Record<string, PropSpec>>;
}
interface RelSpec {
  readonly about: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** True if several relationships of this kind may stand between two nodes; `key` tells them apart. */
  readonly keyed?: true;
  readonly props: Readonly<Record<string, PropSpec>>;
}

const str = (about: string) => ({ type: "string", about }) as const;
const oneOf = <const V extends readonly string[]>(values: V, about: string) =>
  ({ type: "string", values, about }) as const;
const mustBe = <const V extends readonly string[]>(values: V, about: string) =>
  ({ ...oneOf(values, about), required: true }) as const;
const knowing = (words: readonly string[], about: string) => ({ ...str(about), words }) as const;
const int = (about: string) => ({ type: "int", about }) as const;
const bool = (about: string) => ({ type: "bool", about }) as const;
const time = (about: string) => ({ type: "timestamp", about }) as const;
const list = (about: string) => ({ type: "string[]", about }) as const;
const refs = (about: string) => ({ ...list(about), ids: true }) as const;
/** Of single principals and groups: what everyone need be or may not be is another grant, or none. */
const named = (about: string) => ({ ...refs(about), never: [EVERYONE, EXCEPT_EXTERNAL] }) as const;

const SORT = "What sort of node it is; a new sort is a value here, never a new label";
/** On every node, besides `id`. */
const common = {
  kind: str(SORT),
  name: str("Name for people"),
  aliases: list("Other names it goes by: appid:…, application:…, upn:…, mail:…, sid:…"),
} as const;

/** The primitive actions of a grant or a deny, one boolean each, because denies and conditions take single ones away. */
export const ACTIONS = [
  "see",
  "read",
  "write",
  "add",
  "delete",
  "setAcl",
  "own",
  "listKeys",
  "regenerateKey",
  "accountSas",
  "serviceSas",
  "assign",
] as const;
export type Action = (typeof ACTIONS)[number];

const actions = {
  read: bool("Read content"),
  write: bool("Change content"),
  add: bool("Create new content, without changing what is there"),
  delete: bool("Delete content"),
  setAcl: bool("Change the access list of content"),
  own: bool("Take ownership of content"),
  listKeys: bool("List account keys; a key opens everything in the account"),
  regenerateKey: bool("Make a new account key"),
  accountSas: bool("Make an account SAS"),
  serviceSas: bool("Make a service SAS"),
  assign: bool("Assign roles: change who has access"),
  see: bool("See that it exists: names and settings, without more"),
} as const;

export const NODES = {
  Agent: {
    about:
      "Anything that acts on its own or for a user: agent identities, copilots, self-hosted and shadow agents",
    props: {
      ...common,
      platform: str("Where it runs or is registered: entra, copilot-studio, foundry, self-hosted, …"),
      surface: str("Where people meet it"),
      estate: oneOf(["managed", "self-hosted", "shadow"], "Whether a catalog lists it, and who runs it"),
      status: oneOf(["enabled", "disabled", "unknown"], "A disabled agent reaches nothing"),
      risk: str("Risk level as the risk service reports it"),
      evidence: str("Why this identity counts as an agent"),
      owner: str('Names of those who answer for it, joined by "; "'),
      created: time("When it was created"),
    },
  },
  Blueprint: {
    about: "Entra agent identity blueprint; joined on appId",
    props: {
      ...common,
      appId: str("Application id that its agent identities name"),
      enabled: bool("False if the blueprint was disabled"),
      inheritable: list("Resource app ids and what of theirs the agents inherit"),
    },
  },
  Principal: {
    about:
      "Who can be granted access: users, groups, service principals, managed identities, implicit groups",
    props: {
      ...common,
      kind: knowing(
        [
          ...["User", "Guest", "AgentUser", "Group", "ServicePrincipal", "ManagedIdentity", "AgentIdentity"],
          ...["BlueprintPrincipal", "Everyone", "EveryoneExceptExternal"],
          ...["AllAgentIdentities", "AuthenticatedUsers", "MailDomain"],
        ],
        SORT,
      ),
      appId: str("Application id of a service principal"),
      enabled: bool("False if disabled; absent if not read"),
      dynamic: bool("Group whose members follow a rule"),
      roleAssignable: bool("Group that may hold directory roles and is protected for it"),
      synced: bool("Managed on premises, so not changed in the cloud"),
      hidden: bool("Group that hides its members"),
      ownerTenant: str("Tenant that owns the application"),
      host: str("Resource that runs as this managed identity"),
      userType: oneOf(["Member", "Guest"], "Of a user; absent: as its kind says"),
    },
  },
  Scope: {
    about:
      "A place where access is granted: tenant root, subscription, storage account, container, site, a service as a whole",
    props: {
      ...common,
      kind: knowing(["StorageAccount", "Service"], SORT),
      plane: str("azure, sharepoint, exchange, teams, directory, …"),
      url: str("Where a person opens it"),
      owner: str("Who answers for the data, if known"),
      gates: {
        ...list("Settings that stand between a grant and access"),
        words: ["lock:NoAccess", "lock:ReadOnly"],
      },
      sharedKey: bool("False if the account refuses account keys; absent or true: keys open it"),
      publicAccess: str("None, Blob or Container, as the container says"),
      allowPublic: bool("False if the account forbids public access whatever its containers say"),
      network: oneOf(["Allow", "Deny", "unknown"], "What the network rules do by default"),
      hns: bool("The account has a hierarchical namespace (ADLS Gen2 access lists apply)"),
      runsAs: list("Object ids of the managed identities that the resource runs as"),
      listed: bool(
        "Of a subscription: all its resources were listed; of a plane without a rule: a resource of it was",
      ),
      members: str("Condition that decides which blobs of the container lie here, as its expression in JSON"),
      containerItems: int("Items as the service itself counts them, where it does"),
    },
  },
  Item: {
    about: "A file, blob, page, mail folder or table",
    props: {
      ...common,
      path: str("Path within its scope"),
      size: int("Bytes"),
      modified: time("Last change"),
      types: str(
        'Sensitive information types found, sorted, joined by "; "; empty: looked and found none; absent: nobody looked',
      ),
      etag: str("Version as the store names it"),
    },
  },
  Label: {
    about:
      "Sensitivity label, and two that are not labels: unlabeled (looked, none) and label-unknown (not looked)",
    props: {
      ...common,
      kind: knowing(["Sensitivity", "None", "Unknown"], SORT),
      priority: int("Order of sensitivity: a higher number is more sensitive"),
      encrypted: bool("The label encrypts"),
    },
  },
  McpServer: {
    about: "MCP server: a catalog entry, or what agents are configured with",
    props: {
      ...common,
      approval: oneOf(["approved", "unapproved", "unknown"], "What the catalog says of it"),
      gateway: str("Gateway it stands behind"),
      url: str("Where it is reached"),
    },
  },
  McpTool: {
    about: "Tool of an MCP server. Hints never narrow rights",
    props: {
      ...common,
      readOnly: bool("Hint: does not change anything"),
      destructive: bool("Hint: may destroy"),
      openWorld: bool("Hint: talks to the outside"),
    },
  },
  AccessPackage: { about: "Entitlement management package", props: { ...common } },
  Policy: {
    about: "Conditional Access, DLP or app restriction policy",
    props: {
      ...common,
      kind: knowing(["ConditionalAccess", "AppRestriction", "SiteRestriction", "Dlp"], SORT),
      effect: knowing(["block", "allow"], "What it does to what it applies to: block, or allow only them"),
      surface: str("On which surface"),
      state: oneOf(["enabled", "disabled", "report-only"], "Whether it works; absent: enabled"),
      residual: str("Condition that the request decides, in words; absent: it holds always"),
    },
  },
} as const satisfies Readonly<Record<string, NodeSpec>>;

export const RELS = {
  ACTS_AS: {
    about: "With whose rights it acts",
    from: ["Agent", "McpServer"],
    to: ["Principal"],
    keyed: true,
    props: {
      mode: mustBe(
        ["app", "agent-user", "maker", "key"],
        "With its own identity, its user account, a stored connection, or a secret or SAS",
      ),
    },
  },
  MAY_USE: { about: "Who may talk to the agent", from: ["Principal"], to: ["Agent"], props: {} },
  CONSENTED: {
    about: "Delegated and application permissions, as consented",
    from: ["Principal"],
    to: ["Scope"],
    keyed: true,
    props: {
      permission: str("Name of the permission, such as Files.Read.All"),
      resource: str("Object id of the API that defines it"),
      type: mustBe(
        ["application", "delegated", "access"],
        "Of the application itself, for users, or who may use the API",
      ),
      user: { ...str("Id of the one user who consented, or * for all"), ids: true },
      ...actions,
    },
  },
  USES: { about: "The agent is configured with this server", from: ["Agent"], to: ["McpServer"], props: {} },
  OFFERS: { about: "The server offers this tool", from: ["McpServer"], to: ["McpTool"], props: {} },
  INVOKES: {
    about: "Calls another agent",
    from: ["Agent"],
    to: ["Agent"],
    props: { mode: mustBe(["own", "caller"], "With whose rights the callee acts: its own, or the caller’s") },
  },
  EMBEDS: {
    about: "Carries a copy of the content, without its permissions",
    from: ["Agent"],
    to: ["Scope"],
    props: {},
  },
  COPIED_TO: {
    about: "A copy that left its permissions behind, such as a search index",
    from: ["Scope"],
    to: ["Scope"],
    props: {},
  },
  MADE_FROM: {
    about: "Agent identity made from this blueprint",
    from: ["Agent"],
    to: ["Blueprint"],
    props: {},
  },
  MEMBER_OF: {
    about: "Direct membership only; closure is the work of a rule",
    from: ["Principal"],
    to: ["Principal"],
    props: {
      tier: oneOf(["now", "potential"], "potential: eligible; absent: now"),
      expires: time("When it ends"),
    },
  },
  GRANTED: {
    about: "A grant at a scope, one boolean a primitive action",
    from: ["Principal"],
    to: ["Scope"],
    keyed: true,
    props: {
      ...actions,
      unknown: bool("A grant on a data plane without a rule: what it opens is unknown"),
      flow: mustBe(
        ["containment", "acl", "posix"],
        "How it goes down: by WITHIN, by INHERITS, or as ADLS lists do",
      ),
      source: str("What granted it: role, app-role, site-group, link, …"),
      role: str("Name of the role or permission, for people"),
      resource: str("Source app-role: app id of the API that defines the permission"),
      tier: oneOf(TIERS, "When it holds; absent: now"),
      residual: str("Condition that stays to be decided at request time, in words"),
      certainty: oneOf(
        ["exact", "upper-bound"],
        "upper-bound: something that could take it away was not read; absent: exact",
      ),
      reason_code: str("Why it is not exact"),
      expires: time("When it ends"),
      together: named("flow posix: the holder must be, or be in, all of these as well"),
      excluded: named("flow posix: who does not hold it, whatever group they are in"),
    },
  },
  DENIED: {
    about: "Azure deny assignment. key names the assignment",
    from: ["Principal"],
    to: ["Scope"],
    keyed: true,
    props: {
      ...actions,
      children: bool("False if it binds the scope alone and nothing below"),
      excluded: refs("Ids of principals that it spares"),
    },
  },
  WITHIN: {
    about: "Containment; always present except at a root",
    from: ["Scope"],
    to: ["Scope"],
    props: {},
  },
  INHERITS: {
    about: "Permissions come down from here; absent where inheritance is broken",
    from: ["Scope"],
    to: ["Scope"],
    props: {},
  },
  RUNS_AS: { about: "A host and its managed identity", from: ["Scope"], to: ["Principal"], props: {} },
  PROTECTED_BY: {
    about: "The scope whose permissions protect the item",
    from: ["Item"],
    to: ["Scope"],
    props: {},
  },
  LABELED: {
    about: "The label of an item, or unlabeled, or label-unknown",
    from: ["Item"],
    to: ["Label"],
    props: { method: str("standard, privileged or auto"), source: str("bytes, service or catalog") },
  },
  LABEL_RIGHTS: {
    about: "Usage rights of an encrypting label",
    from: ["Principal"],
    to: ["Label"],
    props: {
      view: { ...bool("May open"), required: true },
      extract: { ...bool("May be used in an answer"), required: true },
    },
  },
  CAN_REQUEST: { about: "May request this package", from: ["Principal"], to: ["AccessPackage"], props: {} },
  CONFERS: {
    about: "What the package gives: membership, or rights at a place (absent: unknown)",
    from: ["AccessPackage"],
    to: ["Principal", "Scope"],
    props: { ...actions },
  },
  ELIGIBLE_FOR: {
    about: "May activate membership or role",
    from: ["Principal"],
    to: ["Principal"],
    props: { expires: time("When it ends") },
  },
  CONTROLS: {
    about: "Can make itself, or become, that principal",
    from: ["Principal"],
    to: ["Principal"],
    keyed: true,
    props: { how: str("By what: owns-app, group-owner, add-credential, federated-credential, …") },
  },
  APPLIES_TO: {
    about: "Whom a policy concerns",
    from: ["Policy"],
    to: ["Principal", "Agent", "Blueprint"],
    props: { include: bool("False if it is an exclusion") },
  },
  GATES: { about: "What a policy guards", from: ["Policy"], to: ["Scope", "Label"], props: {} },
  OWNS: {
    about: "Owner in the directory",
    from: ["Principal"],
    to: ["Principal", "Agent", "Scope", "Blueprint"],
    props: {},
  },
  SPONSORS: { about: "Answers for the agent", from: ["Principal"], to: ["Agent"], props: {} },
  OBSERVED: {
    about: "What logs saw",
    from: ["Agent"],
    to: ["Scope"],
    props: { operations: list("Operations seen"), last: time("Last seen") },
  },
} as const satisfies Readonly<Record<string, RelSpec>>;

/**
 * What rules derive (queries/derive), written only by a store. `scratch` kinds live while the rules run and
 * are not kept: the embedded engine stores those that no rule follows against their direction only forwards, which
 * costs half. Levels of a right: 0 no, 1 unknown, 2 yes but upper-bound, 3 yes and exact. Tiers: 1 now,
 * 2 conditional, 3 potential, 4 latent.
 */
const lvl = (of: string) => int(`Level of: ${of}`);
const primitives = {
  see: lvl("see"),
  read: lvl("read content"),
  write: lvl("change content"),
  add: lvl("create content"),
  delete: lvl("delete content"),
  setAcl: lvl("change access lists"),
  own: lvl("take ownership"),
  assign: lvl("assign roles"),
  listKeys: lvl("list account keys"),
  regenerateKey: lvl("make an account key"),
  accountSas: lvl("make an account SAS"),
  serviceSas: lvl("make a service SAS"),
} as const;
const tier = int("Tier");
const hops = int("Steps of CONTROLS");
const regrant = int("1 if the last step is a right that the agent gives itself");
const rights = {
  discover: lvl("discover"),
  read: lvl("read"),
  write: lvl("write"),
  manage: lvl("manage"),
} as const;
/** What a grant gives, in the words of rights. */
const worth = {
  discovers: lvl("discover"),
  reads: lvl("read"),
  writes: lvl("write"),
  manages: lvl("manage"),
} as const;
/** The same as a plain row shows it: 1, 0, or absent where it is unknown. */
const shown = {
  canDiscover: int("1 or 0; absent: unknown"),
  canRead: int("1 or 0; absent: unknown"),
  canWrite: int("1 or 0; absent: unknown"),
  canManage: int("1 or 0; absent: unknown"),
  certainty: str("exact, upper-bound or unknown"),
} as const;
const counts = int("1 if it reads, so that items count");
/** What a row at that place would count. */
const inside = {
  items: int("Items"),
  sensitive: int("Of them, with sensitive types"),
  unlabeled: int("Of these, without a label"),
} as const;
const app = int("1 if it is an application permission, which no group hands on");
const reason = str("Why not exact");
const crest = str("Code of the topmost place with policies that it lies in, or empty");
const code = int("Code of the grant: its rank by place, key and principal");
const rank = int("Steps of control x 1,000,000 + relationships x 1,000 + memberships: less is better");
const ids = str("A mark a membership, then codes of principals and of the granted place");
const who = str("Of several identities of the actor, the one whose path it is, or empty");
const barrier = {
  network: int("2: network rules decide, 1: they were not read"),
  lock: int("2: closed, 1: read-only"),
} as const;
/** The path on which something is had. */
const way = { reason, rank, path: ids, grant: code, regrant, who } as const;
const reading = {
  tier,
  hops,
  read: lvl("discover and read"),
  ...way,
} as const;
const copied = {
  copy: str("Code of the copy, or of the place that was embedded"),
  embedded: int("1 if the agent carries it"),
} as const;
const part = {
  tier,
  hops,
  subtree: int("1 if everything below is included"),
  ...rights,
  ...way,
} as const;

/** Nodes that rules derive. All are scratch. */
export const DERIVED_NODES = {
  Actor: {
    about: "An agent in one mode, by one lender: rights of two never mix",
    props: {
      agent: str("Id of the agent"),
      mode: str("app, agent-user, on-behalf-of, maker or key"),
      via: str("MCP server or agent it goes through, or absent"),
      code: str("Code of the agent"),
      whole: str("Id of the actor of which this is one identity, or its own"),
      lender: str("Agent with whose application it acts, or absent where a server lends"),
      person: str(
        "The identity, if it is one of several or its rights are limited by consents; of those whom nothing tells apart, the first",
      ),
      side: int("1 if it is one identity of another actor"),
      capped: int("1 if consents limit its rights"),
    },
  },
} as const satisfies Readonly<Record<string, NodeSpec>>;

export const DERIVED = {
  GRANT: {
    about: "What a containment grant is worth",
    from: "Principal",
    to: "Scope",
    scratch: "both ways",
    props: {
      tier,
      ...primitives,
      ...worth,
      opens: int("1 if it gets at account keys"),
      special: int("1 if it adds to a plain row of today"),
      app,
      floor: int("1 if what it gives besides is unknown"),
      ...shown,
      counts,
      reason,
      code,
    },
  },
  LIST_GRANT: {
    about: "What a grant on an access list is worth",
    from: "Principal",
    to: "Scope",
    scratch: "forwards",
    props: {
      tier,
      ...worth,
      special: int("1 if it adds to a plain row of today"),
      app,
      ...shown,
      counts,
      here: int("1 if it holds at exactly its place"),
      narrow: int("1 if being who it names is not enough"),
      together: list("Who the holder must be, or be in, besides"),
      excluded: list("Who does not hold it, whatever group they are in"),
      sees: lvl("discover, if it gave nothing else"),
      reason,
      code,
    },
  },
  ABOVE: {
    about: "A scope and every scope that contains it, itself included at level 0",
    from: "Scope",
    to: "Scope",
    scratch: "both ways",
    props: { level: int("Steps of containment") },
  },
  INHERITED: {
    about: "A scope and every scope whose permissions come down to it",
    from: "Scope",
    to: "Scope",
    scratch: "both ways",
    props: { level: int("Steps of inheritance") },
  },
  SPOT: {
    about: "A place at which containment may change anybody’s rights (a loop on the scope)",
    from: "Scope",
    to: "Scope",
    scratch: "forwards",
    props: {},
  },
  UNDER: {
    about: "Such a place, and another one that contains it",
    from: "Scope",
    to: "Scope",
    scratch: "forwards",
    props: {},
  },
  CIRCLED: {
    about: "A place that lies in itself, or in several others, as only bad data has it (a loop on the scope)",
    from: "Scope",
    to: "Scope",
    scratch: "forwards",
    props: {},
  },
  TOUCHES: {
    about:
      "A granted place, and one where something else decides: denies at, below or above it, the rest at or below it",
    from: "Scope",
    to: "Scope",
    scratch: "forwards",
    props: { sort: int("0: denies, 1: the place itself, 2: policies") },
  },
  LISTS: {
    about: "Places with an access list that gives something, and whatever contains one (a loop on the scope)",
    from: "Scope",
    to: "Scope",
    scratch: "forwards",
    props: { level: int("Steps of containment from such a list, and one") },
  },
  ALONE: {
    about:
      "What a plain containment grant of today shows at its place if nothing else stands above or below it",
    from: "Principal",
    to: "Scope",
    scratch: "forwards",
    props: {
      app,
      ...shown,
      reason,
      unread: int("1 if it would be exact, but for what was not read here or below"),
      ...inside,
      code,
      crest,
      asked: str("Why not exact where a policy asks"),
    },
  },
  HANDED: {
    about: "A place and a scope whose access list comes down to it",
    from: "Scope",
    to: "Scope",
    scratch: "forwards",
    props: {
      level: int("Steps of inheritance"),
      ...inside,
      blind: int("1 if denies were not read here"),
      crest,
    },
  },
  CROWDED: {
    about: "A place where one actor may come by several ways, or one that is not plain (a loop on the scope)",
    from: "Scope",
    to: "Scope",
    scratch: "forwards",
    props: {},
  },
  MIXED: {
    about: "Scopes with containment grants and access lists below (a loop on the scope)",
    from: "Scope",
    to: "Scope",
    scratch: "forwards",
    props: {},
  },
  CLOSURE: {
    about: "A principal that can be controlled, and every group it is in, itself included at level 1",
    from: "Principal",
    to: "Principal",
    scratch: "forwards",
    props: {
      level: int("The step of control, and steps of membership"),
      far: str("A mark a level"),
      path: str("Codes on the way"),
    },
  },
  IDLE: {
    about: "Agents that get no token, since their blueprint is disabled (a loop on the agent)",
    from: "Agent",
    to: "Agent",
    scratch: "forwards",
    props: {},
  },
  JOINS: {
    about: "Membership that is one activation or one request away",
    from: "Principal",
    to: "Principal",
    scratch: "both ways",
    props: { tier: str("potential") },
  },
  HEIR: {
    about: "An agent identity and the principal of the blueprint that it inherits from",
    from: "Principal",
    to: "Principal",
    scratch: "forwards",
    props: { lines: list("What is inherited, as on the blueprint; ? where it was not read") },
  },
  GAINS: {
    about: "An agent identity, and whom it can become by a permission that its blueprint hands on",
    from: "Principal",
    to: "Principal",
    scratch: "forwards",
    props: { handed: int("1") },
  },
  PERMITS: {
    about: "What a delegated consent lets an application do for a user",
    from: "Principal",
    to: "Scope",
    scratch: "forwards",
    props: { user: str("The one user, or * for all"), consent: str("Key of the consent"), ...rights },
  },
  OPAQUE: {
    about:
      "A server of which nobody knows with whose rights it acts, and an agent that uses it, at first or second hand",
    from: "Agent",
    to: "McpServer",
    scratch: "forwards",
    props: { level: int("Relationships on the way"), mode: str("agent-user if it acts as one, else app") },
  },
  ANONYMOUS: {
    about: "An agent of which nobody knows with whose rights it acts, and one that calls it, or itself",
    from: "Agent",
    to: "Agent",
    scratch: "forwards",
    props: { level: int("Relationships on the way") },
  },
  BELONGS: {
    about: "Everyone, all who sign in, or everyone but guests, and the groups that these are in",
    from: "Principal",
    to: "Principal",
    scratch: "both ways",
    props: { tier, level: int("Steps of membership") },
  },
  IMPLICIT: {
    about:
      "Principals that stand for many without a membership: all agent identities, all who sign in, a mail domain (a loop)",
    from: "Principal",
    to: "Principal",
    scratch: "forwards",
    props: {},
  },
  PEOPLED: {
    about: "A place of consents where users may have something (a loop on the scope)",
    from: "Scope",
    to: "Scope",
    scratch: "forwards",
    props: {},
  },
  UNSEEN: {
    about:
      "A place where an agent may act for users, and nobody read what users have there, or who may use the agent",
    from: "Agent",
    to: "Scope",
    scratch: "both ways",
    props: { ...rights, reason },
  },
  AUDIENCE: {
    about: "Groups and persons who may use an agent",
    from: "Agent",
    to: "Principal",
    scratch: "forwards",
    props: { level: int("Steps of membership, and one") },
  },
  ASKS: {
    about: "Agents that an agent calls, at first or second hand, with whose rights ever",
    from: "Agent",
    to: "Agent",
    scratch: "forwards",
    props: { level: int("Calls") },
  },
  CARRIES: {
    about: "Content that an agent, or one that it calls, carries in itself",
    from: "Agent",
    to: "Scope",
    scratch: "forwards",
    props: {
      via: str("Agent that carries it, or empty"),
      level: int("Relationships on the way"),
      copy: str("Code of the place that was embedded"),
    },
  },
  SPEAKS: {
    about: "Modes in which an agent reads what it carries (a loop on the agent)",
    from: "Agent",
    to: "Agent",
    scratch: "forwards",
    props: { mode: str("Mode") },
  },
  BEARS: {
    about: "Content that an actor carries",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: { level: int("Relationships on the way"), copy: str("Code of the place that was embedded") },
  },
  STRANGERS: {
    about:
      "Actors that carry content for whoever may use or ask the agent, whoever that is (a loop on the actor)",
    from: "Actor",
    to: "Actor",
    scratch: "forwards",
    props: {},
  },
  MIRRORED: {
    about: "A place, and a copy of it: who reads the copy reads the place",
    from: "Scope",
    to: "Scope",
    scratch: "forwards",
    props: { level: int("Relationships on the way") },
  },
  TAPS: {
    about: "Copies that an actor may read",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: {},
  },
  READ_AT: {
    about: "How an actor reads a copy, by the best way",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: reading,
  },
  DRAWN: {
    about: "What an actor reads of a place through a copy",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: { ...reading, ...copied },
  },
  THROUGH: {
    about: "A row whose witness goes through a copy",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: { tier, copy: str("Id of the copy"), embedded: copied.embedded },
  },
  MANY: {
    about:
      "Modes in which an agent acts as several identities, or as one limited by consents (a loop on the agent)",
    from: "Agent",
    to: "Agent",
    scratch: "forwards",
    props: { mode: str("Mode"), via: str("MCP server or agent that lends them, or empty") },
  },
  SIDE: {
    about: "One identity of an actor, and the actor",
    from: "Actor",
    to: "Actor",
    scratch: "both ways",
    props: {},
  },
  ASSISTS: {
    about: "The agent with whose application an actor acts",
    from: "Actor",
    to: "Agent",
    scratch: "both ways",
    props: {},
  },
  CONSENTS: {
    about: "What consents let an actor do at a place and below",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: { ...rights },
  },
  CAP: {
    about: "The same at each marked place",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: { ...rights },
  },
  GATE: {
    about: "A place where something besides grants decides (a loop on the scope)",
    from: "Scope",
    to: "Scope",
    scratch: "forwards",
    props: barrier,
  },
  SHUT: {
    about: "Such places and all below (a loop on the scope)",
    from: "Scope",
    to: "Scope",
    scratch: "forwards",
    props: {
      ...barrier,
      level: int("Steps of containment, and one"),
    },
  },
  COVERS: {
    about: "A place, and one that contains it and is under policies",
    from: "Scope",
    to: "Scope",
    scratch: "forwards",
    props: { level: int("Steps of containment, and one") },
  },
  CREST: {
    about: "Such a place that lies in no other (a loop on the scope)",
    from: "Scope",
    to: "Scope",
    scratch: "forwards",
    props: {},
  },
  BENEATH: {
    about: "A place that lies in one of these (a loop on the scope)",
    from: "Scope",
    to: "Scope",
    scratch: "forwards",
    props: { crest },
  },
  FORKED: {
    about: "A place that lies in several of these (a loop on the scope)",
    from: "Scope",
    to: "Scope",
    scratch: "forwards",
    props: {},
  },
  HIDES: {
    about: "A DLP rule that keeps content of a label out of answers",
    from: "Policy",
    to: "Label",
    scratch: "forwards",
    props: { targets: int("How many it names") },
  },
  MEETS: {
    about: "A policy that names somebody whom an actor is, or is in",
    from: "Actor",
    to: "Policy",
    scratch: "forwards",
    props: { include: int("0 if as an exclusion") },
  },
  HALTS: {
    about: "A policy that blocks an actor",
    from: "Actor",
    to: "Policy",
    scratch: "forwards",
    props: { stop: int("2: always, 1: the request decides") },
  },
  HALTED: {
    about: "A place under policies that block an actor",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: { stop: int("As of HALTS") },
  },
  ALIKE: {
    about: "A topmost place with policies, within which they bind an actor alike",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: { stop: int("As of HALTS") },
  },
  UNEVEN: {
    about: "Another place under policies that block an actor",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: {},
  },
  ASKED: {
    about: "Places within which policies bind an actor alike (a loop on the actor)",
    from: "Actor",
    to: "Actor",
    scratch: "forwards",
    props: {
      asks: list("Codes of those where the request decides"),
      stops: list("Codes of those where it may do nothing"),
    },
  },
  FENCE: {
    about: "What stands between grants and access at such a place",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: { ...barrier, stop: int("As of HALTS") },
  },
  GATED: {
    about: "The same added up",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: { ...barrier, stop: int("As of HALTS") },
  },
  CALLS: {
    about: "Agents that an agent calls, at first or second hand, and that act with rights of their own",
    from: "Agent",
    to: "Agent",
    scratch: "forwards",
    props: { level: int("Calls"), far: str("A mark a call") },
  },
  SERVED: {
    about: "What lies in a place where consents of users hold, that place itself, and what contains it",
    from: "Scope",
    to: "Scope",
    scratch: "forwards",
    props: { level: int("1: that place; 2 and more: in it; 0: it contains that place") },
  },
  PICKY: {
    about: "A policy that binds others than those whom it names (a loop)",
    from: "Policy",
    to: "Policy",
    scratch: "forwards",
    props: {},
  },
  NAMED: {
    about: "A principal that something tells apart from others of an audience (a loop)",
    from: "Principal",
    to: "Principal",
    scratch: "forwards",
    props: {},
  },
  AIMED: {
    about: "A principal that other policies name, and where they bind it",
    from: "Principal",
    to: "Scope",
    scratch: "forwards",
    props: { stop: int("2: they block; 1: the request decides") },
  },
  TOLD: {
    about: "Somebody who is, or is in, such a principal",
    from: "Principal",
    to: "Principal",
    scratch: "forwards",
    props: { tier, level: int("Memberships, and one") },
  },
  TELLS: {
    about: "What tells somebody apart: a named principal, or a place where policies bind them (a loop)",
    from: "Principal",
    to: "Principal",
    scratch: "forwards",
    props: { mark: str("Its code, and how") },
  },
  SIGN: {
    about: "By what a person can be told apart, in short (a loop)",
    from: "Principal",
    to: "Principal",
    scratch: "forwards",
    props: { n: int("Marks"), mark: str("Some of them") },
  },
  LIKE_ONE: {
    about: "A person, and the first of those with the same sign",
    from: "Principal",
    to: "Principal",
    scratch: "forwards",
    props: {},
  },
  SAME: {
    about: "The same, where they have the very same marks",
    from: "Principal",
    to: "Principal",
    scratch: "forwards",
    props: {},
  },
  LENT: {
    about: "A principal with whose rights an agent acts",
    from: "Agent",
    to: "Principal",
    scratch: "forwards",
    props: {
      mode: str("app, agent-user, on-behalf-of, maker or key"),
      via: str("MCP server or agent that lends them, or empty"),
      level: int("Relationships on the way"),
      far: str("A mark each"),
      server: int("1 if a server lends them"),
      alike: str("Of persons of an audience whom nothing tells apart: a code they share; else empty"),
    },
  },
  STANDS_FOR: {
    about: "Principals whose rights an actor has, or could have",
    from: "Actor",
    to: "Principal",
    scratch: "both ways",
    props: {
      tier,
      hops,
      level: int("Steps from the agent"),
      direct: int("1 if it is the identity itself, not a group that it is in"),
      path: str("A mark a level, then codes of the principals: the smallest shortest path"),
    },
  },
  OWNED: {
    about: "Principals that an actor is, or is in, by any of its identities",
    from: "Actor",
    to: "Principal",
    scratch: "forwards",
    props: {},
  },
  DENIES: {
    about: "A deny assignment that binds the actor",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: { ...primitives, children: int("1 if it binds what is below, too") },
  },
  BOTH: {
    about: "Actors that may hold both sorts of grant in one tree (a loop on the actor)",
    from: "Actor",
    to: "Actor",
    scratch: "forwards",
    props: {},
  },
  NEAR: {
    about: "Places at which one plain grant does not say what an actor can do",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: {},
  },
  POOLED: {
    about: "Places to add up for any identity of an actor",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: {},
  },
  STAKES: {
    about: "A place at which an identity of an actor has a containment grant",
    from: "Actor",
    to: "Scope",
    scratch: "both ways",
    props: {},
  },
  AT: {
    about: "The same, each once, and where another identity of the same actor adds up",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: {},
  },
  MARK: {
    about: "The same, and what decides there",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: { shut: int("1 if something besides grants may decide there") },
  },
  OVER: {
    about: "What contains a marked place, where ABOVE does not say it",
    from: "Scope",
    to: "Scope",
    scratch: "forwards",
    props: { level: int("Steps of containment") },
  },
  HELD: {
    about: "A grant on an access list at a place where something besides grants decides",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: {
      tier,
      hops,
      subtree: int("0"),
      sees: lvl("discover, if it gave nothing else"),
      read: lvl("read"),
      write: lvl("write"),
      manage: lvl("manage"),
      reason,
      rank,
      path: ids,
      grant: code,
      became: int("1 for somebody that the actor became by control, whom no policy binds"),
    },
  },
  POINT: {
    about: "A containment grant of an actor at a marked place",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: {
      tier,
      hops,
      bound: int("1 if denies bind it"),
      floor: int("1 if what it gives besides is unknown"),
      ...primitives,
      ...worth,
      opens: int("1 if it gets at account keys"),
      reason,
      rank,
      path: ids,
      grant: code,
    },
  },
  TAKEN: {
    about: "Primitive actions that denies at and above a place take away",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: { shut: int("As of MARK"), ...primitives },
  },
  LEFT: {
    about: "What denies leave of a containment grant at a place where something besides grants decides",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: {
      tier,
      hops,
      held: int("0: nothing decides, 1: the request, about content, 2: the request, about all, 3: never"),
      ...worth,
      sees: lvl("discover, without access to content"),
      assigns: lvl("manage, without access to content"),
      reason,
      rank,
      path: ids,
      grant: code,
    },
  },
  KEYED: {
    about: "Storage accounts whose keys an actor can get",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: {
      tier,
      hops,
      sure: lvl("open the account"),
      reason,
      rank,
      path: ids,
      grant: code,
    },
  },
  PART: {
    about: "What one path gives at a place",
    from: "Actor",
    to: "Scope",
    scratch: "both ways",
    props: part,
  },
  LATER: {
    about: "What a right to change permissions adds, one step later",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: part,
  },
  ROW: {
    about: "Rights at a place in one tier, added up",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: { tier, subtree: int("1 if everything below is included"), ...rights },
  },
  NEXT: {
    about: "How far above a row the next row of the same actor and tier stands",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: { tier, level: int("Steps of containment") },
  },
  APART: {
    about: "A row of a later tier at a place where earlier ones give something else than above it",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: {
      tier,
      subtree: int("1 if what an earlier tier lets read includes everything below"),
      cut: int("1 if an earlier tier lets read here, and not everything below the row above"),
      anew: int(
        "1 if it shows something that the row above need not show, since an earlier tier gives it there",
      ),
    },
  },
  SPENT: {
    about: "A row of a later tier above which nothing is added: it need not end anything",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: { tier },
  },
  SHOWN: {
    about: "A row after what earlier tiers and the row above already say",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: {
      tier,
      subtree: int("1 if everything below is included"),
      ...rights,
      absorbed: int(
        "1 if the row above says the same. Cut out of what the row above counts: 2 if it shows nothing itself, 3 if the row above says the same",
      ),
    },
  },
  OFFER: {
    about: "A path that may prove a row",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: {
      tier,
      hops,
      reason,
      rank,
      path: ids,
      grant: code,
      regrant,
      who,
    },
  },
  WITNESS: {
    about: "The best of them",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: {
      tier,
      hops,
      reason,
      rank,
      grant: code,
      regrant,
      who,
    },
  },
  OUTER: {
    about: "How far above a shown row the next shown row stands",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: {
      tier,
      level: int("Steps of containment"),
      absorbed: int("The least SHOWN.absorbed of the rows above: 0 if one of them is a row of its own"),
    },
  },
  LESS: {
    about: "Items below a row that rows further down count",
    from: "Actor",
    to: "Scope",
    scratch: "forwards",
    props: {
      tier,
      items: int("Items"),
      sensitive: int("With sensitive types"),
      unlabeled_sensitive: int("With sensitive types, without a label"),
    },
  },
  BLIND: {
    about: "Gaps of coverage that concern a scope (a loop on the scope)",
    from: "Scope",
    to: "Scope",
    props: {
      rank: int("Worst state: 5 failed, 4 denied, 3 partial, 2 skipped, 1 not-modelled"),
      denies: int("1 if the gap may hide something that takes access away"),
      steps: list("Steps that were not read completely"),
    },
  },
  HOLDS: {
    about: "Items a scope protects, by label and set of sensitive types",
    from: "Scope",
    to: "Label",
    props: {
      types: str('Sorted set of sensitive types, joined by "; "'),
      items: int("How many"),
      bytes: int("Their size"),
      inspected: int("How many of them somebody looked into for sensitive types"),
    },
  },
  TALLY: {
    about: "What lies in a scope and below it (a loop on the scope)",
    from: "Scope",
    to: "Scope",
    props: {
      below: int("0: the scope alone; 1: with everything below; 2: both, since nothing below holds items"),
      items: int("Items"),
      labeled: int("With a sensitivity label"),
      unlabeled: int("Looked at, without a label"),
      label_unknown: int("Label not looked at"),
      label_unclear: int("With a label of which it is not known whether it encrypts"),
      sensitive: int("With sensitive types"),
      unlabeled_sensitive: int("With sensitive types, without a label"),
      not_inspected: int("Nobody looked for sensitive types"),
      top_label: str("Label of highest priority there"),
    },
  },
  GUARDED: {
    about: "Items in a scope, and below it, whose label something guards: encryption, or a policy on its use",
    from: "Scope",
    to: "Label",
    props: {
      below: int("0: the scope alone; 1: with everything below; 2: both, since nothing below holds any"),
      items: int("How many"),
    },
  },
  CLEARED: {
    about: "Usage rights that an actor has on a label",
    from: "Actor",
    to: "Label",
    scratch: "forwards",
    props: { view: int("1 if it may open"), extract: int("1 if it may be used in an answer") },
  },
  PERHAPS: {
    about: "Usage rights that an actor has on a label if its person has an address of a mail domain",
    from: "Actor",
    to: "Label",
    scratch: "forwards",
    props: { view: int("1 if it might open"), extract: int("1 if it might be used in an answer") },
  },
  BARRED: {
    about: "Labels that no policy lets an actor use on its surface",
    from: "Actor",
    to: "Label",
    scratch: "forwards",
    props: {},
  },
  OPENS: {
    about: "What an actor may do with content of a guarded label",
    from: "Actor",
    to: "Label",
    scratch: "forwards",
    props: {
      view: int("1 or 0; absent: unknown"),
      extract: int("1 or 0; absent: unknown"),
      blocked: int("1 if a policy keeps it out of answers"),
    },
  },
  MAY_OPEN: {
    about: "What an agent may do with content of a guarded label that it can read. Absent (NULL): unknown",
    from: "Agent",
    to: "Label",
    props: {
      mode: str("With whose rights: app, agent-user, on-behalf-of, maker or key"),
      via: str("MCP server or agent it goes through, or absent"),
      view: bool("May open it; absent: unknown"),
      extract: bool("May use it in an answer; absent: unknown"),
      blocked: bool("A policy keeps it out of answers on this surface"),
    },
  },
  HAS_RIGHTS_OF: {
    about: "Whose rights an agent has or could have: its own identity, groups, what it could become",
    from: "Agent",
    to: "Principal",
    props: {
      mode: str("app, agent-user, on-behalf-of, maker or key"),
      via: str("MCP server or agent it goes through, or absent"),
      tier: str("now, potential or latent"),
      hops: int("For latent: how many steps of control"),
      level: int("Steps from the agent"),
      path: str("A mark a level, then codes of the principals on the way"),
      person: str(
        "Of several identities in this mode, the one from which the way starts, or the first of those whom nothing tells apart; absent: there is one",
      ),
      itself: bool("It is the identity itself, or everyone as a person: what names these alone counts"),
    },
  },
  READS_COPY: {
    about: "Rows of CAN_REACH whose witness goes through a copy that left its permissions behind",
    from: "Agent",
    to: "Scope",
    props: {
      mode: str("As of the row"),
      via: str("As of the row"),
      tier: str("As of the row"),
      copy: str("Id of the copy that is read; of embedded content, of the place that was embedded"),
      embedded: bool("The agent, or the one that it goes through, carries the content in itself"),
    },
  },
  CAN_REACH: {
    about: "What an agent can do at a scope, one row a tier. A right that is absent (NULL) is unknown",
    from: "Agent",
    to: "Scope",
    props: {
      mode: str("With whose rights: app, agent-user, on-behalf-of, maker or key"),
      via: str("MCP server or agent it goes through, or absent"),
      tier: str("now, conditional, potential or latent"),
      hops: int("For latent: how many steps"),
      discover: bool("Can see that it exists; absent: unknown"),
      read: bool("Can read; absent: unknown"),
      write: bool("Can create, change or delete; absent: unknown"),
      manage: bool("Can change who has access; absent: unknown"),
      certainty: str("exact, upper-bound or unknown"),
      reason_code: str("Why it is not exact, or absent"),
      subtree: bool("True: everything below is included and has no row of its own"),
      absorbed: bool("Said already by the row above: not shown, kept for its witness"),
      top: bool("No row of this agent and tier stands above: its items count"),
      readable_items: int("Items that this row lets read and no other row counts"),
      readable_sensitive: int("Of them, with sensitive types"),
      readable_unlabeled_sensitive: int("Of them, with sensitive types and without a label"),
      steps: int("Relationships on the witness path"),
      grant: int("The grant on the witness path, as GRANTED.code"),
      regrant: bool("True: by that grant the agent gives itself the rights, which is the last of its steps"),
      person: str(
        "Of several identities in this mode, the one whose rights the witness uses, or the first of those whom nothing tells apart; absent: there is one",
      ),
      unread: bool("True: it would be exact, but for what was not read here or below"),
    },
  },
} as const satisfies Readonly<
  Record<
    string,
    {
      about: string;
      from: NodeKindName | keyof typeof DERIVED_NODES;
      to: NodeKindName | keyof typeof DERIVED_NODES;
      scratch?: "forwards" | "both ways";
      props: Readonly<Record<string, PropSpec>>;
    }
  >
>;
type NodeKindName = keyof typeof NODES;
export type DerivedNode = keyof typeof DERIVED_NODES;
export type DerivedRel = keyof typeof DERIVED;
export type DerivedKind = DerivedNode | DerivedRel;
export const DERIVED_NODE_KINDS = Object.keys(DERIVED_NODES) as readonly DerivedNode[];
export const DERIVED_REL_KINDS = Object.keys(DERIVED) as readonly DerivedRel[];
/** Derived by counting, which is the work of the inventory; the others by rules. */
export type CountedKind = "HOLDS" | "TALLY" | "GUARDED";
export const isDerivedNode = (kind: string): kind is DerivedNode => Object.hasOwn(DERIVED_NODES, kind);
/** Relationships that stay when the rules have run. */
export const PUBLISHED_KINDS: readonly DerivedRel[] = DERIVED_REL_KINDS.filter(
  (kind) => !("scratch" in DERIVED[kind]),
);

export type NodeKind = keyof typeof NODES;
export type RelKind = keyof typeof RELS;
export type Kind = NodeKind | RelKind;
export const NODE_KINDS = Object.keys(NODES) as readonly NodeKind[];
export const REL_KINDS = Object.keys(RELS) as readonly RelKind[];

interface TypeOf {
  string: string;
  int: number;
  bool: boolean;
  timestamp: string;
  "string[]": readonly string[];
}
type PropsFrom<P> = {
  -readonly [K in keyof P]?: P[K] extends { type: infer T extends PropType }
    ? TypeOf[T] | null | undefined
    : never;
};
export type NodeProps<K extends NodeKind = NodeKind> = PropsFrom<(typeof NODES)[K]["props"]>;
export type RelProps<K extends RelKind = RelKind> = PropsFrom<(typeof RELS)[K]["props"]> & { key?: string };

/** A node by id, or by alias where the connector cannot know the id (`appid:…`, `application:…`, `upn:…`, `mail:…`, `sid:…`). */
export type NodeRef<K extends NodeKind = NodeKind> =
  | { kind: K; id: string; alias?: undefined }
  | { kind: K; alias: string; id?: undefined };
export type NodeRecord<K extends NodeKind = NodeKind> = K extends NodeKind
  ? { kind: K; id: string; props: NodeProps<K> }
  : never;
export type RelRecord<K extends RelKind = RelKind> = K extends RelKind
  ? { kind: K; from: NodeRef; to: NodeRef; props?: RelProps<K> }
  : never;
export type GraphRecord = NodeRecord | RelRecord;
export type Removal =
  | { kind: NodeKind; id: string }
  | { kind: RelKind; from: NodeRef; to: NodeRef; key?: string };
export type Change = { put: GraphRecord } | { remove: Removal };

export const isNodeKind = (kind: string): kind is NodeKind => Object.hasOwn(NODES, kind);
export const isRelKind = (kind: string): kind is RelKind => Object.hasOwn(RELS, kind);

/** Ids come from here, one function a kind of id, so that two connectors name one thing alike. */
export const directoryId = (objectId: string): string => objectId.toLowerCase();
/** ARM ids are case-insensitive and may end in a slash; `/` is the tenant root. */
export const armId = (id: string): string => {
  const trimmed = id.trim().replace(/\/+$/, "").toLowerCase();
  return trimmed === "" ? "/" : trimmed.startsWith("/") ? trimmed : `/${trimmed}`;
};
export const planeId = (plane: string): string => `plane:${plane}`;
/** A grant whose effect no rule models yet: a place of its own, so that it is said and never mixed up. */
export const unmodelledId = (plane: string, scope: string): string => `unknown:${plane}:${scope}`;

/** A sensitivity label is known by a GUID; files write it in either case. */
export const labelId = (id: string): string => id.toLowerCase();
export const UNLABELED = "unlabeled";
export const LABEL_UNKNOWN = "label-unknown";
