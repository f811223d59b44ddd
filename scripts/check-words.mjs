/**
 * No committed file holds the address of a package registry, a path of the machine it was written on, or a secret.
 * What is looked for is put together here so that this file does not match itself.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const quoted = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const registry = execFileSync("npm", ["config", "get", "registry"], { cwd: root, encoding: "utf8" }).trim();
const hosts = ["registry.npm" + "js.org", "registry.yarn" + "pkg.com", "npm.pkg.git" + "hub.com"];
if (URL.canParse(registry)) hosts.push(new URL(registry).host);
/** A home or a checkout of one letter would match everything. */
const places = [homedir(), root].filter((path) => path.length > 4);

const RULES = [
  ["the address of a package registry", new RegExp(hosts.map(quoted).join("|"), "i")],
  ["a path of this machine", new RegExp(`(?<![\\w.])(?:${places.map(quoted).join("|")})(?![\\w-])`)],
  ["a path of somebody's machine", /(?:\/home|\/Users)\/[a-z][\w.-]*\/|[A-Z]:\\Users\\/],
  ["a private key", new RegExp("-----BEGIN [A-Z ]*PRIVATE " + "KEY-----\\n[A-Za-z0-9+/=\\n]{64}")],
];

const files = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" })
  .split("\0")
  .filter(Boolean);
let problems = 0;
for (const file of files) {
  const text = readFileSync(new URL(`../${file}`, import.meta.url), "latin1");
  for (const [what, pattern] of RULES) {
    const at = text.search(pattern);
    if (at < 0) continue;
    problems++;
    process.stderr.write(`${file}:${text.slice(0, at).split("\n").length}: ${what}\n`);
  }
}
process.stdout.write(`words: ${files.length} files, ${problems} problems\n`);
process.exitCode = problems === 0 ? 0 : 1;
