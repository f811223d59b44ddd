/**
 * A real Neo4j Community without a container: resolved with Maven, started on loopback with a password of its own.
 *
 *   npm run neo4j                    starts it, prints how to connect, stops with Ctrl-C
 *   npm run neo4j -- COMMAND ...     runs COMMAND with FOREREACH_NEO4J_URI, _USER and _PASSWORD set, then stops it
 *
 * `FOREREACH_NEO4J_VERSION` names another version (docs/neo4j.md says which were run), `FOREREACH_JAVA` another program than the
 * `java` of the path, `FOREREACH_NEO4J_SETTINGS` more lines of its configuration with `;` between them, `FOREREACH_NEO4J_CACHE`
 * where each version has its folder of jars (default: below the user's cache), `FOREREACH_NEO4J_HOME` a folder for the
 * data that is kept (default: a temporary one that goes), `FOREREACH_NEO4J_PORT` the port (default: a free one). Needs
 * Maven once, and Java: 17 or 21 for 5.x, 21 or later for 2025.01 and later.
 * https://neo4j.com/docs/operations-manual/current/installation/requirements/
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { appendFile, copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import neo4j, { type Driver } from "neo4j-driver";

const VERSION = process.env.FOREREACH_NEO4J_VERSION ?? "5.26.30";
const JAVA = process.env.FOREREACH_JAVA ?? "java";
/** Versions are calendar ones from 2025.01 on. */
const CALENDAR = !VERSION.startsWith("5.");
const OLDEST_JAVA = CALENDAR ? 21 : 17;
const MAIN = `org.neo4j.server.${CALENDAR ? "Neo4jCommunity" : "CommunityEntryPoint"}`;
const run = promisify(execFile);

export interface ServerOptions {
  /** Folder of the database; absent: a temporary one, removed by `stop`. */
  home?: string;
  port?: number;
  /** PEM files; with them every connection has to be encrypted. */
  tls?: { key: string; cert: string };
  /** Of an earlier run on the same `home`; absent: made up. */
  password?: string;
  /** More lines of neo4j.conf; they take the place of those that are written anyway. */
  settings?: readonly string[];
  /**
   * For tests: they send many statements a few times each, so almost all of the time goes into planning them, and
   * compiling that code well would take longer than it saves.
   */
  quick?: boolean;
  /** Its heap, as Java writes it, taken from the start and half of it for what is new; absent: up to 1g. */
  heap?: string;
}

export interface Neo4jServer {
  uri: string;
  port: number;
  /** Of its process. */
  pid: number;
  user: string;
  password: string;
  home: string;
  /** Stops it in order; a temporary home goes. */
  stop(): Promise<void>;
  /** Ends it as a power cut would. The home stays, so that `startNeo4j({ home, password })` goes on. */
  kill(): Promise<void>;
}

/** Why it cannot run here, or undefined. */
export async function neo4jMissing(): Promise<string | undefined> {
  const missing: string[] = [];
  const java = await run(JAVA, ["-version"]).catch(() => undefined);
  const [, major = "0"] = /version "(\d+)/.exec(java?.stderr ?? "") ?? [];
  if (Number(major) < OLDEST_JAVA)
    missing.push(`${JAVA} (${OLDEST_JAVA} or later; FOREREACH_JAVA names another)`);
  if (!existsSync(jars()) && (await run("mvn", ["-v"]).catch(() => undefined)) === undefined)
    missing.push("mvn");
  return missing.length === 0 ? undefined : `${missing.join(" and ")} cannot be run`;
}

const cacheFolder = (): string =>
  join(
    process.env.FOREREACH_NEO4J_CACHE ??
      join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "forereach"),
    `neo4j-${VERSION}`,
  );
const jars = (): string => join(cacheFolder(), "lib");

const dependency = (group: string, artifact: string): string =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${VERSION}</version></dependency>`;
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>forereach</groupId><artifactId>neo4j-for-tests</artifactId><version>1</version>
<dependencies>${dependency("org.neo4j.app", "neo4j-server")}${dependency("org.neo4j", "neo4j")}</dependencies></project>
`;

