/**
 * The closing lines of CI, from vitest's JSON: every skipped and every failed test by name, the latter with what it said,
 * since who sees only the end of a log must see why; then `N passed, N failed, N skipped`.
 * Arguments: `NAME=FILE` for each run of the tests. A run without a file did not end, which is a failure.
 */
import { existsSync, readFileSync } from "node:fs";

const totals = { passed: 0, failed: 0, skipped: 0 };
/** Of a failed test's message: a difference between two large values may have thousands of lines. */
const LINES_OF_A_FAILURE = 12;
const failures = [];
for (const argument of process.argv.slice(2)) {
  const [name, file] = argument.split("=");
  if (!existsSync(file)) {
    process.stdout.write(`${name}: the tests did not end\n`);
    totals.failed += 1;
    continue;
  }
  const { testResults } = JSON.parse(readFileSync(file, "utf8"));
  const skipped = [];
  for (const { name: path, status, message, assertionResults } of testResults) {
    // A file that breaks before its first test has none that could fail.
    if (status === "failed" && assertionResults.every((test) => test.status !== "failed")) {
      totals.failed += 1;
      process.stdout.write(`${name}: ${short(path)} broke: ${message}\n`);
    }
    for (const test of assertionResults) {
      if (test.status === "passed") totals.passed += 1;
      else if (test.status === "failed") {
        totals.failed += 1;
        failures.push([`Failed on ${name}: ${short(path)}: ${test.fullName}`, ...said(test)]);
      } else skipped.push(`${short(path)}: ${test.fullName}`);
    }
  }
  totals.skipped += skipped.length;
  process.stdout.write(`\nSkipped on ${name}: ${skipped.length === 0 ? "none" : skipped.length}\n`);
  for (const line of skipped) process.stdout.write(`  ${line}\n`);
}
for (const [title, ...lines] of failures) {
  process.stdout.write(`\n${title}\n`);
  for (const line of lines) process.stdout.write(`  ${line}\n`);
}
process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;

function said(test) {
  return test.failureMessages.join("\n").split("\n").slice(0, LINES_OF_A_FAILURE);
}

function short(path) {
  return path.startsWith(process.cwd()) ? path.slice(process.cwd().length + 1) : path;
}
