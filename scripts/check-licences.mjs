/** Every package that is installed with the product must come under a permissive licence. Reads the lock file. */
import { readFileSync } from "node:fs";

/** MPL-2.0 asks only that changes to its own files are published; the others ask for the notice alone. */
const ALLOWED = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "ISC",
  "MIT",
  "MPL-2.0",
]);

const { packages } = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"));
const shipped = Object.entries(packages).filter(([place, { dev }]) => place !== "" && dev !== true);
const wrong = shipped.filter(([, { license }]) => !isAllowed(license ?? ""));
for (const [place, { license }] of wrong)
  process.stderr.write(`${place}: licence ${license ?? "not stated"} is not on the list\n`);
process.stdout.write(`licences: ${shipped.length} packages, ${wrong.length} not allowed\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;

/** `A OR B`: one of them is enough. `A AND B`: all must be allowed. */
function isAllowed(expression) {
  return expression
    .replace(/[()]/g, "")
    .split(" OR ")
    .some((choice) => choice.split(" AND ").every((name) => ALLOWED.has(name.trim())));
}