/** Folder of the jars; Maven fetches them once. */
async function resolveJars(): Promise<string> {
  const lib = jars();
  if (existsSync(lib)) return lib;
  await mkdir(cacheFolder(), { recursive: true });
  const draft = await mkdtemp(join(cacheFolder(), "draft-"));
  try {
    await writeFile(join(draft, "pom.xml"), POM);
    await run(
      "mvn",
      ["-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=lib"],
      { cwd: draft },
    ).catch((error: unknown) => {
      const { stdout = "" } = error as { stdout?: string };
      throw new Error(`Maven has no Neo4j ${VERSION}:\n${stdout.slice(0, 2_000)}`, { cause: error });
    });
    // Two that start at once: the first one's folder stays.
    await rename(join(draft, "lib"), lib).catch((error: unknown) => {
      if (!existsSync(lib)) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return lib;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Compiles once and plainly, and takes the jars of Maven Central as sound: a third less to start and to plan. */
const QUICK = [
  "-XX:TieredStopAtLevel=1",
  "-XX:+UnlockDiagnosticVMOptions",
  "-XX:-BytecodeVerificationRemote",
] as const;

/**
 * What the tests' server loads of its jars, kept as Java had it in memory: half of a start is this. The first server that
 * is stopped in order leaves it. https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html
 */
async function sharedClasses(): Promise<{ flags: readonly string[]; keep(): Promise<void> }> {
  const { stderr } = await run(JAVA, ["-version"]);
  const version = createHash("sha256").update(stderr).digest("hex").slice(0, 12);
  const file = join(cacheFolder(), `classes-${version}.jsa`);
  // One that does not fit this Java is not used, and said nothing of.
  if (existsSync(file))
    return { flags: [`-XX:SharedArchiveFile=${file}`, "-Xshare:auto"], keep: async () => {} };
  const draft = join(cacheFolder(), `draft-${randomBytes(6).toString("hex")}.jsa`);
  return {
    flags: [`-XX:ArchiveClassesAtExit=${draft}`],
    keep: () => rename(draft, file).catch(() => {}),
  };
}

/** Grows as it must, so that several fit on one machine. */
const HEAP = ["-Xms256m", "-Xmx1g"] as const;

/** Starts the server and waits until it answers with the password. Throws with the end of its log if it does not. */
export async function startNeo4j(options: ServerOptions = {}): Promise<Neo4jServer> {
  const lib = await resolveJars();
  const home = options.home ?? (await mkdtemp(join(tmpdir(), "forereach-neo4j-")));
  const port = options.port ?? (await freePort());
  await mkdir(join(home, "conf"), { recursive: true });
  await mkdir(join(home, "import"), { recursive: true });
  const lines = [
    "server.default_listen_address=127.0.0.1",
    `server.bolt.listen_address=127.0.0.1:${port}`,
    `server.bolt.advertised_address=127.0.0.1:${port}`,
    "server.http.enabled=false",
    "server.https.enabled=false",
    "server.memory.pagecache.size=256m",
    "dbms.security.auth_enabled=true",
    "dbms.security.auth_minimum_password_length=8",
    "dbms.usage_report.enabled=false",
    // Older versions do not know all of these.
    "server.config.strict_validation.enabled=false",
    // A query that fills the heap would take the server down with it.
    "db.memory.transaction.max=384m",
    "dbms.memory.transaction.total.max=640m",
    // A plan that was made stays, however the data grow, and however many there are.
    ...(options.quick === true
      ? ["dbms.cypher.min_replan_interval=1h", "server.memory.query_cache.per_db_cache_num_entries=10000"]
      : []),
    ...(process.env.FOREREACH_NEO4J_SETTINGS?.split(";") ?? []),
    ...(options.settings ?? []),
  ];
  if (options.tls !== undefined) {
    const folder = join(home, "certificates", "bolt");
    await mkdir(folder, { recursive: true });
    await copyFile(options.tls.key, join(folder, "private.key"));
    await copyFile(options.tls.cert, join(folder, "public.crt"));
    lines.push(
      "dbms.ssl.policy.bolt.enabled=true",
      `dbms.ssl.policy.bolt.base_directory=${folder}`,
      "dbms.ssl.policy.bolt.client_auth=NONE",
      "server.bolt.tls_level=REQUIRED",
    );
  }
  const settings = new Map(lines.map((line) => [line.slice(0, line.indexOf("=")), line]));
  await writeFile(join(home, "conf", "neo4j.conf"), `${[...settings.values()].join("\n")}\n`);
  const log = join(home, "console.log");
  const classes = options.quick === true ? await sharedClasses() : undefined;
  const child = spawn(
    JAVA,
    [
      ...(options.heap === undefined
        ? HEAP
        : [`-Xms${options.heap}`, `-Xmx${options.heap}`, "-XX:NewRatio=1"]),
      "-XX:+UseSerialGC",
      ...(classes === undefined ? [] : [...QUICK, ...classes.flags]),
      ...["-Dfile.encoding=UTF-8", "-cp", join(lib, "*")],
      ...[MAIN, `--home-dir=${home}`, `--config-dir=${join(home, "conf")}`],
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const write = (data: Buffer) => appendFile(log, data).catch(() => {});
  child.stdout.on("data", write);
  child.stderr.on("data", write);
  const gone = new Promise<void>((done) => child.once("exit", () => done()));
  // Whoever started it may end without stopping it; a server that nobody knows must not stay.
  const last = () => child.kill("SIGKILL");
  process.once("exit", last);
  void gone.then(() => process.off("exit", last));
  const password = options.password ?? randomBytes(18).toString("base64url");
  const uri = `bolt${options.tls === undefined ? "" : "+ssc"}://127.0.0.1:${port}`;
  const end = async (signal: "SIGTERM" | "SIGKILL") => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await gone;
  };
  try {
    await ready(child, uri, password, options.password !== undefined);
  } catch (cause) {
    await end("SIGKILL");
    const text = await readFile(log, "utf8").catch(() => "");
    throw new Error(`Neo4j did not start:\n${text.slice(-2_000)}`, { cause });
  }
  return {
    uri,
    port,
    pid: child.pid!,
    user: "neo4j",
    password,
    home,
    async stop() {
      await end("SIGTERM");
      await classes?.keep();
      if (options.home === undefined) await rm(home, { recursive: true, force: true });
    },
    kill: () => end("SIGKILL"),
  };
}

const PATIENCE = 300_000;

/** Waits for the first answer. A new server has the password `neo4j` and demands another at once. */
async function ready(child: ChildProcess, uri: string, password: string, known: boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error("the process ended");
    const driver = neo4j.driver(uri, neo4j.auth.basic("neo4j", known ? password : "neo4j"), {
      connectionAcquisitionTimeout: 5_000,
      maxTransactionRetryTime: 0,
    });
    try {
      await driver.getServerInfo();
      if (!known) await setPassword(driver, password);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    } finally {
      await driver.close();
    }
    await new Promise((done) => setTimeout(done, 250));
  }
}

async function setPassword(driver: Driver, password: string): Promise<void> {
  const session = driver.session({ database: "system" });
  try {
    await session.run("ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $password", { password });
  } finally {
    await session.close();
  }
}

async function main(command: readonly string[]): Promise<number> {
  const missing = await neo4jMissing();
  if (missing !== undefined) {
    process.stderr.write(`Neo4j cannot be started: ${missing}.\n`);
    return 4;
  }
  const { FOREREACH_NEO4J_HOME: home, FOREREACH_NEO4J_PORT: port } = process.env;
  const kept = home === undefined ? undefined : join(home, "password");
  const password = kept !== undefined && existsSync(kept) ? await readFile(kept, "utf8") : undefined;
  const server = await startNeo4j({
    ...(home === undefined ? {} : { home }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(password === undefined ? {} : { password }),
  });
  if (kept !== undefined) await writeFile(kept, server.password, { mode: 0o600 });
  const variables = {
    FOREREACH_NEO4J_URI: server.uri,
    FOREREACH_NEO4J_USER: server.user,
    FOREREACH_NEO4J_PASSWORD: server.password,
  };
  try {
    const [program, ...rest] = command;
    if (program !== undefined) {
      const child = spawn(program, rest, { stdio: "inherit", env: { ...process.env, ...variables } });
      return await new Promise<number>((done, fail) => {
        child.once("error", fail);
        child.once("exit", (code) => done(code ?? 1));
      });
    }
    for (const [name, value] of Object.entries(variables)) process.stdout.write(`export ${name}=${value}\n`);
    process.stderr.write(`Neo4j ${VERSION} answers at ${server.uri}; Ctrl-C stops it.\n`);
    await new Promise<void>((done) => {
      process.once("SIGINT", () => done());
      process.once("SIGTERM", () => done());
    });
    return 0;
  } finally {
    await server.stop();
  }
}

if (process.argv[1] === import.meta.filename) process.exitCode = await main(process.argv.slice(2));
