/** `reach`, `who` and `explain`: what the product is for. */
import { Option } from "commander";
import { ConfigError, MODES, TIERS } from "../../model.ts";
import { listOf } from "../arguments.ts";
import { type CommandLine, done, EXIT, version } from "../command-line.ts";
import { withOutput } from "../flags.ts";
import type { OutputOptions } from "../output.ts";
import type { ExplainOptions } from "../reach-command.ts";

const PLACE = "id or name of a place, or of an item: then the place that protects it";

interface ReachFlags extends OutputOptions {
  all?: boolean;
  expand?: boolean;
  scope?: string;
  tier?: string[];
  mode?: string[];
  user?: string;
  people?: boolean;
  with?: string;
}

export function reach(line: CommandLine): void {
  withOutput(line.program.command("reach"), ".csv, .json, .parquet or .html")
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
    .action(async (agent: string | undefined, { people, user, with: file, ...flags }: ReachFlags) => {
      if (file !== undefined) return line.end(await supposing(line, agent, file, flags));
      if (people === true) return line.end(await forPeople(line, named(agent, "people"), flags));
      if (user !== undefined) return line.end(await forUser(line, named(agent, "user"), user, flags));
      await line.answer(async (answers) => {
        const { reachCommand } = await import("../reach-command.ts");
        await reachCommand(answers, { ...flags, ...made(line), agent, beginning: line.beginning() });
      });
    });
}

/** What manifests say of the run. */
const made = ({ typed }: CommandLine) => ({ command: typed, version });

/** These flags ask about one agent. */
function named(agent: string | undefined, flag: "people" | "user"): string {
  if (agent !== undefined) return agent;
  throw flag === "user"
    ? new ConfigError("needs-agent", "--user asks about one agent", "forereach reach AGENT --user USER")
    : new ConfigError(
        "needs-agent",
        "--people asks about the people of an agent",
        "forereach reach AGENT --people",
      );
}

/** What is worked out in a graph of its own: progress is shown while it is made. */
async function opening(line: CommandLine) {
  const screen = line.screen();
  const request = { ...(await line.store()), ...screen.events };
  return { screen, request: { ...request, folder: await line.folder(), signal: line.signal } };
}

/** `reach --with`. */
async function supposing(
  line: CommandLine,
  agent: string | undefined,
  file: string,
  flags: ReachFlags,
): Promise<number> {
  const [{ openWhatIf }, { mustNotBePage, whatIfCommand }] = await Promise.all([
    import("../../suppose.ts"),
    import("../whatif-command.ts"),
  ]);
  mustNotBePage(flags);
  const { screen, request } = await opening(line);
  const supposed = openWhatIf({ ...request, agent, file }).finally(() => screen.done());
  return line.withAnswers(supposed, async (found) =>
    (await whatIfCommand(found, { ...flags, ...made(line), file })) ? EXIT.findings : EXIT.ok,
  );
}

/** `reach AGENT --user`. */
async function forUser(line: CommandLine, agent: string, user: string, flags: ReachFlags): Promise<number> {
  const [{ openForUser }, { mustNotBePage, userCommand }] = await Promise.all([
    import("../../suppose.ts"),
    import("../whatif-command.ts"),
  ]);
  mustNotBePage(flags);
  const { screen, request } = await opening(line);
  const found = await openForUser({ ...request, agent, user }).finally(() => screen.done());
  return line.withAnswers(Promise.resolve(found.answers), async () =>
    (await userCommand(found, { ...flags, ...made(line) })) ? EXIT.incomplete : EXIT.ok,
  );
}

/** `reach AGENT --people`. */
async function forPeople(line: CommandLine, agent: string, flags: ReachFlags): Promise<number> {
  const [{ openWithPeople }, { reachCommand }] = await Promise.all([
    import("../../suppose.ts"),
    import("../reach-command.ts"),
  ]);
  const { screen, request } = await opening(line);
  return line.withAnswers(
    openWithPeople({ ...request, agent }).finally(() => screen.done()),
    done(async (answers) =>
      reachCommand(answers, {
        ...flags,
        ...made(line),
        ...{ agent, judged: answers.people, beginning: line.beginning() },
      }),
    ),
  );
}

export function who(line: CommandLine): void {
  withOutput(line.program.command("who"))
    .description("the other way round: which agents and people get there")
    .argument("<SCOPE|ITEM>", PLACE)
    .action(async (wanted: string, flags: OutputOptions) =>
      line.answer(async (answers) => {
        const { whoCommand } = await import("../reach-command.ts");
        await whoCommand(answers, wanted, { ...flags, ...made(line), beginning: line.beginning() });
      }),
    );
}

export function explain(line: CommandLine): void {
  line.program
    .command("explain")
    .description("why an agent gets somewhere: the shortest path, or all of them and the smallest cut")
    .argument("<AGENT>", "id or name")
    .argument("<SCOPE>", PLACE)
    .addOption(new Option("--format <FORMAT>", "how to print").choices(["table", "json"]))
    .option("--all", "all paths, the shortest first, and the fewest grants and memberships to take away")
    .option("--out <FILE>", "write to a file (.json, or text)")
    .action(async (agent: string, scope: string, flags: ExplainOptions) =>
      line.answer(async (answers) => {
        const { explainCommand } = await import("../reach-command.ts");
        await explainCommand(answers, agent, scope, flags);
      }),
    );
}
