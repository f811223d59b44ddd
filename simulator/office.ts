/**
 * Bytes of simulated files. Office files are real zip packages whose label stands where Office writes it;
 * everything else is filler. https://learn.microsoft.com/openspecs/office_file_formats/ms-offcrypto
 */
import { strToU8, type Zippable, zipSync } from "fflate";
import type { SimulatedFile } from "./files.ts";

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships";
const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006";

/** By extension: the main part, its content type and its smallest content. */
const PACKAGES: Readonly<Record<string, readonly [part: string, type: string, content: string]>> = {
  docx: [
    "word/document.xml",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p/></w:body></w:document>',
  ],
  xlsx: [
    "xl/workbook.xml",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheets/></workbook>',
  ],
  pptx: [
    "ppt/presentation.xml",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
    '<p:presentation xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"/>',
  ],
};

const labelInfo = (file: SimulatedFile, tenantId: string): string =>
  `${XML}<clbl:labelList xmlns:clbl="http://schemas.microsoft.com/office/2020/mipLabelMetadata"><clbl:label id="{${file.label!.id}}" enabled="1" method="${file.label!.method}" siteId="{${tenantId}}" contentBits="0" removed="0"/></clbl:labelList>`;

/** `MSIP_Label_*` keys and values of a label. https://learn.microsoft.com/information-protection/develop/concept-mip-metadata */
export function labelKeys(file: SimulatedFile, tenantId: string): readonly (readonly [string, string])[] {
  if (!file.label) return [];
  const key = (attribute: string): string => `MSIP_Label_${file.label!.id}_${attribute}`;
  return [
    [key("Enabled"), "true"],
    [key("SetDate"), file.modified.toISOString().replace(/\.\d+/, "")],
    [key("Method"), file.label.method],
    [key("Name"), file.label.name],
    [key("SiteId"), tenantId],
    [key("ContentBits"), "0"],
  ];
}

function customProperties(file: SimulatedFile, tenantId: string): string {
  const properties = labelKeys(file, tenantId).map(
    ([name, value], n) =>
      `<property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="${n + 2}" name="${name}"><vt:lpwstr>${value}</vt:lpwstr></property>`,
  );
  return `${XML}<Properties xmlns="${OFFICE}/custom-properties" xmlns:vt="${OFFICE}/docPropsVTypes">${properties.join("")}</Properties>`;
}

function parts(file: SimulatedFile, tenantId: string, filler: number): Zippable {
  const [part, type, content] = PACKAGES[file.extension]!;
  const scheme = file.label?.scheme;
  const labelPart =
    scheme === "labelInfo"
      ? "docMetadata/LabelInfo.xml"
      : scheme === "custom"
        ? "docProps/custom.xml"
        : undefined;
  const labelType =
    scheme === "labelInfo"
      ? "application/vnd.ms-office.classificationlabels+xml"
      : "application/vnd.openxmlformats-officedocument.custom-properties+xml";
  const labelRelation =
    scheme === "labelInfo"
      ? "http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels"
      : `${OFFICE}/relationships/custom-properties`;
  const override = labelPart ? `<Override PartName="/${labelPart}" ContentType="${labelType}"/>` : "";
  const relation = labelPart ? `<Relationship Id="rId2" Type="${labelRelation}" Target="${labelPart}"/>` : "";
  return {
    "[Content_Types].xml": strToU8(
      `${XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="bin" ContentType="application/octet-stream"/><Override PartName="/${part}" ContentType="${type}"/>${override}</Types>`,
    ),
    "_rels/.rels": strToU8(
      `${XML}<Relationships xmlns="${RELATIONSHIPS}"><Relationship Id="rId1" Type="${OFFICE}/relationships/officeDocument" Target="${part}"/>${relation}</Relationships>`,
    ),
    [part]: strToU8(XML + content),
    // Stands for pictures: gives the file its size, so that reading it whole would cost.
    "media/filler.bin": new Uint8Array(filler),
    ...(labelPart
      ? {
          [labelPart]: strToU8(
            scheme === "labelInfo" ? labelInfo(file, tenantId) : customProperties(file, tenantId),
          ),
        }
      : {}),
  };
}

/** A date by local parts, because zip stores local time: the bytes are the same in every time zone. */
const STAMP = new Date(2024, 0, 15, 12, 0, 0);
const pack = (file: SimulatedFile, tenantId: string, filler: number): Uint8Array =>
  zipSync(parts(file, tenantId, filler), { level: 0, mtime: STAMP });

/** Sizes and bytes of files of one tenant. Nothing is compressed, so a size needs no bytes to be made. */
export class Contents {
  readonly #tenantId: string;
  readonly #overheads = new Map<string, number>();
  readonly #recent = new Map<number, Buffer>();

  constructor(tenantId: string) {
    this.#tenantId = tenantId;
  }

  size(file: SimulatedFile): number {
    if (!PACKAGES[file.extension]) return file.filler;
    const shape = `${file.extension}.${file.label?.scheme}.${file.label?.method}.${file.label?.name}`;
    let overhead = this.#overheads.get(shape);
    if (overhead === undefined) {
      overhead = pack(file, this.#tenantId, 0).length;
      this.#overheads.set(shape, overhead);
    }
    return overhead + file.filler;
  }

  /** The whole file; the last few are kept, because a reader asks for several ranges of one. */
  bytes(file: SimulatedFile): Buffer {
    const key = file.index * 4 + file.generation;
    const kept = this.#recent.get(key);
    if (kept) return kept;
    const bytes = PACKAGES[file.extension]
      ? Buffer.from(pack(file, this.#tenantId, file.filler))
      : Buffer.alloc(file.filler, file.extension === "pdf" ? "%PDF-1.7\n" : `${file.name}\n`);
    this.#recent.set(key, bytes);
    if (this.#recent.size > 16) this.#recent.delete(this.#recent.keys().next().value ?? -1);
    return bytes;
  }
}
