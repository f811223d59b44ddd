#!/usr/bin/env node
/** The command line: arguments in, text and exit codes out. Everything else is in app.ts, loaded when needed. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Argument, Command, CommanderError, Option } from "commander";
import { PERMISSION_FORMATS, type PermissionFormat } from "./collect/permissions.ts";
import { collect, dateAhead, endpointsAt, levelOf, listOf, loopback, whole } from "./faces/arguments.ts";
import { SHELLS, type Shell } from "./faces/completion.ts";
import { FORMATS, type Format } from "./faces/format.ts";
import { EXAMPLES, examplesOf } from "./faces/help.ts";
import { printAnswer, printCoverage, printFindings, printTop } from "./faces/print.ts";
import type { ExplainOptions, ReachCommand } from "./faces/reach-command.ts";
import { createScreen, type Screen } from "./faces/screen.ts";
import { shellWord } from "./faces/shell.ts";
import {
  COLLECTED_LEVELS,
  type CollectedLevel,
  ConfigError,
  ForereachError,
  Interrupted,
  MODES,
  SEVERITIES,
  TIERS,
} from "./model.ts";
import { packageRoot } from "./root.ts";

/** Exit codes, as in the README. When several apply: 2, 4, 1, 3; interrupted 130. */
const EXIT = { ok: 0, findings: 1, usage: 2, incomplete: 3, store: 4, interrupted: 130 } as const;

interface Global {
  config: string;
  data: string;
  tenant?: string;
  quiet?: boolean;
  jsonLog?: boolean;
}
interface Output {
  format?: Format;
  out?: string;
  excel?: boolean;
}

/** Of lists that are printed only. */
const PRINTED = FORMATS.filter((format) => format !== "parquet");
type Printed = (typeof PRINTED)[number];

const version = (JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as { version: string })
  .version;

