/** Where the package lies, from src/ and from dist/ alike. Imports nothing of ours. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

const find = (folder: string): string =>
  existsSync(join(folder, "queries")) && existsSync(join(folder, "package.json"))
    ? folder
    : find(dirname(folder));

export const packageRoot = find(import.meta.dirname);
