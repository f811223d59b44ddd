/** `schema` and `completion`: what the product says of itself. */
import { Argument } from "commander";
import type { CommandLine } from "../command-line.ts";
import { completionScript, SHELLS, type Shell } from "../completion.ts";

export function schema(line: CommandLine): void {
  line.program
    .command("schema")
    .description("the graph: kinds, properties, what they mean")
    .option("--json-schema", "JSON Schema of the configuration instead")
    .option("--columns", "columns of the reach row instead")
    .action(async (flags: { jsonSchema?: boolean; columns?: boolean }) => {
      process.stdout.write(await pageOf(flags));
    });
}

async function pageOf(flags: { jsonSchema?: boolean; columns?: boolean }): Promise<string> {
  if (flags.jsonSchema === true) {
    const [{ connectors }, { configJsonSchema }] = await Promise.all([
      import("../../app.ts"),
      import("../../config.ts"),
    ]);
    return `${JSON.stringify(configJsonSchema(connectors.map(({ name }) => name)), null, 2)}\n`;
  }
  if (flags.columns === true) return (await import("../../reach/reach-row.ts")).columnsPage();
  return (await import("../../graph/generate.ts")).schemaPage();
}

export function completion(line: CommandLine): void {
  line.program
    .command("completion")
    .description("a script that completes commands and flags in your shell")
    .addArgument(new Argument("<SHELL>", "which shell").choices(SHELLS))
    .action((shell: Shell) => void process.stdout.write(completionScript(line.program, shell)));
}
