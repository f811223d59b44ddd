/** Small Office files for tests: real packages and compound files, with the label parts asked for. */
import * as CFB from "cfb";
import { strToU8, zipSync } from "fflate";

export const TENANT = "11111111-1111-4111-8111-111111111111";
export const OTHER_TENANT = "22222222-2222-4222-8222-222222222222";
export const CONFIDENTIAL = "aaaaaaaa-0000-4000-8000-000000000001";
export const SECRET = "aaaaaaaa-0000-4000-8000-000000000002";

export interface LabelEntry {
  id: string;
  siteId?: string;
  enabled?: string;
  removed?: string;
  method?: string;
  contentBits?: string;
}

/** A `labelList`, as Office writes it. */
export function labelInfo(...labels: LabelEntry[]): string {
  const rows = labels.map(
    ({ id, siteId = TENANT, enabled = "1", removed = "0", method = "Privileged", contentBits = "0" }) =>
      `<clbl:label id="{${id}}" enabled="${enabled}" method="${method}" siteId="{${siteId}}" contentBits="${contentBits}" removed="${removed}"/>`,
  );
  return `<?xml version="1.0" encoding="utf-8" standalone="yes"?><clbl:labelList xmlns:clbl="http://schemas.microsoft.com/office/2020/mipLabelMetadata">${rows.join("")}</clbl:labelList>`;
}

/** The keys that label one file: attribute names and values of `MSIP_Label_<id>_<attribute>`. */
export function labelKeys(id: string, attributes: Record<string, string> = {}): Record<string, string> {
  const all = { Enabled: "true", SiteId: TENANT, Method: "Standard", ...attributes };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [`MSIP_Label_${id}_${name}`, value]));
}

const escapeXml = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** `docProps/custom.xml` with these properties. */
export function customXml(properties: Record<string, string>): string {
  const rows = Object.entries(properties).map(
    ([name, value], i) =>
      `<property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="${i + 2}" name="${name}"><vt:lpwstr>${escapeXml(value)}</vt:lpwstr></property>`,
  );
  return `<?xml version="1.0"?><Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes">${rows.join("")}</Properties>`;
}

export interface Parts {
  labelInfo?: string;
  /** Where the label part stands; Office uses docMetadata/LabelInfo.xml. */
  labelPart?: string;
  /** Parts that relationships name as the label's: the label part, if there is one. */
  labelTargets?: readonly string[];
  custom?: string;
  /** The document's own content, stored as it is. */
  content?: Uint8Array;
  extra?: Record<string, Uint8Array>;
}

const OFFICE_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/** An Office package. The content stands between the root relationships and the label parts. */
export function officeFile(parts: Parts = {}): Buffer {
  const labelPart = parts.labelPart ?? "docMetadata/LabelInfo.xml";
  const targets: [string, string][] = [[`${OFFICE_DOCUMENT}/officeDocument`, "word/document.xml"]];
  for (const target of parts.labelTargets ?? (parts.labelInfo === undefined ? [] : [labelPart]))
    targets.push(["http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels", target]);
  if (parts.custom !== undefined)
    targets.push([`${OFFICE_DOCUMENT}/custom-properties`, "docProps/custom.xml"]);
  const relationships = targets.map(
    ([type, target], i) => `<Relationship Id="rId${i + 1}" Type="${type}" Target="${target}"/>`,
  );
  return Buffer.from(
    zipSync({
      "[Content_Types].xml": strToU8("<Types/>"),
      "_rels/.rels": strToU8(
        `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${relationships.join("")}</Relationships>`,
      ),
      "word/document.xml": [parts.content ?? strToU8("<document/>"), { level: 0 }],
      ...(parts.labelInfo === undefined ? {} : { [labelPart]: strToU8(parts.labelInfo) }),
      ...(parts.custom === undefined ? {} : { "docProps/custom.xml": strToU8(parts.custom) }),
      ...parts.extra,
    }),
  );
}

/** An encrypted Office file: a compound file with the package in cipher and, if given, the label in clear. */
export function encryptedFile(info: string | undefined, cipherBytes = 20_000): Buffer {
  const file = CFB.utils.cfb_new();
  CFB.utils.cfb_add(file, "/EncryptedPackage", Buffer.alloc(cipherBytes, 0xa5));
  CFB.utils.cfb_add(file, "/EncryptionInfo", Buffer.from("made up"));
  CFB.utils.cfb_add(file, "/\u0006DataSpaces/Version", Buffer.from("made up"));
  if (info !== undefined)
    CFB.utils.cfb_add(file, "/\u0006DataSpaces/TransformInfo/LabelInfo", Buffer.from(info));
  const bytes: unknown = CFB.write(file, { type: "buffer" });
  if (!Buffer.isBuffer(bytes)) throw new Error("cfb did not write a buffer");
  return bytes;
}
