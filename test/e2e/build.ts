/** Before any test: the build that the end-to-end tests start, made anew if a source is newer. */
import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");
const BUILT = join(ROOT, "dist/src/cli.js");

export default function build(): void {
  if (newest() <= (statSync(BUILT, { throwIfNoEntry: false })?.mtimeMs ?? 0)) return;
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: ROOT, stdio: "inherit" });
}

function newest(): number {
  const files = ["package.json", "tsconfig.json", "tsconfig.build.json"];
  for (const folder of ["src", "connectors", "reports", "simulator", "bench"])
    for (const file of readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }))
      if (file.endsWith(".ts") && !file.endsWith(".test.ts")) files.push(join(folder, file));
  return Math.max(...files.map((file) => statSync(join(ROOT, file)).mtimeMs));
}
