/** Sensitivity label of one file from its bytes: a few small ranged reads, never the file, never its content. */
import { type LabelFinding, Undetermined } from "./finding.ts";
import type { Format } from "./formats.ts";
import type { RangedFile } from "./ranges.ts";

export type { FoundLabel, LabelFinding, UnknownReason } from "./finding.ts";
export { type Format, formatOf } from "./formats.ts";
export { fromKeys } from "./keys.ts";
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

/** Looks in the order of what is usual, so that the long tail, which holds content, is hardly ever fetched. */
async function readOffice(file: RangedFile, tenantId: string): Promise<LabelFinding> {
  // Loaded here: zip and XML are for who looks into files, and every command would wait for them.
  const [{ findEnd, longTail, readPackage, shortTail }, { isCompound, readCompound }] = await Promise.all([
    import("./package.ts"),
    import("./compound.ts"),
  ]);
  const usual = await findEnd(file, shortTail(file.size));
  if (usual) return readPackage(file, usual, tenantId);
  if (await isCompound(file)) return readCompound(file, tenantId);
  const distant = await findEnd(file, longTail(file.size));
  if (distant) return readPackage(file, distant, tenantId);
  throw new Undetermined("corrupt");
}
