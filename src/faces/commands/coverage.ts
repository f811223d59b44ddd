/** `coverage` and `coverage accept`: what was not looked at, and which of it is known. */
import { ConfigError } from "../../model.ts";
import { dateAhead, reasonOf } from "../arguments.ts";
import { type CommandLine, version } from "../command-line.ts";
import { withOutput } from "../flags.ts";
import type { OutputOptions } from "../output.ts";

export function coverage(line: CommandLine): void {
  const program = withOutput(line.program.command("coverage"))
    .description("what was read, what was not, what is not modelled")
    .option("--all", "complete parts too")
    .action(async ({ all, ...flags }: OutputOptions & { all?: boolean }) =>
      line.answer(async (answers) => {
        const [{ deliver, formatOf }, { COVERAGE_COLUMNS, coverageRows, each }] = await Promise.all([
          import("../output.ts"),
          import("../print.ts"),
        ]);
        const rows = coverageRows(answers.meta, all === true);
        if (rows.length === 0 && formatOf(flags) === "table")
          process.stdout.write("Everything that is modelled was read completely. --all lists the parts.\n");
        else
          await deliver({
            ...{ ...flags, answers, rows: each(rows), columns: COVERAGE_COLUMNS },
            ...{ schemaVersion: 1, command: line.typed, version },
          });
      }),
    );
  program
    .command("accept")
    .description("say that a gap is known: it stays in every row, and raises no exit code until the date")
    .argument("<STEP>", "as `forereach coverage` names it")
    .argument("[SCOPE]", "one part of it; absent: all that are not read now")
    .requiredOption("--reason <TEXT>", "why", reasonOf)
    .requiredOption("--until <DATE>", "until when, YYYY-MM-DD", dateAhead)
    .action(
      async (
        step: string,
        scope: string | undefined,
        { reason, until }: { reason: string; until: string },
      ) => {
        const [{ acceptGap }, { WHOLE_TENANT }] = await Promise.all([
          import("../../app.ts"),
          import("../print.ts"),
        ]);
        const part = scope === WHOLE_TENANT ? "" : scope;
        const accepted = await acceptGap(await line.folder(), step, part, reason, until);
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
}
