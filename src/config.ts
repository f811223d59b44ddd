/** The configuration file: what it may say, and how it is read. Values never show in an error. */
import { readFile, stat } from "node:fs/promises";
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from "yaml";
import { z } from "zod";
import { AGENT_SOURCES } from "./collect/select.ts";
import { COLLECTED_LEVELS, ConfigError } from "./model.ts";
import { nearest } from "./nearest.ts";

const text = z.string().min(1);
const clientId = z.guid().describe("Application (client) id that signs in");

const credential = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("certificate"),
      clientId,
      path: text.describe("PEM file with certificate and private key"),
      password: text.optional().describe("Of the private key; keep it in the environment"),
    }),
    z.strictObject({
      kind: z.literal("managed-identity"),
      clientId: clientId.optional().describe("Of a user-assigned identity; absent: the system-assigned one"),
    }),
    z.strictObject({
      kind: z.literal("workload-federation"),
      clientId,
      tokenFile: text.optional().describe("Absent: AZURE_FEDERATED_TOKEN_FILE"),
    }),
    z.strictObject({
      kind: z.literal("client-secret"),
      clientId,
      secret: text.describe("Keep it in the environment"),
    }),
    z.strictObject({
      kind: z.literal("developer").describe("Whoever is signed in with az, azd or PowerShell"),
    }),
  ])
  .describe("How this connector signs in");
export type CredentialSpec = z.infer<typeof credential>;

const patterns = z.array(text).default([]);
const connector = z.strictObject({ credential });

const store = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("embedded").describe("A file in the data folder; no server") }),
    z.strictObject({
      kind: z.literal("neo4j").describe("Derived here, published to a Neo4j server as differences"),
      uri: text.optional().describe("neo4j+s://HOST, neo4j:// or bolt://; absent: FOREREACH_NEO4J_URI"),
      database: text.optional().describe("Absent: FOREREACH_NEO4J_DATABASE, or the user's own"),
      user: text.optional().describe("Absent: FOREREACH_NEO4J_USER, or neo4j"),
      password: text.optional().describe("Keep it in the environment; absent: FOREREACH_NEO4J_PASSWORD"),
      credentials: text
        .optional()
        .describe("File with NEO4J_URI=, NEO4J_USERNAME= and NEO4J_PASSWORD=, as Aura gives it"),
      ca: text.optional().describe("PEM file of a private certificate authority, for +s"),
    }),
  ])
  .prefault({ kind: "embedded" })
  .describe("Where the graph is asked");
export type StoreSpec = z.infer<typeof store>;

const agentMatch = z
  .strictObject({
    id: text.optional(),
    appId: text.optional(),
    name: text.optional().describe("May hold * and ?"),
    tag: text.optional().describe("May hold * and ?"),
    kind: text.optional().describe("ServicePrincipal, ManagedIdentity, User, ..."),
  })
  .refine((match) => Object.keys(match).length > 0, "says nothing to match");

/** `connectors` are the names that may stand under `connectors:`; without them any may (for the type). */
function schemaFor(connectors: readonly string[]) {
  const known = Object.fromEntries(connectors.map((name) => [name, connector.optional()]));
  return z.strictObject({
    level: z
      .enum(COLLECTED_LEVELS)
      .default("metadata")
      .describe(
        "How deep to look; each level includes the one before. At exports and content nothing is collected yet",
      ),
    agents: z
      .strictObject({
        source: z.enum(AGENT_SOURCES).default("entra").describe("Which identities count as agents"),
        list: z.array(agentMatch).default([]).describe("Identities that are agents on your word"),
      })
      .prefault({}),
    store,
    network: z
      .strictObject({
        proxy: z.url({ protocol: /^https?$/ }).optional(),
        ca: text.optional().describe("PEM file of a private certificate authority"),
      })
      .prefault({}),
    tenants: z
      .array(
        z.strictObject({
          id: z.guid().describe("Tenant (directory) id"),
          name: text.optional(),
          cloud: z.enum(["public", "usgov", "china"]).default("public"),
          budget: z
            .number()
            .min(1)
            .max(100)
            .default(50)
            .describe("Percent of the tenant's request budget that may be used"),
          include: patterns.describe("Scopes to read, with all below them; absent: all"),
          exclude: patterns.describe("Scopes to leave out, with all below them"),
          connectors: z.strictObject(known),
        }),
      )
      .min(1),
  });
}

