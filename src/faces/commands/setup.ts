/** `init`, `permissions` and `check`: before the first scan. */
import { writeFile } from "node:fs/promises";
import { Option } from "commander";
import { PERMISSION_FORMATS, type PermissionFormat } from "../../collect/permissions.ts";
import { type CollectedLevel, ConfigError } from "../../model.ts";
import { type CommandLine, EXIT } from "../command-line.ts";
import { levelOption, PRINTED, type Printed } from "../flags.ts";

export function init(line: CommandLine): void {
  line.program
    .command("init")
    .description("write a commented configuration")
    .argument("[TENANT]", "tenant (directory) id")
    .action(async (tenant: string | undefined) => {
      const [{ connectors }, { initConfig }] = await Promise.all([
        import("../../app.ts"),
        import("../../config.ts"),
      ]);
      const path = line.globals.config;
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
        `Wrote ${path}.${tenant === undefined ? " Put your tenant id in it." : ""} Next: ${line.beginning()} permissions, then ${line.beginning()} check.\n`,
      );
    });
}

export function permissions(line: CommandLine): void {
  line.program
    .command("permissions")
    .description("what each step needs, and what a thief of that credential could do")
    .addOption(
      new Option("--format <FORMAT>", "how to print")
        .choices([...PRINTED, ...PERMISSION_FORMATS])
        .default("table"),
    )
    .addOption(levelOption().default("metadata"))
    .action(async ({ format, level }: { format: Printed | PermissionFormat; level: CollectedLevel }) => {
      const [{ connectors }, { permissions, renderPermissions }, { printAnswer }] = await Promise.all([
        import("../../app.ts"),
        import("../../collect/permissions.ts"),
        import("../print.ts"),
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
}

export function check(line: CommandLine): void {
  line.program
    .command("check")
    .description("configuration, sign-in, permissions, stores: what works, what is missing, what to type")
    .action(async () => {
      const { runCheck } = await import("../doctor.ts");
      const { config, data } = line.globals;
      let failed = false;
      for await (const row of runCheck(config, data, line.signal)) {
        failed ||= row.state === "failed" || row.state === "missing";
        process.stdout.write(
          `${row.state.padEnd(8)} ${row.what}: ${row.detail}\n${row.fix === undefined ? "" : `         → ${line.hint(row.fix)}\n`}`,
        );
      }
      line.end(failed ? EXIT.usage : EXIT.ok);
    });
}
