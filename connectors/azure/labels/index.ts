/** Sensitivity label of one file from its bytes: a few small ranged reads, never the file, never its content. */
import { isCompound, readCompound } from "./compound.ts";
import { type LabelFinding, Undetermined } from "./finding.ts";
import type { Format } from "./formats.ts";
import { findEnd, readPackage } from "./package.ts";
import type { RangedFile } from "./ranges.ts";

export type { FoundLabel, LabelFinding, UnknownReason } from "./finding.ts";
export { type Format, formatOf } from "./formats.ts";
export { fromKeys } from "./metadata.ts";
export { type Fetch, LIMITS, type Limits, RangedFile } from "./ranges.ts";

/**
 * What the file says about its label in `tenantId`. Bytes that make no sense give `unknown`, never
 * `unlabeled`. Throws only what the file's fetch throws: then the file was not read.
 */
export async function readLabel(file: RangedFile, format: Format, tenantId: string): Promise<LabelFinding> {
  if (format === "none" || file.size === 0) return { state: "unlabeled" };
  try {
    if (format === "office") return await readOffice(file, tenantId);
  } catch (error) {
    if (file.failure) throw file.failure.error;
    // Whatever a parser says of bytes that it cannot follow, they are not evidence that there is no label.
    return { state: "unknown", reason: error instanceof Undetermined ? error.reason : "corrupt" };
  }
  return { state: "unknown", reason: "format-not-modelled" };
}

async function readOffice(file: RangedFile, tenantId: string): Promise<LabelFinding> {
  const end = await findEnd(file);
  if (end) return readPackage(file, end, tenantId);
  if (await isCompound(file)) return readCompound(file, tenantId);
  throw new Undetermined("corrupt");
}