type Parsed = z.infer<ReturnType<typeof schemaFor>>;
export type ConnectorConfig = z.infer<typeof connector>;
export type TenantConfig = Omit<Parsed["tenants"][number], "connectors"> & {
  connectors: Readonly<Record<string, ConnectorConfig>>;
};
export type Config = Omit<Parsed, "tenants"> & { tenants: TenantConfig[] };
export type Cloud = TenantConfig["cloud"];

/** JSON Schema of the file, for editors. */
export function configJsonSchema(connectors: readonly string[]): Record<string, unknown> {
  return { ...z.toJSONSchema(schemaFor(connectors), { io: "input" }), title: "Forereach configuration" };
}

export interface LoadedConfig {
  config: Config;
  /** What is allowed but unwise, in words. */
  warnings: string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and checks a configuration file. `${NAME}` inside a text value is taken from the environment.
 * Throws ConfigError that names file, line and key, and never a value.
 */
export async function loadConfig(
  path: string,
  connectors: readonly string[],
  env: Environment = process.env,
): Promise<LoadedConfig> {
  let source: string;
  let mode: number;
  try {
    [source, { mode }] = await Promise.all([readFile(path, "utf8"), stat(path)]);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    const missing = code === "ENOENT";
    throw new ConfigError(
      missing ? "config-missing" : "config-unreadable",
      missing ? `${path}: there is no such file` : `${path}: cannot be read (${code})`,
      missing ? "forereach init, or name another file with --config" : "make it readable for this user",
      { cause: error },
    );
  }
  const { config, literalSecrets } = parseConfig(source, path, connectors, env);
  const exposed = process.platform !== "win32" && (mode & 0o077) !== 0 && literalSecrets;
  const warnings = exposed ? [`${path} holds a secret and others can read it: chmod 600 ${path}`] : [];
  return { config, warnings };
}

/** The pure part of loadConfig. `literalSecrets` is true if a secret stands in the text itself. */
export function parseConfig(
  source: string,
  path: string,
  connectors: readonly string[],
  env: Environment,
): { config: Config; literalSecrets: boolean } {
  const lines = new LineCounter();
  // Pretty errors would quote the line, and with it perhaps a secret.
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const broken = document.errors[0];
  if (broken !== undefined) {
    const where = `${path}:${lines.linePos(broken.pos[0]).line}`;
    // In { } the braces of a variable end the map: a slip that many will make.
    const fix = source.includes("${")
      ? "correct this line; inside { } a variable stands in quotes"
      : "correct this line";
    throw new ConfigError("config-syntax", `${where}: not YAML (${broken.code})`, fix);
  }
  if (document.contents === null) {
    throw new ConfigError("config-empty", `${path}: the file is empty`, "forereach init");
  }
  const literalSecrets = fillIn(document, env, (offset) => `${path}:${lines.linePos(offset).line}`);

  const schema = schemaFor(connectors);
  const result = schema.safeParse(document.toJS());
  if (result.success) return { config: tidy(result.data, path), literalSecrets };
  const jsonSchema = configJsonSchema(connectors);
  const problems = result.error.issues.flatMap((issue) => {
    const at = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
    const line = (place: readonly (string | number)[]) =>
      `${path}:${lines.linePos(offsetOf(document, place)).line}: ${shown(place)}`;
    if (issue.code !== "unrecognized_keys") return [`${line(at)}: ${plainMessage(issue)}`];
    return issue.keys.map((key) => {
      const near = nearest(key, keysAt(jsonSchema, at));
      return `${line([...at, key])} is not known${near === undefined ? "" : `; did you mean ${near}?`}`;
    });
  });
  throw new ConfigError(
    "config-invalid",
    problems.join("\n"),
    "forereach init prints every key with comments",
  );
}

function tidy(parsed: Parsed, path: string): Config {
  const seen = new Set<string>();
  const tenants = parsed.tenants.map((tenant) => {
    const id = tenant.id.toLowerCase();
    if (seen.has(id)) {
      throw new ConfigError("config-invalid", `${path}: tenant ${id} is listed twice`, "merge the two");
    }
    seen.add(id);
    const used = Object.entries(tenant.connectors).flatMap(([name, spec]) =>
      spec === undefined ? [] : [[name, spec] as const],
    );
    return { ...tenant, id, connectors: Object.fromEntries(used) };
  });
  return { ...parsed, tenants };
}

/** Replaces `${NAME}` in text values; `$${` stands for `${`. Returns whether a secret is written out. */
function fillIn(document: Document, env: Environment, where: (offset: number) => string): boolean {
  let literalSecrets = false;
  visit(document, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || !isScalar(value) || typeof value.value !== "string") return;
      const secret = key.value === "secret" || key.value === "password";
      const address = key.value === "proxy" && value.value.includes("@");
      if ((secret || address) && !value.value.includes("${")) literalSecrets = true;
    },
    Scalar(key, node) {
      if (key === "key" || typeof node.value !== "string") return;
      node.value = node.value.replace(/\$(\$\{)|\$\{([^}]*)\}/g, (_, escaped?: string, name = "") => {
        if (escaped !== undefined) return escaped;
        const value = env[name];
        if (value !== undefined && value !== "") return value;
        throw new ConfigError(
          "config-environment",
          `${where(node.range?.[0] ?? 0)}: the environment has no ${name}`,
          `export ${name}=...`,
        );
      });
    },
  });
  return literalSecrets;
}

