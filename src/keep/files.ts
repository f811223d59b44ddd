/** Files of results: written beside their place, then moved there, readable by their owner only. */
import { createHash } from "node:crypto";
import { chmod, lstat, open, readdir, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ConfigError, ForereachError, StoreError } from "../model.ts";

/** Characters that go to the disk at once. */
const AT_ONCE = 1 << 16;

/** A finished file that is not yet in its place. */
export interface Draft {
  /** Where it will be. */
  path: string;
  sha256: string;
  /** Moves it to its place, over what is there. */
  publish(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * Writes chunks to a draft of `path`. Throws ConfigError if the place cannot be written, StoreError if the
 * disk fails; nothing is then left behind and what stood at `path` is untouched.
 */
export async function draftText(path: string, chunks: AsyncIterable<string>): Promise<Draft> {
  return draft(path, async (temporary) => {
    const file = await open(temporary, "w", 0o600);
    const hash = createHash("sha256");
    try {
      let waiting = "";
      const write = async () => {
        hash.update(waiting);
        await file.writeFile(waiting);
        waiting = "";
      };
      for await (const chunk of chunks) {
        waiting += chunk;
        if (waiting.length >= AT_ONCE) await write();
      }
      await write();
      await file.sync();
    } finally {
      await file.close();
    }
    return hash.digest("hex");
  });
}

/** The file that a path stands for. A link stays one; what is no file, a device or a pipe, is not replaced by one. */
async function placeOf(path: string): Promise<string> {
  const there = await lstat(path).catch(() => undefined);
  if (there?.isSymbolicLink())
    return placeOf(await realpath(path).catch((error) => Promise.reject(explain(path, error))));
  if (there === undefined || there.isFile() || there.isDirectory()) return path;
  throw new ConfigError(
    "not-a-file",
    `${path} is no file that could be replaced`,
    "name another one; without it, rows go to stdout",
  );
}

/** The same for a file that `write` makes itself. `write` returns the hash of its bytes. */
export async function draft(path: string, write: (temporary: string) => Promise<string>): Promise<Draft> {
  const place = await placeOf(path);
  const temporary = join(dirname(place), `.${basename(place)}.${process.pid}.part`);
  const discard = () => rm(temporary, { force: true });
  try {
    const sha256 = await write(temporary);
    await chmod(temporary, 0o600);
    const publish = async () => {
      await rename(temporary, place).catch((error: unknown) => {
        throw explain(path, error);
      });
    };
    return { path, sha256, publish, discard };
  } catch (error) {
    await discard();
    throw explain(path, error);
  }
}

/** Removes what processes that were killed left in a folder: `PREFIX-PID`, with or without more behind it. */
export async function sweepOrphans(folder: string, prefix: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const owner = new RegExp(`^${prefix}-(\\d+)(-|$)`).exec(name)?.[1];
    if (owner !== undefined && !isRunning(Number(owner)))
      await rm(join(folder, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function explain(path: string, error: unknown): unknown {
  if (error instanceof ForereachError || !(error instanceof Error)) return error;
  const cause = { cause: error };
  // Errors of DuckDB have no code, and say in words what the disk said.
  const said = /no space left|disk quota|file too large/i.test(error.message) ? "ENOSPC" : undefined;
  switch ("code" in error ? error.code : said) {
    case "ENOENT":
    case "ENOTDIR":
      return new ConfigError(
        "out-unwritable",
        `There is no folder for ${path}.`,
        "Make the folder first.",
        cause,
      );
    case "EACCES":
    case "EPERM":
    case "EROFS":
    case "EISDIR":
      return new ConfigError(
        "out-unwritable",
        `${path} cannot be written.`,
        "Name another file with --out.",
        cause,
      );
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return new StoreError(
        "disk-full",
        `The disk is full: ${path} was not written.`,
        "Free space, then run it again.",
        cause,
      );
    default:
      return "syscall" in error || error.message.startsWith("IO Error: ")
        ? new StoreError(
            "out-failed",
            `${path} was not written: ${error.message}`,
            "Name another file with --out.",
            cause,
          )
        : error;
  }
}
