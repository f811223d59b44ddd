/** `coverage` and `coverage accept`: what was not looked at, and which of it is known. */
import { ConfigError } from "../../model.ts";
import { dateAhead } from "../arguments.ts";
import type { CommandLine } from "../command-line.ts";
import { type Printed, printedOption } from "../flags.ts";

export function coverage(line: CommandLine): void {
  const program = line.program
    .command("coverage")
    .description("what was read, what was not, what is not modelled")
    .addOption(printedOption())
    .option("--all", "complete parts too")
    .action(async ({ format, all }: { format: Printed; all?: boolean }) =>
      line.answer(async ({ meta }) => {
        const { printCoverage } = await import("../print.ts");
        await printCoverage(meta, format, all === true);
      }),
    );
  program
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
        const { acceptGap } = await import("../../app.ts");
        const accepted = await acceptGap(await line.folder(), step, scope, reason, until);
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
