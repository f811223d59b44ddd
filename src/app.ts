/** The facade: everything the product does, as functions. The command line and other faces only print. */
import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { access, constants, mkdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { connectors } from "../connectors/index.ts";
import { checkParameters, checkQuery } from "./ask/gate.ts";
import { QUERY_LIMITS, runIsolated, tooLarge } from "./ask/isolated.ts";
import { checkKinds } from "./ask/names.ts";
import { runQuery, savedQuery } from "./ask/query.ts";
import type {
  EndpointOverrides,
  Recorder,
  TenantSize,
  TenantTransport,
  TransportOptions,
} from "./collect/http.ts";
import type { CrawlEvent } from "./collect/progress.ts";
import type { AgentSelection } from "./collect/select.ts";
import type { Config, LoadedConfig, StoreSpec, TenantConfig } from "./config.ts";
import type { Step } from "./connector.ts";
import { isPoolFull } from "./graph/engine.ts";
import { tenantLabel } from "./graph/generate-neo4j.ts";
import type { GraphStore } from "./graph/store.ts";
import type { Neo4jStore } from "./graph/store-neo4j.ts";
import { isNeo4j, type OpenStoreOptions, openStore } from "./graph/store-open.ts";
import { PUBLICATION, readBehind, withBehind, writeBehind } from "./keep/behind.ts";
import type { Inventory, Tenant } from "./keep/inventory.ts";
import type { Strangers } from "./keep/inventory-strangers.ts";
import {
  type GraphMeta,
  isCurrent,
  type KnownMeta,
  knownMeta,
  openGaps,
  readMeta,
  writeMeta,
} from "./keep/meta.ts";
import {
  ConfigError,
  type ForereachError,
  Interrupted,
  type Level,
  type Params,
  type Row,
  StoreError,
} from "./model.ts";
import {
  type FoundPlace,
  findItem,
  findNodes,
  isNotFound,
  notFoundIn,
  type ReachRequest,
  reachRows,
  worstOf,
} from "./reach/answers.ts";
import { withAudience } from "./reach/audience.ts";
import { heldAt } from "./reach/copies.ts";
import { type Brings, bringsOf } from "./reach/gaps.ts";
import { holdersAt } from "./reach/holders.ts";
import { type Asked, agentsInside, insideOf, placesInside } from "./reach/inside.ts";
import { keepWholes } from "./reach/kept.ts";
import { createDecoder, type PathStep } from "./reach/paths.ts";
import { type Narrowing, type Ranking, rankingOf } from "./reach/ranking.ts";
import type { ReachRow } from "./reach/reach-row.ts";
import { chainOf } from "./reach/tree.ts";
import { type Ways, waysBetween } from "./reach/ways.ts";
import type { Kind } from "./schema.ts";

export interface AppEvents {
  onCrawl?: (event: CrawlEvent) => void;
  /** The scan continues an interrupted one that started then (ISO). */
  onResume?: (startedAt: string) => void;
  onStage?: (stage: string, detail: string) => void;
  /** A first answer was published, or could not be, while the crawl goes on. */
  onEarly?: (early: { meta: GraphMeta } | { error: unknown }) => void;
}

export interface ScanOptions extends AppEvents {
  /** Folder of the inventory and the graph. */
  folder: string;
  signal: AbortSignal;
  mode: "full" | "delta";
  level?: Level;
  agents?: AgentSelection["source"];
  /** Where the answers come from. */
  from: FromTenant | FromRecording | FromSimulator;
  /** File that the exchanges are recorded to, without secrets. */
  record?: string;
  /** Where the graph is published; absent: beside the inventory. */
  store?: StoreSpec;
  askPassword?: OpenStoreOptions["askPassword"];
  /** Publish first answers, said to be partial, while the crawl goes on. Default: unless it is a recording. */
  early?: boolean;
}

interface FromTenant {
  kind: "tenant";
  config: Config;
  tenant: TenantConfig;
}
interface FromRecording {
  kind: "recording";
  file: string;
}
interface FromSimulator {
  kind: "simulator";
  endpoints: EndpointOverrides;
  /** Sets the request budget; the smallest if absent. */
  size?: TenantSize;
  /** A simulator in this process, with a clock of its own. */
  transport?: Pick<TransportOptions, "wire" | "clock" | "throttles">;
}

const inventoryFile = (folder: string): string => join(folder, "inventory.duckdb");
const steps = (): Step[] => connectors.flatMap((connector) => [...connector.steps]);
const hash = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 32);

