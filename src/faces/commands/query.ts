/** `query`, `queries` and `findings`: questions of one's own, and those that are kept. */
import { collect } from "../arguments.ts";
import { type CommandLine, version } from "../command-line.ts";
import { withOutput } from "../flags.ts";
import type { OutputOptions } from "../output.ts";

interface QueryFlags extends OutputOptions {
  param: Record<string, string | number | boolean>;
}

export function query(line: CommandLine): void {
  withOutput(line.program.command("query"))
    .description("read-only Cypher, or a saved query by name")
    .argument("<CYPHER>", "one statement, or the name of a saved query")
    .option("--param <NAME=VALUE>", "parameter; may be given several times", collect, {})
    .action(async (cypher: string, { param, ...flags }: QueryFlags) =>
      line.answer(async (answers) => {
        const [{ deliver, formatOf, sayBeside }, { sayUnread, unreadParts }] = await Promise.all([
          import("../output.ts"),
          import("../../reach/gaps.ts"),
        ]);
        const format = formatOf(flags);
        const rows = answers.query(cypher, param);
        const count = await deliver({
          ...{ ...flags, answers, rows, columns: undefined },
          ...{ schemaVersion: 1, command: line.typed, version },
        });
        if (count === 0) sayBeside(sayUnread(unreadParts(answers), ""), format);
      }),
    );
}

export function queries(line: CommandLine): void {
  line.program
    .command("queries")
    .description("the saved queries")
    .action(async () => {
      const [{ loadQueries, sayParameters }, { printAnswer }] = await Promise.all([
        import("../../ask/query.ts"),
        import("../print.ts"),
      ]);
      await printAnswer(
        (await loadQueries()).map((saved) => ({
          name: saved.id,
          severity: saved.severity ?? "",
          title: saved.title,
          parameters: sayParameters(saved).join(", "),
        })),
        ["name", "severity", "title", "parameters"],
        "table",
      );
    });
}

export function findings(line: CommandLine): void {
  withOutput(line.program.command("findings"))
    .description("what the last scan found")
    .action(async (flags: OutputOptions) =>
      line.answer(async (answers) => {
        const [
          { deliver, formatOf, sayBeside },
          { each, FINDING_COLUMNS, findingRows, sayDoubtful, sayFindings },
          { sayUnread, unreadParts },
          { doubtfulReaders },
        ] = await Promise.all([
          import("../output.ts"),
          import("../print.ts"),
          import("../../reach/gaps.ts"),
          import("../../reach/nowhere.ts"),
        ]);
        const format = formatOf(flags);
        const table = format === "table";
        const rows = findingRows(answers.meta);
        if (!table || rows.length > 0)
          await deliver({
            ...{ ...flags, answers, rows: each(rows), columns: FINDING_COLUMNS },
            ...{ schemaVersion: 1, command: line.typed, version },
          });
        if (table) process.stdout.write(sayFindings(answers.meta));
        else if (rows.length === 0) sayBeside(sayUnread(unreadParts(answers), ""), format);
        sayBeside(sayDoubtful(await doubtfulReaders(answers.ask), line.beginning()), format);
      }),
    );
}