/** Offset of the key at this place, or of the nearest thing above it. */
function offsetOf(document: Document, place: readonly (string | number)[]): number {
  for (let length = place.length; length > 0; length -= 1) {
    const parent = document.getIn(place.slice(0, length - 1), true);
    const last = place[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => isScalar(key) && key.value === last);
      if (pair !== undefined && isNode(pair.key)) return pair.key.range?.[0] ?? 0;
    }
    const node = document.getIn(place.slice(0, length), true);
    if (isNode(node)) return node.range?.[0] ?? 0;
  }
  return 0;
}

const shown = (place: readonly (string | number)[]) =>
  place.map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`)).join("") ||
  "the file";

/** Zod's words, where they cannot hold the value that was given. */
function plainMessage(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be of type ${issue.expected}`;
    case "invalid_value":
      return `must be one of ${issue.values.map(String).join(", ")}`;
    case "invalid_union":
      return "must be one of certificate, managed-identity, workload-federation, client-secret, developer";
    case "invalid_format":
      return `must be a ${issue.format === "guid" ? "GUID" : issue.format}`;
    case "too_small":
      return `must be at least ${issue.minimum}${issue.origin === "array" ? " long" : ""}`;
    case "too_big":
      return `must be at most ${issue.maximum}`;
    case "custom":
      return issue.message;
    default:
      return "is not valid";
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Keys that the schema knows at this place; of alternatives, those of all. */
function keysAt(schema: unknown, place: readonly (string | number)[]): string[] {
  if (!isRecord(schema)) return [];
  const alternatives = [schema.anyOf, schema.oneOf].flatMap((list) => (Array.isArray(list) ? list : []));
  if (alternatives.length > 0) return alternatives.flatMap((part) => keysAt(part, place));
  const [head, ...rest] = place;
  const properties = isRecord(schema.properties) ? schema.properties : {};
  if (head === undefined) return Object.keys(properties);
  return keysAt(typeof head === "number" ? schema.items : properties[head], rest);
}

/** What `forereach init` writes: every key, with comments, ready to run after `az login`. */
export function initConfig(tenantId: string, connectors: readonly string[]): string {
  const blocks = connectors.map((name) => `      ${name}:\n        credential: *signin`).join("\n");
  return `# Forereach configuration. \${NAME} in a value is taken from the environment.
# forereach check says what works and what is missing.

# How deep to look: metadata, or labels (reads label bytes of files, too).
level: metadata

agents:
  # entra: agent identities only. service-principals: every service principal and managed identity too.
  source: entra
  # Identities that are agents on your word: by id, appId, name, tag or kind (* and ? in names and tags).
  list: []
  # - name: "bot-*"
  # - appId: 00000000-0000-0000-0000-000000000000

# Where the graph is asked: embedded, or a Neo4j server (docs/neo4j.md).
# store:
#   kind: neo4j
#   uri: neo4j+s://graph.example
#   password: "\${NEO4J_PASSWORD}"

# network:
#   proxy: http://proxy.example:8080
#   ca: /etc/ssl/private-ca.pem

tenants:
  - id: ${tenantId}
    # public, usgov or china
    cloud: public
    # Percent of the tenant's request budget that Forereach may use.
    budget: 50
    # Scopes to read or to leave out, each with all below it. What is left out is reported as skipped.
    include: []
    exclude: []
    # - /subscriptions/00000000-0000-0000-0000-000000000000
    connectors:
      # One credential a connector; an anchor (&signin) shares one. Kinds:
      #   { kind: certificate, clientId: ..., path: key.pem, password: "\${KEY_PASSWORD}" }
      #   { kind: managed-identity, clientId: ... }
      #   { kind: workload-federation, clientId: ..., tokenFile: ... }
      #   { kind: client-secret, clientId: ..., secret: "\${CLIENT_SECRET}" }
      #   { kind: developer }     whoever is signed in with az, azd or PowerShell
${blocks.replace("*signin", "&signin { kind: developer }")}
`;
}