/** Runs one command line; resolves to the exit code. */
export async function main(argv: readonly string[], signal: AbortSignal): Promise<number> {
  let code: number = EXIT.ok;
  const program = new Command("forereach");
  const screenOf = (): Screen => createScreen(program.opts<Global>());
  /** Where the data lies: a folder of its own for each tenant if the configuration names several. */
  const folderOf = async (): Promise<string> => {
    const { data, tenant, config } = program.opts<Global>();
    if (tenant === undefined) return data;
    const { configured } = await import("./app.ts");
    const found = await configured(config, tenant);
    return found.config.tenants.length > 1 ? join(data, found.tenant.id) : data;
  };
  /** The store of the configuration and how to ask for its password. */
  const storeOptions = async () => {
    const [{ configuredStore }, { askPassword }] = await Promise.all([
      import("./app.ts"),
      import("./faces/prompt.ts"),
    ]);
    const store = await configuredStore(program.opts<Global>().config);
    return {
      ...(store === undefined ? {} : { store }),
      ...(process.stdin.isTTY && process.stderr.isTTY ? { askPassword } : {}),
    };
  };
  const jsonLog = (): boolean => program.opts<Global>().jsonLog === true;
  const answering = async (folder: string, run: (answers: AnswersOf) => Promise<void>): Promise<number> =>
    withAnswers(openFolder(folder, await storeOptions()), done(run), jsonLog());
  /** `reach --with` and `reach --user`. */
  const supposing = async (
    agent: string | undefined,
    options: Output & { user?: string; with?: string },
  ): Promise<number> => {
    const [{ openForUser, openWhatIf }, { mustNotBePage, userCommand, whatIfCommand }] = await Promise.all([
      import("./suppose.ts"),
      import("./faces/whatif-command.ts"),
    ]);
    mustNotBePage(options);
    const { user, with: file, ...rest } = { ...options, command, version };
    const screen = screenOf();
    const request = { ...(await storeOptions()), ...screen.events, folder: await folderOf(), signal };
    if (file !== undefined) {
      const opening = openWhatIf({ ...request, agent, file }).finally(() => screen.done());
      return withAnswers(
        opening,
        async (supposed) => ((await whatIfCommand(supposed, { ...rest, file })) ? EXIT.findings : EXIT.ok),
        jsonLog(),
      );
    }
    if (agent === undefined || user === undefined)
      throw new ConfigError(
        "needs-agent",
        "--user asks about one agent",
        "forereach reach AGENT --user USER",
      );
    const found = await openForUser({ ...request, agent, user }).finally(() => screen.done());
    return withAnswers(
      Promise.resolve(found.answers),
      async () => ((await userCommand(found, rest)) ? EXIT.incomplete : EXIT.ok),
      jsonLog(),
    );
  };
  /** `reach --people`. */
  const forPeople = async (
    agent: string | undefined,
    options: Pick<ReachCommand, "expand" | "scope" | "tier" | "mode"> & Output,
  ): Promise<number> => {
    if (agent === undefined)
      throw new ConfigError(
        "needs-agent",
        "--people asks about the people of an agent",
        "forereach reach AGENT --people",
      );
    const [{ openWithPeople }, { reachCommand }] = await Promise.all([
      import("./suppose.ts"),
      import("./faces/reach-command.ts"),
    ]);
    const screen = screenOf();
    const request = { ...(await storeOptions()), ...screen.events, folder: await folderOf(), signal };
    return withAnswers(
      openWithPeople({ ...request, agent }).finally(() => screen.done()),
      async (answers) => {
        await reachCommand(answers, { ...options, agent, judged: answers.people, command, version });
        return EXIT.ok;
      },
      jsonLog(),
    );
  };
  const command = ["forereach", ...argv.slice(2).map(shellWord)].join(" ");

  program
    .description("Know what every AI agent can reach, before it runs.")
    .version(version)
    .option("--config <FILE>", "configuration", "forereach.yaml")
    .option("--data <FOLDER>", "inventory and graph", ".forereach")
    .option("--tenant <ID>", "which tenant, where the configuration names several")
    .option("--quiet", "no progress")
    .option("--json-log", "progress as one JSON object a line")
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false })
    .exitOverride()
    .addHelpText("after", EXAMPLES);

  const output = (to: Command, endings = ".csv, .json or .parquet"): Command =>
    to
      .addOption(new Option("--format <FORMAT>", "how to print").choices(FORMATS))
      .option("--out <FILE>", `write to a file (${endings})`)
      .option("--excel", "CSV for Excel: byte-order mark, a new file where a worksheet is full");

  const levelOption = (): Option =>
    new Option("--level <LEVEL>", "how deep to look; labels: also what files say of their labels")
      .choices(COLLECTED_LEVELS)
      .argParser(levelOf);

  program
    .command("demo")
    .description("simulated tenant, scan, and what its agents reach; needs no cloud and no server")
    .option("--seed <NUMBER>", "another tenant", whole, 2026)
    .option("--page <FILE>", "where the page goes", "forereach-demo.html")
    .action(async ({ seed, page }: { seed: number; page: string }) => {
      const { runDemo } = await import("./faces/demo.ts");
      const folder = join(program.opts<Global>().data, "demo");
      const screen = screenOf();
      await runDemo({ folder, seed, signal, screen });
      code = await showSummary(folder, page, screen, jsonLog());
    });

  program
    .command("simulate")
    .description("serve a simulated tenant on loopback until interrupted")
    .option("--seed <NUMBER>", "which tenant", whole, 2026)
    .option("--agents <NUMBER>", "agents", whole, 500)
    .option("--users <NUMBER>", "users", whole, 2_000)
    .option("--groups <NUMBER>", "groups", whole, 400)
    .option("--items <NUMBER>", "files", whole, 50_000)
    .option("--port <NUMBER>", "port on 127.0.0.1; 0 takes a free one", whole, 0)
    .action(
      async (options: {
        seed: number;
        agents: number;
        users: number;
        groups: number;
        items: number;
        port: number;
      }) => {
        const { serveSimulator } = await import("./faces/demo.ts");
        await serveSimulator(options, signal, (text) => process.stdout.write(text));
      },
    );

  program
    .command("init")
    .description("write a commented configuration")
    .argument("[TENANT]", "tenant (directory) id")
    .action(async (tenant: string | undefined) => {
      const [{ connectors }, { initConfig }] = await Promise.all([import("./app.ts"), import("./config.ts")]);
      const path = program.opts<Global>().config;
      const text = initConfig(
        tenant ?? "00000000-0000-0000-0000-000000000000",
        connectors.map(({ name }) => name),
      );
      await writeFile(path, text, { flag: "wx", mode: 0o600 }).catch((cause: NodeJS.ErrnoException) => {
        throw new ConfigError(
          "config-exists",
          cause.code === "EEXIST" ? `${path} is there already` : `cannot write ${path}: ${cause.message}`,
          "--config OTHER.yaml writes another",
          { cause },
        );
      });
      process.stdout.write(
        `Wrote ${path}.${tenant === undefined ? " Put your tenant id in it." : ""} Next: forereach permissions, then forereach check.\n`,
      );
    });

  program
    .command("permissions")
    .description("what each step needs, and what a thief of that credential could do")
    .addOption(
      new Option("--format <FORMAT>", "how to print")
        .choices([...PRINTED, ...PERMISSION_FORMATS])
        .default("table"),
    )
    .addOption(levelOption().default("metadata"))
    .action(async ({ format, level }: { format: Printed | PermissionFormat; level: CollectedLevel }) => {
      const [{ connectors }, { permissions, renderPermissions }] = await Promise.all([
        import("./app.ts"),
        import("./collect/permissions.ts"),
      ]);
      const rows = permissions(connectors, level);
      if (format === "az" || format === "graph" || format === "terraform")
        process.stdout.write(renderPermissions(rows, format));
      else
        await printAnswer(
          rows.map((row) => ({ ...row })),
          Object.keys(rows[0] ?? {}),
          format,
        );
    });

  program
    .command("check")
    .description("configuration, sign-in, permissions, stores: what works, what is missing, what to type")
    .action(async () => {
      const { runCheck } = await import("./faces/doctor.ts");
      const { config, data } = program.opts<Global>();
      let failed = false;
      for await (const row of runCheck(config, data, signal)) {
        failed ||= row.state === "failed" || row.state === "missing";
        process.stdout.write(
          `${row.state.padEnd(8)} ${row.what}: ${row.detail}\n${row.fix === undefined ? "" : `         → ${row.fix}\n`}`,
        );
      }
      code = failed ? EXIT.usage : EXIT.ok;
    });

  program
    .command("scan")
    .description("crawl, inventory, graph, reach, findings")
    .addOption(
      new Option("--replay <FILE>", "answers from recorded exchanges instead of a tenant").conflicts(
        "simulator",
      ),
    )
    .option("--simulator <URL>", "a tenant served by `forereach simulate`", loopback)
    .option("--record <FILE>", "record the exchanges, without secrets")
    .option("--full", "read everything anew; default: only changes where the tenant can tell them")
    .addOption(levelOption())
    .addOption(
      new Option("--agents <WHICH>", "which identities count as agents").choices([
        "entra",
        "service-principals",
      ]),
    )
    .addOption(
      new Option("--fail-on <SEVERITY>", "exit 1 if a finding is at or above it").choices(SEVERITIES),
    )
    .action(
      async (options: {
        replay?: string;
        simulator?: string;
        record?: string;
        full?: boolean;
        level?: CollectedLevel;
        agents?: "entra" | "service-principals";
        failOn?: (typeof SEVERITIES)[number];
      }) => {
        const { configured, scan } = await import("./app.ts");
        const { config, tenant } = program.opts<Global>();
        const screen = screenOf();
        const { replay, simulator, record, level, agents } = options;
        const from =
          simulator !== undefined
            ? ({ kind: "simulator", endpoints: endpointsAt(simulator) } as const)
            : replay !== undefined
              ? ({ kind: "recording", file: replay } as const)
              : ({ kind: "tenant", ...(await configured(config, tenant)) } as const);
        if (from.kind === "tenant") for (const warning of from.warnings) screen.note(warning);
        const folder = await folderOf();
        const published = await storeOptions();
        const meta = await scan({
          ...published,
          folder,
          signal,
          mode: options.full === true ? "full" : "delta",
          from,
          ...(record === undefined ? {} : { record }),
          ...(level === undefined ? {} : { level }),
          ...(agents === undefined ? {} : { agents }),
          ...screen.events,
        });
        screen.done();
        code = await showSummary(folder, undefined, screen, jsonLog(), published);
        const open = meta.findings.filter(({ status }) => status === "new" || status === "open");
        const bar =
          options.failOn === undefined ? Number.POSITIVE_INFINITY : SEVERITIES.indexOf(options.failOn);
        const unread = code === EXIT.incomplete;
        if (open.some(({ severity }) => SEVERITIES.indexOf(severity) >= bar)) code = EXIT.findings;
        screen.summary({ exit: code, findings: open.length, incomplete: unread });
      },
    );

  program
    .command("import")
    .description("records from any other source (JSON lines)")
    .argument("<FILE>", "file of records")
    .action(async (file: string) => {
      const { importFile } = await import("./app.ts");
      const screen = screenOf();
      const { records, coverage, meta } = await importFile({
        folder: await folderOf(),
        file,
        ...(await storeOptions()),
        ...screen.events,
      });
      screen.done();
      process.stdout.write(
        `Imported ${records.toLocaleString("en-US")} records and ${coverage} statements of coverage; snapshot ${meta.snapshot}.\n`,
      );
    });

  output(program.command("reach"), ".csv, .json, .parquet or .html")
    .description("which data an agent can reach; without AGENT the 20 with most sensitive reach")
    .argument("[AGENT]", "id, name or glob")
    .option("--all", "every agent")
    .option("--expand", "a row for every place below a row that includes it")
    .option("--scope <SCOPE>", "only what covers this place, from above too")
    .option("--tier <TIERS>", `of ${TIERS.join(", ")}`, listOf(TIERS))
    .option("--mode <MODE>", `of ${MODES.join(", ")}`, listOf(MODES))
    .addOption(
      new Option(
        "--user <USER>",
        "what AGENT reaches on behalf of this user (id, sign-in name, name or glob)",
      )
        .conflicts("mode")
        .conflicts("with"),
    )
    .addOption(
      new Option(
        "--people",
        "who of those who may use AGENT has most through it, and how many gain what they do not read themselves",
      )
        .conflicts("user")
        .conflicts("with"),
    )
    .option(
      "--with <FILE>",
      "what would be new, change or go if these records were applied; nothing is. Exit 1 if an agent would gain",
    )
    .action(
      async (
        agent: string | undefined,
        {
          people,
          ...options
        }: Output & {
          all?: boolean;
          expand?: boolean;
          scope?: string;
          tier?: string[];
          mode?: string[];
          user?: string;
          people?: boolean;
          with?: string;
        },
      ) => {
        if (people === true) {
          code = await forPeople(agent, options);
          return;
        }
        if (options.user !== undefined || options.with !== undefined) {
          code = await supposing(agent, options);
          return;
        }
        code = await answering(await folderOf(), async (answers) => {
          const { reachCommand } = await import("./faces/reach-command.ts");
          return reachCommand(answers, { ...options, agent, command, version });
        });
      },
    );

  output(program.command("who"))
    .description("the other way round: which agents and people get there")
    .argument("<SCOPE|ITEM>", "id or name of a place, or of an item: then the place that protects it")
    .action(async (wanted: string, options: Output) => {
      code = await answering(await folderOf(), async (answers) => {
        const { whoCommand } = await import("./faces/reach-command.ts");
        await whoCommand(answers, wanted, { ...options, command, version });
      });
    });

  program
    .command("explain")
    .description("why an agent gets somewhere: the shortest path, or all of them and the smallest cut")
    .argument("<AGENT>", "id or name")
    .argument("<SCOPE>", "id or name of a place")
    .addOption(new Option("--format <FORMAT>", "how to print").choices(["table", "json"]))
    .option("--all", "all paths, the shortest first, and the fewest grants and memberships to take away")
    .option("--out <FILE>", "write to a file (.json, or text)")
    .action(async (agent: string, scope: string, options: ExplainOptions) => {
      code = await answering(await folderOf(), async (answers) => {
        const { explainCommand } = await import("./faces/reach-command.ts");
        await explainCommand(answers, agent, scope, options);
      });
    });

  output(program.command("query"))
    .description("read-only Cypher, or a saved query by name")
    .argument("<CYPHER>", "one statement, or the name of a saved query")
    .option("--param <NAME=VALUE>", "parameter; may be given several times", collect, {})
    .action(
      async (
        cypher: string,
        { param, ...options }: Output & { param: Record<string, string | number | boolean> },
      ) => {
        code = await answering(await folderOf(), async (answers) => {
          const { deliver, formatOf } = await import("./faces/output.ts");
          formatOf(options);
          const rows = answers.query(cypher, param);
          await deliver({
            ...{ ...options, answers, rows, columns: undefined, schemaVersion: 1, command, version },
          });
        });
      },
    );

  program
    .command("queries")
    .description("the saved queries")
    .action(async () => {
      const { loadQueries, sayParameters } = await import("./ask/query.ts");
      await printAnswer(
        (await loadQueries()).map((query) => ({
          name: query.id,
          severity: query.severity ?? "",
          title: query.title,
          parameters: sayParameters(query).join(", "),
        })),
        ["name", "severity", "title", "parameters"],
        "table",
      );
    });

  program
    .command("findings")
    .description("what the last scan found")
    .action(async () => {
      code = await answering(await folderOf(), async ({ meta }) => printFindings(meta.findings));
    });

  const coverage = program
    .command("coverage")
    .description("what was read, what was not, what is not modelled")
    .addOption(new Option("--format <FORMAT>", "how to print").choices(PRINTED).default("table"))
    .option("--all", "complete parts too")
    .action(async ({ format, all }: { format: Printed; all?: boolean }) => {
      code = await answering(await folderOf(), async (answers) =>
        printCoverage(answers.meta, format, all === true),
      );
    });
  coverage
    .command("accept")
    .description("say that a gap is known: it stays in every row, and raises no exit code until the date")
    .argument("<STEP>", "as `forereach coverage` names it")
    .argument("[SCOPE]", "one part of it; absent: all that are not read now")
    .requiredOption("--reason <TEXT>", "why")
    .requiredOption("--until <DATE>", "until when, YYYY-MM-DD", dateAhead)
    .action(
      async (
        step: string,
        scope: string | undefined,
        { reason, until }: { reason: string; until: string },
      ) => {
        const { acceptGap } = await import("./app.ts");
        const accepted = await acceptGap(await folderOf(), step, scope, reason, until);
        if (accepted === 0)
          throw new ConfigError(
            "no-such-gap",
            `no gap of step "${step}"${scope === undefined ? "" : ` at ${scope}`}`,
            "forereach coverage lists them",
          );
        process.stdout.write(
          `Accepted ${accepted} gap${accepted === 1 ? "" : "s"} of ${step} until ${until}, and none that comes later. What is accepted stays in every row.\n`,
        );
      },
    );

  program
    .command("schema")
    .description("the graph: kinds, properties, what they mean")
    .option("--json-schema", "JSON Schema of the configuration instead")
    .option("--columns", "columns of the reach row instead")
    .action(async ({ jsonSchema, columns }: { jsonSchema?: boolean; columns?: boolean }) => {
      if (jsonSchema === true) {
        const [{ connectors }, { configJsonSchema }] = await Promise.all([
          import("./app.ts"),
          import("./config.ts"),
        ]);
        process.stdout.write(
          `${JSON.stringify(configJsonSchema(connectors.map(({ name }) => name)), null, 2)}\n`,
        );
      } else if (columns === true) process.stdout.write((await import("./reach/reach-row.ts")).columnsPage());
      else process.stdout.write((await import("./graph/generate.ts")).schemaPage());
    });

  program
    .command("completion")
    .description("a script that completes commands and flags in your shell")
    .addArgument(new Argument("<SHELL>", "which shell").choices(SHELLS))
    .action(async (shell: Shell) => {
      const { completionScript } = await import("./faces/completion.ts");
      process.stdout.write(completionScript(program, shell));
    });

  for (const each of [...program.commands, ...coverage.commands])
    each.addHelpText("after", examplesOf(each.name()));

  try {
    await program.parseAsync([...argv]);
    return signal.aborted ? EXIT.interrupted : code;
  } catch (error) {
    return explainError(error, signal, jsonLog());
  }
}

