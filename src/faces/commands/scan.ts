/** `scan` and `import`: what fills inventory and graph. */
import { Option } from "commander";
import { type CollectedLevel, SEVERITIES } from "../../model.ts";
import { endpointsAt, loopback } from "../arguments.ts";
import { type CommandLine, EXIT } from "../command-line.ts";
import { levelOption } from "../flags.ts";
import { printable } from "../format.ts";
import type { Screen } from "../screen.ts";

interface ScanFlags {
  replay?: string;
  simulator?: string;
  record?: string;
  full?: boolean;
  level?: CollectedLevel;
  agents?: "entra" | "service-principals";
  failOn?: (typeof SEVERITIES)[number];
}

export function scan(line: CommandLine): void {
  line.program
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
    .action(async (flags: ScanFlags) => {
      const { scan } = await import("../../app.ts");
      const screen = line.screen();
      const { record, level, agents } = flags;
      const from = await sourceOf(line, flags, screen);
      const [folder, store] = await Promise.all([line.folder(), line.store()]);
      const meta = await scan({
        ...{ ...store, folder, from, signal: line.signal },
        mode: flags.full === true ? "full" : "delta",
        ...(record === undefined ? {} : { record }),
        ...(level === undefined ? {} : { level }),
        ...(agents === undefined ? {} : { agents }),
        ...screen.events,
      });
      screen.done();
      const code = await line.summarize({ folder, screen }, store);
      const open = meta.findings.filter(({ status }) => status === "new" || status === "open");
      const bar = flags.failOn === undefined ? Number.POSITIVE_INFINITY : SEVERITIES.indexOf(flags.failOn);
      const failing = open.some(({ severity }) => SEVERITIES.indexOf(severity) >= bar);
      line.end(failing ? EXIT.findings : code);
      screen.summary({
        exit: failing ? EXIT.findings : code,
        findings: open.length,
        incomplete: code === EXIT.incomplete,
      });
    });
}

/** Where answers come from; what the configuration warns of is said. */
async function sourceOf({ globals }: CommandLine, { simulator, replay }: ScanFlags, screen: Screen) {
  if (simulator !== undefined) return { kind: "simulator", endpoints: endpointsAt(simulator) } as const;
  if (replay !== undefined) return { kind: "recording", file: replay } as const;
  const { configured } = await import("../../app.ts");
  const found = await configured(globals.config, globals.tenant);
  for (const warning of found.warnings) screen.note(warning);
  return { kind: "tenant", ...found } as const;
}

export function importRecords(line: CommandLine): void {
  line.program
    .command("import")
    .description("records from any other source (JSON lines)")
    .argument("<FILE>", "file of records")
    .action(async (file: string) => {
      const [{ importFile, importName }, { sayStrangers }, { openGaps }] = await Promise.all([
        import("../../app.ts"),
        import("../../keep/inventory-strangers.ts"),
        import("../../keep/meta.ts"),
      ]);
      const screen = line.screen();
      const [folder, store] = await Promise.all([line.folder(), line.store()]);
      const { records, coverage, strangers, meta } = await importFile({
        ...{ ...store, folder, file },
        ...screen.events,
      });
      screen.done();
      const said = [
        `Imported ${counted(records, "record")} and ${counted(coverage, "statement")} of coverage; snapshot ${meta.snapshot}.`,
      ];
      const gaps = openGaps(meta, new Date().toISOString().slice(0, 10)).length;
      if (gaps > 0)
        said.push(
          `${counted(gaps, "part")} ${gaps === 1 ? "is" : "are"} not read completely, and answers say so. ${line.hint("forereach coverage lists what.")}`,
        );
      const unknown = sayStrangers(strangers);
      if (unknown !== undefined)
        said.push(printable(`import.${importName(file)}: ${unknown.reason}`), `→ ${unknown.fix}`);
      if (meta.scan !== undefined) {
        const elsewhere = store.store?.kind === "neo4j" && meta.store === undefined;
        const where = elsewhere ? "It lies in the data folder: Neo4j shows what it showed until then. " : "";
        said.push(
          `The graph is partial until the scan ends that has begun. ${where}${line.hint("forereach scan goes on with it.")}`,
        );
      }
      process.stdout.write(`${said.join("\n")}\n`);
    });
}

const counted = (count: number, what: string): string =>
  `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;