/** Reads a tenant, builds the graph and derives reach. Throws Interrupted if the signal was raised: a rerun continues. */
export async function scan(options: ScanOptions): Promise<GraphMeta> {
  const { folder, from, signal } = options;
  // What collects and builds is loaded by who needs it: questions would wait for it longer than for their answer.
  const [{ crawl }, { publishEarly }, { buildGraph }] = await Promise.all([
    import("./collect/crawl.ts"),
    import("./collect/early.ts"),
    import("./reach/build.ts"),
  ]);
  const source = await openSource(options);
  const opened = await openFolder(folder);
  const { inventory } = opened;
  try {
    await claim(folder, opened, { id: source.tenantId, name: source.tenantName });
    const config = from.kind === "tenant" ? from.config : undefined;
    const agents: AgentSelection = {
      source: options.agents ?? config?.agents.source ?? "entra",
      list: config?.agents.list ?? [],
    };
    const level = options.level ?? config?.level ?? "metadata";
    const tenant = from.kind === "tenant" ? from.tenant : undefined;
    const build = {
      ...{ folder, inventory, connectors, tenant: { id: source.tenantId, name: source.tenantName } },
      configHash: hash([level, agents, tenant?.include ?? [], tenant?.exclude ?? []]),
      ...storeOf(options),
    };
    let scanId = "";
    const early =
      (options.early ?? from.kind !== "recording")
        ? publishEarly({
            steps: steps(),
            publish: async (unread) =>
              options.onEarly?.({ meta: await buildGraph({ ...build, scan: { id: scanId, unread } }) }),
            onFailure: (error) => options.onEarly?.({ error }),
          })
        : undefined;
    const summary = await crawl({
      connectors,
      ...(tenant === undefined ? {} : { configured: new Set(Object.keys(tenant.connectors)) }),
      inventory,
      http: (connector, step) => source.transport(connector).restrict(step.reads),
      tenantId: source.tenantId,
      level,
      mode: options.mode,
      agents,
      scopes: { include: tenant?.include ?? [], exclude: tenant?.exclude ?? [] },
      signal,
      async onStart(id) {
        scanId = id;
        await writeBehind(folder, { scan: id, imports: (await readBehind(folder)).imports });
      },
      ...(options.onResume === undefined ? {} : { onResume: options.onResume }),
      onEvent: (event) => {
        early?.observe(event);
        options.onCrawl?.(event);
      },
    }).finally(() => early?.stop());
    if (summary.interrupted)
      throw new Interrupted(
        "interrupted",
        "the scan was interrupted; what was read is kept",
        "run the same command again to go on",
      );
    return await buildGraph({
      ...build,
      ...(options.onStage === undefined ? {} : { onStage: options.onStage }),
    });
  } finally {
    await source.close();
    await inventory.close();
  }
}

const storeOf = ({ store, askPassword }: Pick<ScanOptions, "store" | "askPassword">) => ({
  ...(store === undefined ? {} : { store }),
  ...(askPassword === undefined ? {} : { askPassword }),
});

interface Source {
  tenantId: string;
  tenantName: string;
  transport(connector: string): TenantTransport;
  close(): Promise<void>;
}

