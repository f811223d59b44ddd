#!/usr/bin/env node
/** The program: arguments in, text and exit codes out. Commands are in faces/commands, everything else behind app.ts. */
import { Command, CommanderError } from "commander";
import { CommandLine, EXIT, type Global, version } from "./faces/command-line.ts";
import { COMMANDS } from "./faces/commands/index.ts";
import { EXAMPLES, examplesOf } from "./faces/help.ts";
import { ConfigError, ForereachError, Interrupted } from "./model.ts";

/** Runs one command line; resolves to the exit code. */
async function main(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const program = new Command("forereach")
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
  const line = new CommandLine(program, argv.slice(2), signal);
  for (const declare of COMMANDS) declare(line);
  for (const each of program.commands.flatMap((command) => [command, ...command.commands]))
    each.addHelpText("after", examplesOf(each.name()));
  try {
    await program.parseAsync([...argv]);
    return line.code;
  } catch (error) {
    return explainError(await line.withDemo(error), signal, program.opts<Global>().jsonLog === true, line);
  }
}

/** `line`: what was typed, so that what to type next finds the same data. */
function explainError(error: unknown, signal: AbortSignal, jsonLog: boolean, line?: CommandLine): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const say = (code: string, message: string, hint?: string) => {
    const fix = hint === undefined ? undefined : (line?.hint(hint) ?? hint);
    process.stderr.write(
      jsonLog
        ? `${JSON.stringify({ time: new Date().toISOString(), type: "error", code, message, fix })}\n`
        : `${message}\n${fix === undefined ? "" : `→ ${fix}\n`}`,
    );
  };
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
