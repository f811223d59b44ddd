/**
 * The lock file must serve every platform and every registry: an entry for each platform package that a dependency
 * may need, and no registry's address. `--write` adds the missing entries (a registry that does not carry the packages
 * of other platforms leaves them out, and `npm ci` then refuses the file everywhere).
 */
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));
const write = process.argv.includes("--write");
const problems = [];

for (const [place, entry] of Object.entries(lock.packages)) {
  if (entry.resolved !== undefined) problems.push(`${place} names the registry that it came from`);
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (isThere(place, name)) continue;
    if (write && /^\d+\.\d+\.\d+/.test(version))
      lock.packages[`node_modules/${name}`] = platformEntry(name, version, entry);
    else problems.push(`${place} may need ${name}, which has no entry: node scripts/check-lock.mjs --write`);
  }
}
if (write) {
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en"));
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
}
for (const problem of problems) process.stderr.write(`package-lock.json: ${problem}\n`);
process.stdout.write(
  `package-lock.json: ${Object.keys(lock.packages).length} entries, ${problems.length} problems\n`,
);
process.exitCode = problems.length === 0 ? 0 : 1;

/** As Node looks a package up: below the one that needs it, or below any folder above. */
function isThere(place, name) {
  for (
    let at = place;
    ;
    at = at.includes("/node_modules/") ? at.slice(0, at.lastIndexOf("/node_modules/")) : ""
  ) {
    if (lock.packages[`${at === "" ? "" : `${at}/`}node_modules/${name}`] !== undefined) return true;
    if (at === "") return false;
  }
}

/** What such a package says of itself can be read from its name: `…-linux-x64-musl`. */
function platformEntry(name, version, parent) {
  const os = ["darwin", "linux", "win32", "android", "freebsd"].find((word) => name.includes(`-${word}-`));
  const cpu = ["arm64", "x64", "ia32", "arm"].find((word) => name.includes(`-${word}`));
  return {
    version,
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(parent.dev === true ? { dev: true } : {}),
    ...(name.endsWith("-musl") ? { libc: ["musl"] } : {}),
    ...(parent.license === undefined ? {} : { license: parent.license }),
    optional: true,
    ...(os === undefined ? {} : { os: [os] }),
  };
}
