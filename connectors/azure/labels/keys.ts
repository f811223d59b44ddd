/**
 * Which label holds, from `MSIP_Label_<guid>_<attribute>` keys (custom properties, PDF, blob metadata), and what all forms of
 * label metadata have in common.
 * https://learn.microsoft.com/information-protection/develop/concept-mip-metadata
 */
import { type FoundLabel, Undetermined } from "./finding.ts";

/**
 * What one source says for one tenant. `silent`: it does not mention the tenant at all; `untold`: nor does it, but it has a
 * label that may be of any tenant.
 */
export type Statement = FoundLabel | { state: "none" } | { state: "silent" } | { state: "untold" };

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Values of label metadata are at most this long; longer ones are cut, as they come from the file. */
const LONGEST_NAME = 255;
/** Bit of ContentBits that says the label encrypts. */
const ENCRYPTS = 8;

export const guid = (text: string): string =>
  text
    .trim()
    .replace(/^\{|\}$/g, "")
    .toLowerCase();
export const isTrue = (text: string | undefined): boolean => /^(true|1)$/i.test(text?.trim() ?? "");

export function labelId(text: string): string {
  const id = guid(text);
  if (!GUID.test(id)) throw new Undetermined("corrupt");
  return id;
}

export function found(
  id: string,
  rest: { name?: string; method?: string; contentBits?: string },
): FoundLabel {
  const label: FoundLabel = { state: "labeled", id };
  // Control characters never belong to a name and would break a terminal.
  const name = rest.name
    ?.replace(/\p{Cc}/gu, " ")
    .trim()
    .slice(0, LONGEST_NAME);
  if (name) label.name = name;
  const method = rest.method?.trim().toLowerCase();
  if (method === "standard" || method === "privileged" || method === "auto") label.method = method;
  if ((Number.parseInt(rest.contentBits ?? "", 10) & ENCRYPTS) !== 0) label.encrypted = true;
  return label;
}

type Attributes = ReadonlyMap<string, string>;

const isActive = ([, a]: readonly [string, Attributes]): boolean =>
  isTrue(a.get("enabled")) && !isTrue(a.get("removed"));

/**
 * The tenant of a label; empty where it is not told. The first clients wrote it as the end of an address alone.
 * https://learn.microsoft.com/powershell/module/azureinformationprotection/get-aipfilestatus
 */
function siteOf(a: Attributes): string {
  const site = guid(a.get("siteid") ?? "");
  return site === "" ? guid(a.get("ref")?.split("/").at(-1) ?? "") : site;
}

/**
 * Reads `MSIP_Label_*` keys. Enabled, not removed, of this tenant; a child label wins over its parent.
 * Keys are compared without case; `_` may stand for `-`, because names of blob metadata are identifiers.
 * https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
 */
export function fromKeys(values: Iterable<readonly [string, string]>, tenantId: string): Statement {
  const labels = new Map<string, Map<string, string>>();
  for (const [key, value] of values) {
    const match = /^MSIP_Label_\{?([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})\}?_(.+)$/i.exec(key);
    if (!match) continue;
    const id = match[1]!.replaceAll("_", "-").toLowerCase();
    // Attributes may carry a version, as in EnabledV2, and a prefix of the writer, as in Extended_MSFT_Method.
    const attribute = match[2]!
      .toLowerCase()
      .replace(/^extended_msft_/, "")
      .replace(/v\d+$/, "");
    const attributes = labels.get(id) ?? new Map<string, string>();
    labels.set(id, attributes);
    if (!attributes.has(attribute)) attributes.set(attribute, value);
  }
  const own = [...labels].filter(([, a]) => siteOf(a) === guid(tenantId));
  const active = own.filter(isActive);
  if (active.length === 0 && [...labels].some((label) => isActive(label) && siteOf(label[1]) === ""))
    return { state: "untold" };
  if (own.length === 0) return { state: "silent" };
  const parents = new Set(active.map(([, a]) => guid(a.get("parent") ?? "")));
  // Were all parents of one another (nonsense), the first would still be a label that somebody set.
  const [id, attributes] = active.find(([each]) => !parents.has(each)) ?? active[0] ?? [];
  if (!id || !attributes) return { state: "none" };
  const name = attributes.get("name");
  return found(
    id,
    optional({ name, method: attributes.get("method"), contentBits: attributes.get("contentbits") }),
  );
}

/** Drops absent values, which an exact optional property must not hold. */
export function optional<K extends string>(
  values: Record<K, string | undefined>,
): Partial<Record<K, string>> {
  const present: Partial<Record<K, string>> = {};
  for (const key in values) if (values[key] !== undefined) present[key] = values[key];
  return present;
}
