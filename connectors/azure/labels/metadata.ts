/**
 * Which label holds, from the XML in which label metadata is written: `labelList` (LabelInfo) and custom properties, whose
 * values are `MSIP_Label_<guid>_<attribute>` keys.
 * https://learn.microsoft.com/information-protection/develop/concept-mip-metadata
 */
import { Undetermined } from "./finding.ts";
import { found, guid, isTrue, labelId, optional, type Statement } from "./keys.ts";
import { children, parseXml, type XmlElement } from "./xml.ts";

/**
 * Reads a `labelList`. An element of this tenant speaks for it even when it is disabled or removed, so that
 * older custom properties do not bring a removed label back (MS-OFFCRYPTO 2.6.3). An empty list is legal.
 * https://learn.microsoft.com/openspecs/office_file_formats/ms-offcrypto/13939de6-c833-44ab-b213-e0088bf02341
 */
export function fromLabelInfo(xml: Uint8Array, tenantId: string): Statement {
  const list = children(parseXml(xml), "labelList")[0];
  if (!list) throw new Undetermined("corrupt");
  const labels = children(list, "label");
  const own = labels.filter((label) => siteOf(label) === guid(tenantId));
  const active = own.find(isActive);
  // Every label has its tenant: one without may be of this one.
  if (!active && labels.some((label) => isActive(label) && siteOf(label) === ""))
    throw new Undetermined("tenant-untold");
  if (own.length === 0) return { state: "silent" };
  if (!active) return { state: "none" };
  const { id = "", method, contentBits } = active.attributes;
  return found(labelId(id), optional({ method, contentBits }));
}

const siteOf = ({ attributes }: XmlElement): string => guid(attributes.siteId ?? "");
const isActive = ({ attributes }: XmlElement): boolean =>
  isTrue(attributes.enabled) && !isTrue(attributes.removed);

/** Reads `docProps/custom.xml`: the values of custom document properties, by name. */
export function customProperties(xml: Uint8Array): Map<string, string> {
  const properties = children(parseXml(xml), "Properties")[0];
  if (!properties) throw new Undetermined("corrupt");
  return new Map(
    children(properties, "property").map((property): [string, string] => [
      property.attributes.name ?? "",
      property.children.map(textOf).join(""),
    ]),
  );
}

const textOf = (element: XmlElement): string => element.text + element.children.map(textOf).join("");