type AnswersOf = Awaited<ReturnType<typeof import("./app.ts").openAnswers>>;

type StoreOptions = Parameters<typeof import("./app.ts").openAnswers>[1];
const openFolder = async (folder: string, options: StoreOptions = {}): Promise<AnswersOf> =>
  (await import("./app.ts")).openAnswers(folder, options);

/** An answer that decides nothing but that it was given. */
const done =
  <A>(run: (answers: A) => Promise<void>) =>
  async (answers: A): Promise<number> => {
    await run(answers);
    return EXIT.ok;
  };

/** Opens the answers, runs, closes; 3 if something was not read and nobody accepted that, unless `run` found more. */
async function withAnswers<A extends AnswersOf>(
  opening: Promise<A>,
  run: (answers: A) => Promise<number>,
  jsonLog: boolean,
): Promise<number> {
  const answers = await opening;
  try {
    const found = await run(answers);
    if (answers.gaps.length === 0) return found;
    const parts = answers.gaps.length;
    const text = `Incomplete: ${parts} part${parts === 1 ? " was" : "s were"} not read completely (forereach coverage). What is not listed is unknown there, not absent.`;
    process.stderr.write(
      `${jsonLog ? JSON.stringify({ time: new Date().toISOString(), type: "incomplete", parts, text }) : text}\n`,
    );
    return found === EXIT.ok ? EXIT.incomplete : found;
  } finally {
    await answers.close();
  }
}

