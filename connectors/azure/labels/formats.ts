/**
 * Which files can carry a sensitivity label, by name.
 * https://learn.microsoft.com/information-protection/develop/concept-supported-filetypes
 * That page lists PDF, images, Project, Publisher, XPS, Power BI and others as files that can be labeled, so they
 * are not "unlabeled by structure" here, although nothing reads their labels yet.
 */

/**
 * `office`: the label can be read from the bytes. `none`: the format has no place for a label.
 * `other`: it may have one, and no reader here knows it.
 */
export type Format = "office" | "none" | "other";

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

/** Packages and, when encrypted or of the 97-2003 kind, compound files: told apart by their bytes. */
const OFFICE = words(
  `docx docm dotx dotm xlsx xlsm xltx xltm xlsb pptx pptm potx potm ppsx ppsm
   vsdx vsdm vssx vssm vstx vstm doc dot xls xlt ppt pot pps`,
);

/** Formats that the vendor's list leaves out, and whose names are not used for anything that is on it. */
const WITHOUT_PLACE = words(
  `txt text log md markdown rst csv tsv json jsonl ndjson geojson xml xsd xsl html htm css js mjs cjs ts tsx
   jsx map yaml yml toml ini cfg conf properties env sql py ipynb rb go rs java kt cs c h cpp hpp sh bash ps1
   psm1 bat cmd tf tfvars lock parquet avro orc arrow feather gif bmp svg webp ico mp3 wav ogg flac mp4 m4a
   mov avi mkv webm woff woff2 ttf otf eot wasm`,
);

export function formatOf(name: string): Format {
  const extension = /\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  if (OFFICE.has(extension)) return "office";
  return WITHOUT_PLACE.has(extension) ? "none" : "other";
}
