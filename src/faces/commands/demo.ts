/** `demo` and `simulate`: a tenant that is made up, on this machine. */
import { join } from "node:path";
import { whole } from "../arguments.ts";
import type { CommandLine } from "../command-line.ts";

type SimulateOptions = import("../demo.ts").SimulateOptions;

export function demo(line: CommandLine): void {
  line.program
    .command("demo")
    .description("simulated tenant, scan, and what its agents reach; needs no cloud and no server")
    .option("--seed <NUMBER>", "another tenant", whole, 2026)
    .option("--page <FILE>", "where the page goes", "forereach-demo.html")
    .action(async ({ seed, page }: { seed: number; page: string }) => {
      const { runDemo } = await import("../demo.ts");
      const folder = join(line.globals.data, "demo");
      const screen = line.screen();
      await runDemo({ folder, seed, signal: line.signal, screen });
      line.end(await line.summarize({ folder, data: folder, page, screen }));
    });
}

export function simulate(line: CommandLine): void {
  line.program
    .command("simulate")
    .description("serve a simulated tenant on loopback until interrupted")
    .option("--seed <NUMBER>", "which tenant", whole, 2026)
    .option("--agents <NUMBER>", "agents", whole, 500)
    .option("--users <NUMBER>", "users", whole, 2_000)
    .option("--groups <NUMBER>", "groups", whole, 400)
    .option("--items <NUMBER>", "files", whole, 50_000)
    .option("--port <NUMBER>", "port on 127.0.0.1; 0 takes a free one", whole, 0)
    .action(async (options: SimulateOptions) => {
      const { serveSimulator } = await import("../demo.ts");
      await serveSimulator(options, line.signal, (text) => process.stdout.write(text));
    });
}