async function openSource({ from, signal, record }: ScanOptions): Promise<Source> {
  const { createDispatcher, createRecorder, createTransport, openRecording } = await import(
    "./collect/http.ts"
  );
  const { createCredential } = await import("./collect/credential.ts");
  const allow = [...new Set([...steps().flatMap((step) => [...step.reads]), ORGANIZATION])];
  const recorder: Recorder | undefined = record === undefined ? undefined : await createRecorder(record);
  const shared = { allow, signal, ...(recorder === undefined ? {} : { record: recorder }) };
  const close = async () => recorder?.close();
  if (from.kind === "recording") {
    const replay = await openRecording(from.file);
    const base: Omit<TransportOptions, "tenantId"> = {
      ...shared,
      cloud: "public",
      credential: noCredential,
      share: 1,
      replay,
    };
    const { id, name } = await organizationOf(createTransport({ ...base, tenantId: "recorded" }), from.file);
    const transport = createTransport({ ...base, tenantId: id });
    return { tenantId: id, tenantName: name, transport: () => transport, close };
  }
  if (from.kind === "simulator") {
    const base: Omit<TransportOptions, "tenantId"> = {
      ...shared,
      cloud: "public",
      credential: simulatedCredential,
      // The budget of a simulated tenant is nobody else's.
      share: 1,
      ...(from.size === undefined ? {} : { tenantSize: from.size }),
      endpoints: from.endpoints,
      ...from.transport,
    };
    const { id, name } = await organizationOf(
      createTransport({ ...base, tenantId: "simulated" }),
      from.endpoints.graph ?? "the simulator",
    );
    const transport = createTransport({ ...base, tenantId: id });
    return { tenantId: id, tenantName: name, transport: () => transport, close };
  }
  const { config, tenant } = from;
  const ca = config.network.ca === undefined ? undefined : await readFile(config.network.ca, "utf8");
  const { proxy } = config.network;
  const dispatcher = createDispatcher({
    ...(proxy === undefined ? {} : { proxy }),
    ...(ca === undefined ? {} : { ca }),
  });
  const signIn = { tenantId: tenant.id, cloud: tenant.cloud, proxy, ca };
  const transports = new Map<string, TenantTransport>();
  for (const [name, { credential }] of Object.entries(tenant.connectors)) {
    const signedIn = await createCredential(credential, signIn);
    transports.set(
      name,
      createTransport({
        ...shared,
        tenantId: tenant.id,
        cloud: tenant.cloud,
        credential: () => signedIn,
        share: tenant.budget / 100,
        ...(dispatcher === undefined ? {} : { dispatcher }),
      }),
    );
  }
  return {
    tenantId: tenant.id,
    tenantName: tenant.name ?? tenant.id,
    transport: (connector) => transports.get(connector)!,
    close,
  };
}

const ORGANIZATION = "GET graph /v1.0/organization";
const noCredential = () => {
  throw new Error("internal: a recording needs no token");
};
const simulatedCredential = () => ({
  getToken: async () => ({ token: "token-for-the-simulator", expiresOnTimestamp: Date.now() + 3_600_000 }),
});

/** Whose recording it is, or which tenant is simulated. */
async function organizationOf(
  transport: TenantTransport,
  file: string,
): Promise<{ id: string; name: string }> {
  const { body } = await transport.get<{ value?: { id?: string; displayName?: string }[] }>(
    "graph",
    "/v1.0/organization",
  );
  const { id, displayName } = body.value?.[0] ?? {};
  if (id === undefined)
    throw new ConfigError(
      "no-organization",
      `${file} does not say which tenant it is: /v1.0/organization has no id`,
    );
  return { id, name: displayName ?? id };
}

interface Opened {
  inventory: Inventory;
  /** What stands beside it. */
  before: KnownMeta | undefined;
}

/** For those who write: what stands beside the inventory is known before anything is changed. */
async function openFolder(folder: string): Promise<Opened> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    throw unusable(folder, cause);
  });
  const { openInventory } = await import("./keep/inventory.ts");
  const inventory = await openInventory(inventoryFile(folder));
  try {
    return { inventory, before: await knownMeta(folder) };
  } catch (error) {
    await inventory.close();
    throw error;
  }
}

function unusable(folder: string, cause: NodeJS.ErrnoException): ForereachError {
  if (cause.code === "EEXIST" || cause.code === "ENOTDIR")
    return new ConfigError("no-folder", `${folder} is not a folder`, "--data FOLDER names another", {
      cause,
    });
  return new StoreError(
    "no-access",
    `cannot make the folder ${folder}: ${cause.message}`,
    "check who owns the folder above and whether its disk has space, or name another with --data",
    { cause },
  );
}

/** Records that no scan has given a tenant. */
const NO_TENANT: Tenant = { id: "import", name: "imported records" };