async function showSummary(
  folder: string,
  page: string | undefined,
  screen: Screen,
  jsonLog: boolean,
  options: StoreOptions = {},
): Promise<number> {
  const show = async (answers: AnswersOf) => {
    screen.done();
    const typed = folder === ".forereach" ? "forereach" : `forereach --data ${shellWord(folder)}`;
    await printTop(answers, page, typed);
  };
  return withAnswers(openFolder(folder, options), done(show), jsonLog);
}

function explainError(error: unknown, signal: AbortSignal, jsonLog: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const say = (code: string, message: string, fix?: string) =>
    process.stderr.write(
      jsonLog
        ? `${JSON.stringify({ time: new Date().toISOString(), type: "error", code, message, fix })}\n`
        : `${message}\n${fix === undefined ? "" : `→ ${fix}\n`}`,
    );
  if (error instanceof Interrupted || signal.aborted) {
    say("interrupted", "Interrupted. What was read is kept; run the same command again to go on.");
    return EXIT.interrupted;
  }
  if (error instanceof ForereachError) {
    say(error.code, error.message, error.fix);
    return error instanceof ConfigError ? EXIT.usage : EXIT.store;
  }
  // What the system refuses is no mistake of the program: its words say what and where.
  if (error instanceof Error && "syscall" in error) {
    say("system", error.message, "free space or rights there, then run it again");
    return EXIT.store;
  }
  say("internal", `Internal error: ${error instanceof Error ? error.stack : String(error)}`);
  return EXIT.store;
}

// Inventory, graph and exports are for their owner only, whatever opens them.
process.umask(0o077);
const interrupted = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const)
  process.once(name, () => {
    process.stderr.write("\nStopping: what was read is kept. Once more stops at once.\n");
    interrupted.abort();
    process.once(name, () => process.exit(EXIT.interrupted));
  });
// A reader that closes its end early (`| head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.ok);
  process.exit(explainError(error, interrupted.signal, process.argv.includes("--json-log")));
});
process.exitCode = await main(process.argv, interrupted.signal);
