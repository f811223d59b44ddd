/** Which store a configuration means, and with which credentials. These never come from a command line. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { StoreSpec } from "../config.ts";
import { ConfigError } from "../model.ts";
import type { GraphStore } from "./store.ts";
import { openEmbeddedStore } from "./store-embedded.ts";
import type { Neo4jStore } from "./store-neo4j.ts";
import type { Neo4jOptions, QueryLimits } from "./store-neo4j-server.ts";

export interface OpenStoreOptions {
  /** Folder of the data: the embedded graph lies in `graph` in it. */
  folder: string;
  /** Name of the embedded graph's file. */
  graph: string;
  tenant: string;
  store: StoreSpec;
  env?: Readonly<Record<string, string | undefined>>;
  /** Asks a person, where one is there. */
  askPassword?: ((user: string, uri: string) => Promise<string>) | undefined;
  limits?: QueryLimits;
  onStage?: ((detail: string) => void) | undefined;
}

/** The store of the configuration. Throws ConfigError if credentials are missing; nothing is opened yet. */
export async function openStore(options: OpenStoreOptions): Promise<GraphStore | Neo4jStore> {
  const deriver = openEmbeddedStore({ folder: join(options.folder, "graph"), file: options.graph });
  if (options.store.kind === "embedded") return deriver;
  const server = await neo4jOptions(options.store, options.env ?? process.env, options.askPassword);
  // Loaded here: what it brings takes longer to load than a question to the embedded store takes.
  const { openNeo4jStore } = await import("./store-neo4j.ts");
  return openNeo4jStore({
    server,
    tenant: options.tenant,
    folder: join(options.folder, "published"),
    deriver,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.onStage === undefined ? {} : { onStage: options.onStage }),
  });
}

export const isNeo4j = (store: GraphStore | Neo4jStore): store is Neo4jStore => "publication" in store;

type Neo4jSpec = Extract<StoreSpec, { kind: "neo4j" }>;

/** What the configuration says, else the file of credentials, else the environment, else a person. */
export async function neo4jOptions(
  spec: Neo4jSpec,
  env: Readonly<Record<string, string | undefined>>,
  askPassword?: OpenStoreOptions["askPassword"],
): Promise<Neo4jOptions> {
  const file = spec.credentials === undefined ? {} : await readCredentials(spec.credentials);
  const uri = spec.uri ?? file.NEO4J_URI ?? env.FOREREACH_NEO4J_URI;
  const user = spec.user ?? file.NEO4J_USERNAME ?? env.FOREREACH_NEO4J_USER ?? "neo4j";
  const database = spec.database ?? file.NEO4J_DATABASE ?? env.FOREREACH_NEO4J_DATABASE;
  if (uri === undefined)
    throw new ConfigError(
      "neo4j-uri",
      "store.kind is neo4j, and nothing says where it is",
      "set store.uri, store.credentials or FOREREACH_NEO4J_URI",
    );
  const password =
    spec.password ??
    file.NEO4J_PASSWORD ??
    env.FOREREACH_NEO4J_PASSWORD ??
    (askPassword === undefined ? undefined : await askPassword(user, uri.replace(/\/\/[^/]*@/, "//")));
  if (password === undefined || password === "")
    throw new ConfigError(
      "neo4j-password",
      `no password for the user "${user}" of Neo4j`,
      "set FOREREACH_NEO4J_PASSWORD, or store.credentials to a file that holds it",
    );
  return {
    uri,
    user,
    password,
    ...(database === undefined ? {} : { database }),
    ...(spec.ca === undefined ? {} : { ca: spec.ca }),
  };
}

/** Lines `NAME=value`, as the console of Aura gives them to download. */
async function readCredentials(path: string): Promise<Record<string, string | undefined>> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unreadable";
    throw new ConfigError(
      "credentials-unreadable",
      `store.credentials: ${path} cannot be read (${code})`,
      "name a file with NEO4J_URI=, NEO4J_USERNAME= and NEO4J_PASSWORD=",
      { cause },
    );
  }
  return Object.fromEntries(
    text.split(/\r?\n/).flatMap((line) => {
      const [, name, value] = /^\s*(NEO4J_[A-Z]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
}