/** Whose facts the folder holds; older versions said so in the published graph alone. */
async function tenantOf(inventory: Inventory, before: KnownMeta | undefined): Promise<Tenant | undefined> {
  const kept = await inventory.tenant();
  if (kept !== undefined) return kept;
  return before === undefined || before.tenant === NO_TENANT.id
    ? undefined
    : { id: before.tenant, name: before.tenantName };
}

/** Facts of two tenants in one inventory would pass for one. Throws ConfigError if the folder holds another. */
async function claim(folder: string, { inventory, before }: Opened, tenant: Tenant): Promise<void> {
  const held = await tenantOf(inventory, before);
  if (held !== undefined && held.id !== tenant.id)
    throw new ConfigError(
      "other-tenant",
      `${folder} holds tenant ${held.name} (${held.id}), and this scan reads ${tenant.name} (${tenant.id})`,
      "use another folder for it: --data FOLDER",
    );
  await inventory.keepTenant(tenant);
}

export interface ImportOptions extends AppEvents {
  folder: string;
  file: string;
  store?: StoreSpec;
  askPassword?: OpenStoreOptions["askPassword"];
}

/** Adds the records of a file and builds the graph anew. All lines or none. */
export async function importFile({ folder, file, onStage, ...published }: ImportOptions): Promise<{
  records: number;
  coverage: number;
  /** Ids that only this file names, each at one end of relationships. */
  strangers: Strangers;
  meta: GraphMeta;
}> {
  const name = importName(file);
  await mustBeReadable(file);
  const { buildGraph } = await import("./reach/build.ts");
  const { inventory, before } = await openFolder(folder);
  try {
    const behind = await readBehind(folder);
    // Before anything is saved: what stops this between inventory and graph must not leave answers that look whole.
    await writeBehind(folder, { ...behind, imports: [...new Set([...behind.imports, `import.${name}`])] });
    const counts = await inventory.import(name, linesOf(file)).catch(async (error: unknown) => {
      // What cannot be taken back says too much; what went wrong with the file is what has to be told.
      await writeBehind(folder, behind).catch(() => undefined);
      throw error;
    });
    const tenant = (await tenantOf(inventory, before)) ?? NO_TENANT;
    const open = await inventory.openScan();
    const meta = await buildGraph({
      ...{ folder, inventory, connectors, tenant },
      scan: open && { id: open.id, unread: steps().filter(({ id }) => !open.read.has(id)) },
      configHash: before?.configHash ?? hash([]),
      ...storeOf(published),
      ...(onStage === undefined ? {} : { onStage }),
    });
    return { ...counts, strangers: await inventory.strangers(`import.${name}`), meta };
  } finally {
    await inventory.close();
  }
}

/** What an import of the file is called: it is the step `import.<name>`. */
export function importName(file: string): string {
  // Some disks take letters and their marks apart: the same name is the same step.
  const name = basename(file)
    .replace(/\.[^.]*$/, "")
    .normalize("NFC")
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}-]+/gu, "-");
  if (/[\p{L}\p{N}]/u.test(name)) return name;
  throw new ConfigError(
    "unnamed-import",
    `${file} has no letter and no digit in its name, which is what its records go by`,
    "give the file a name of its own",
  );
}

/** Throws ConfigError. */
export async function mustBeReadable(file: string): Promise<void> {
  try {
    await access(file, constants.R_OK);
    if ((await stat(file)).isDirectory()) throw new Error("it is a folder");
  } catch (cause) {
    throw new ConfigError(
      "unreadable-file",
      `cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
      "check the path and your rights",
      { cause },
    );
  }
}

/**
 * By hand: what readline reads before somebody asks is lost, and so are the errors of its input. Throws ConfigError at the first line
 * that is not UTF-8: put right in silence, two ids would become one.
 */
export async function* linesOf(file: string): AsyncGenerator<string> {
  let number = 0;
  let waiting: Buffer[] = [];
  const decoded = function* (bytes: Buffer): Generator<string> {
    // In UTF-8 this byte is a line's end wherever it stands.
    for (let start = 0; start < bytes.length; ) {
      const found = bytes.indexOf(0x0a, start);
      const end = found === -1 ? bytes.length : found;
      const line = bytes.subarray(start, end);
      number++;
      if (!isUtf8(line)) throw notUtf8(file, number);
      yield line.toString("utf8").replace(/\r$/, "");
      start = end + 1;
    }
  };
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    const last = chunk.lastIndexOf(0x0a);
    if (last !== -1) {
      yield* decoded(Buffer.concat([...waiting, chunk.subarray(0, last + 1)]));
      waiting = [];
    }
    waiting.push(chunk.subarray(last + 1));
  }
  yield* decoded(Buffer.concat(waiting));
}

const notUtf8 = (file: string, line: number): ConfigError =>
  new ConfigError(
    "bad-record",
    `${file}, line ${line}: it is not UTF-8 text; nothing of the file was applied`,
    "write the file as UTF-8 and import it again",
  );

/** Says that a gap is known: it stays in every row and only stops raising exit code 3, until its date. */
export async function acceptGap(
  folder: string,
  step: string,
  scope: string | undefined,
  reason: string,
  until: string,
): Promise<number> {
  const { inventory, before } = await openFolder(folder);
  try {
    const accepted = await inventory.accept(step, scope, reason, until);
    // A graph of an older version is derived anew before it answers, with what was accepted.
    if (before !== undefined && isCurrent(before)) {
      const now = new Map(
        (await inventory.coverage()).map((row) => [`${row.step}\n${row.scope}`, row.accepted]),
      );
      const coverage = before.coverage.map((row) => ({
        ...row,
        accepted: now.get(`${row.step}\n${row.scope}`),
      }));
      await writeMeta(folder, { ...before, coverage });
    }
    return accepted;
  } finally {
    await inventory.close();
  }
}

/** The published graph of a folder, ready for questions. */
export interface Answers {
  meta: GraphMeta;
  /** Parts that nobody accepted and that could not be read. */
  gaps: GraphMeta["coverage"];
  reach(request: ReachRequest): AsyncGenerator<ReachRow>;
  findAgents(wanted: string): Promise<string[]>;
  findScope(wanted: string): Promise<string>;
  /** A place by its id or name, or by those of an item that lies there. */
  findPlace(wanted: string): Promise<FoundPlace>;
  ranking(narrowing: Narrowing): Promise<Ranking>;
  /** Names of the labels whose order is known, most sensitive first. */
  labels(): Promise<string[]>;
  explain(agent: string, scope: string): Promise<{ rows: ReachRow[]; path: PathStep[] | undefined }>;
  /** All ways from the agent to the place, found as they are read, and the smallest cut. */
  ways(agent: string, scope: string): Promise<Ways>;
  who(scope: string): Promise<{ agents: ReachRow[]; people: Row[] }>;
  /** Places inside this one. */
  inside(scope: string): Promise<readonly string[]>;
  /** Agents with reach at places inside this one. */
  agentsInside(scope: string, asked?: Asked): Promise<ReadonlySet<string>>;
  /** Names of places inside this one that the agent reaches, most items first. */
  placesInside(agent: string, scope: string): Promise<string[]>;
  /** Questions of the product itself: those of people go to `query`, which checks them. */
  ask: GraphStore["query"];
  /** What gaps of each step may be made of. */
  brings: Brings;
  /** A place and what contains it, nearest first. What was looked up is remembered. */
  above(scope: string): Promise<readonly string[]>;
  /** Places that hold a copy of it. */
  copies(scope: string): Promise<readonly string[]>;
  /** Rows as they come, a bounded number of them in memory; in the end the names of their columns. */
  query(cypherOrName: string, params: Params): AsyncGenerator<Row, readonly string[]>;
  close(): Promise<void>;
}

/** What the configuration adds to what stands in the folder: credentials of the store. */
export interface AnswersOptions {
  store?: StoreSpec;
  askPassword?: OpenStoreOptions["askPassword"];
}

export async function openAnswers(folder: string, options: AnswersOptions = {}): Promise<Answers> {
  // Looked at first: what is published meanwhile is better than it is said to be, never worse.
  const behind = await readBehind(folder);
  const read = withBehind(await readMeta(folder), behind, steps());
  const published = read.store?.kind === "neo4j";
  const store = await openStore({
    ...{
      folder,
      graph: read.graph,
      tenant: read.tenant,
      limits: QUERY_LIMITS,
      askPassword: options.askPassword,
    },
    store: published ? (options.store?.kind === "neo4j" ? options.store : read.store!) : { kind: "embedded" },
  });
  const meta = isNeo4j(store) ? await withPublication(read, store) : read;
  return answersOf({ store, meta, folder, published });
}

const bringsRead = bringsOf(connectors);
const NOTHING: ReadonlySet<Kind> = new Set();
/** What gaps of each step may be made of. Of an older graph all stands in its snapshot. */
export const brings: Brings = (step) => (step === PUBLICATION ? NOTHING : bringsRead(step));

/** A graph with what stands beside it. `published`: on a server; else it lies in `graph` in this folder. */
export interface AnswersSource {
  store: GraphStore;
  meta: GraphMeta;
  folder: string;
  published: boolean;
}

export function answersOf({ store, meta, folder, published }: AnswersSource): Answers {
  const query: GraphStore["query"] = (cypher, params) => store.query(cypher, params);
  // A server looks up what it is asked for, and may get another graph meanwhile.
  if (!published) keepWholes(query);
  const reach = (request: ReachRequest) =>
    withAudience({ query, meta, brings }, reachRows(query, meta, decoder, request));
  const remembered = remembering(query);
  const decoder = createDecoder(query);
  const scopeCalled = async (wanted: string) => (await findNodes(query, "Scope", wanted, false))[0]!;
  /** Of what was not read the graph knows no name. */
  const orUnread = async <T>(wanted: string, found: Promise<T>): Promise<T> =>
    found.catch((error: unknown) => {
      throw notFoundIn(meta.coverage, wanted, error);
    });
  const placeCalled = async (wanted: string): Promise<FoundPlace> => {
    try {
      return { scope: await scopeCalled(wanted) };
    } catch (error) {
      const found = isNotFound(error) ? await findItem(query, wanted) : undefined;
      if (found === undefined) throw error;
      return found;
    }
  };
  return {
    meta,
    gaps: openGaps(meta, new Date().toISOString().slice(0, 10)),
    reach,
    findAgents: (wanted) => orUnread(wanted, findNodes(query, "Agent", wanted)),
    findScope: (wanted) => orUnread(wanted, scopeCalled(wanted)),
    findPlace: (wanted) => orUnread(wanted, placeCalled(wanted)),
    ranking: (narrowing) => rankingOf(query, narrowing),
    async labels() {
      const rows = await query(
        "MATCH (l:Label) WHERE l.priority IS NOT NULL AND l.kind = 'Sensitivity' RETURN l.name AS name ORDER BY l.priority DESC, name",
      );
      return rows.map(({ name }) => String(name));
    },
    async explain(agent, scope) {
      const rows: ReachRow[] = [];
      for await (const row of reach({ agents: [agent], scope, expand: true })) rows.push(row);
      // What may lie anywhere comes after what lies here.
      const rank = (row: ReachRow): number =>
        TIER_ORDER.indexOf(row.tier) + (row.scope_id === scope ? 0 : TIER_ORDER.length);
      rows.sort((a, b) => rank(a) - rank(b));
      const best = rows[0];
      return { rows, path: best === undefined ? undefined : (JSON.parse(best.path_json) as PathStep[]) };
    },
    ways: (agent, scope) => waysBetween(query, agent, scope, meta.time),
    async who(scope) {
      const agents: ReachRow[] = [];
      for await (const row of reach({ scope, expand: true })) agents.push(row);
      return { agents, people: await holdersAt(query, scope, meta.time) };
    },
    inside: (scope) => insideOf(query, scope),
    agentsInside: (scope, asked) => agentsInside(query, scope, asked),
    placesInside: (agent, scope) => placesInside(query, agent, scope),
    ask: query,
    brings,
    above: (scope) => chainOf(remembered, scope),
    copies: (scope) => heldAt(remembered, scope),
    query: (cypherOrName, params) => asPerson(asked(cypherOrName, params)),
    close: () => store.close(),
  };
  async function* asked(cypherOrName: string, params: Params): AsyncGenerator<Row, readonly string[]> {
    const saved = await savedQuery(cypherOrName);
    if (saved !== undefined) {
      yield* await runQuery(query, saved, params).catch((cause: unknown) => {
        throw isPoolFull(cause) ? tooLarge(QUERY_LIMITS.memory, cause) : cause;
      });
      return saved.columns;
    }
    const dialect = published ? "neo4j" : "embedded";
    checkQuery(cypherOrName, dialect);
    checkParameters(cypherOrName, dialect, params);
    checkKinds(cypherOrName, dialect, published ? [tenantLabel(meta.tenant)] : []);
    if (!isNeo4j(store)) return yield* runIsolated(join(folder, "graph", meta.graph), cypherOrName, params);
    const { columns, rows } = await store.answer(cypherOrName, params);
    yield* rows;
    return columns;
  }
}

/** What an engine does not take of a person is for the person to mend; of the product it is a failure of the store. */
async function* asPerson<R>(rows: AsyncGenerator<Row, R>): AsyncGenerator<Row, R> {
  try {
    return yield* rows;
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== "query-failed") throw error;
    const fix = "forereach schema lists kinds and properties";
    throw new ConfigError(error.code, error.message, fix, { cause: error });
  }
}

/** So many answers are remembered. */
const REMEMBERED = 20_000;

/** Asks each question once, while it remembers. */
function remembering(query: GraphStore["query"]): GraphStore["query"] {
  const known = new Map<string, Promise<Row[]>>();
  return (cypher, params) => {
    if (known.size >= REMEMBERED) known.clear();
    const key = JSON.stringify([cypher, params]);
    const found = known.get(key) ?? query(cypher, params);
    known.set(key, found);
    return found;
  };
}

/** A publication that is not whole is a gap like any other: it stands in reports, and raises the exit code. */
async function withPublication(meta: GraphMeta, store: Neo4jStore): Promise<GraphMeta> {
  const gap = (reason: string): GraphMeta["coverage"][number] => ({
    ...{ step: "neo4j.publication", scope: "", state: "partial", reason, hides: "both", records: 0 },
    ...{ observedFrom: undefined, observedTo: undefined, accepted: undefined },
    fix: "wait until the publication ends, or run the scan or import again",
  });
  const seen = await store.publication().catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  const reason =
    seen === undefined
      ? "nothing of this tenant is published in Neo4j"
      : seen.state !== "complete"
        ? `the graph in Neo4j is being published (snapshot ${seen.snapshot}): answers may mix two states`
        : seen.snapshot !== meta.snapshot
          ? `Neo4j shows snapshot ${seen.snapshot}, published from another folder; coverage and findings here are of ${meta.snapshot}`
          : undefined;
  return reason === undefined ? meta : { ...meta, coverage: [gap(reason), ...meta.coverage] };
}

const TIER_ORDER: readonly string[] = ["now", "conditional", "potential", "latent"];

/** The store that the configuration names, if there is a configuration. */
export async function configuredStore(path: string): Promise<StoreSpec | undefined> {
  // Most questions need no configuration, and to load what reads one takes longer than to answer them.
  if (!existsSync(path)) return undefined;
  return (await load(path)).config.store;
}

/** True if there is a configuration, and one for more tenants than one. */
export const namesSeveralTenants = async (path: string): Promise<boolean> =>
  existsSync(path) && (await load(path)).config.tenants.length > 1;

const load = async (path: string): Promise<LoadedConfig> =>
  (await import("./config.ts")).loadConfig(
    path,
    connectors.map(({ name }) => name),
  );

/** The configuration and the tenant that is meant: the only one, or the one named. */
export async function configured(
  path: string,
  tenant: string | undefined,
): Promise<{ config: Config; tenant: TenantConfig; warnings: string[] }> {
  const { config, warnings } = await load(path);
  const found = config.tenants.filter(
    ({ id, name }) => tenant === undefined || id === tenant.toLowerCase() || name === tenant,
  );
  if (found.length !== 1)
    throw new ConfigError(
      "which-tenant",
      tenant === undefined ? `${path} names ${found.length} tenants` : `${path} names no tenant "${tenant}"`,
      `--tenant ${config.tenants.map(({ id }) => id).join(" | ")}`,
    );
  return { config, tenant: found[0]!, warnings };
}

export { connectors, worstOf };
