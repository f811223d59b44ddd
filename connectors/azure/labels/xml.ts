/** Small XML parts of Office files, from untrusted bytes: no document types, no entities of the file's own. */
import { XMLParser } from "fast-xml-parser";
import { Undetermined } from "./finding.ts";

export interface XmlElement {
  /** Local name, without prefix. */
  name: string;
  attributes: Readonly<Record<string, string>>;
  /** The element's own text, of its direct text nodes. */
  text: string;
  children: XmlElement[];
}

const ATTRIBUTES = ":@";
const TEXT = "#text";
const CDATA = "#cdata";

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  removeNSPrefix: true,
  parseAttributeValue: false,
  parseTagValue: false,
  processEntities: false,
  cdataPropName: CDATA,
  ignoreDeclaration: true,
  ignorePiTags: true,
  trimValues: false,
});

/**
 * Parses a part into its root's parent. Throws Undetermined `corrupt` if it is not XML, or has a document
 * type: Office never writes one, and it is the door to entity bombs.
 */
export function parseXml(bytes: Uint8Array): XmlElement {
  const text = decode(bytes);
  if (/<!DOCTYPE/i.test(text)) throw new Undetermined("corrupt");
  let nodes: unknown;
  try {
    nodes = parser.parse(text, true);
  } catch {
    throw new Undetermined("corrupt");
  }
  return element("", nodes, {});
}

export const children = (parent: XmlElement, name: string): XmlElement[] =>
  parent.children.filter((child) => child.name === name);

function decode(bytes: Uint8Array): string {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? "utf-16le"
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? "utf-16be"
        : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new Undetermined("corrupt");
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The parser's ordered form: one object a node, whose own key is the name and `:@` holds the attributes. */
function element(name: string, nodes: unknown, attributes: Record<string, string>): XmlElement {
  const result: XmlElement = { name, attributes, text: "", children: [] };
  if (!Array.isArray(nodes)) return result;
  for (const node of nodes) {
    if (!isRecord(node)) continue;
    for (const [key, value] of Object.entries(node)) {
      if (key === ATTRIBUTES) continue;
      if (key === TEXT) result.text += unescapeText(String(value));
      else if (key === CDATA) result.text += verbatim(value);
      else result.children.push(element(key, value, attributesOf(node[ATTRIBUTES])));
    }
  }
  return result;
}

function attributesOf(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, unescapeText(String(each))]));
}

/** What a CDATA section holds: text in which no reference counts. */
const verbatim = (nodes: unknown): string =>
  Array.isArray(nodes) ? nodes.map((node) => (isRecord(node) ? String(node[TEXT]) : "")).join("") : "";

const NAMED: ReadonlyMap<string, string> = new Map(
  Object.entries({ lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" }),
);

/**
 * The five entities that XML itself defines, and characters by their number; the parser's own entity handling stays
 * off. Any other reference is to something that the file would have to define, and hides what is written there.
 */
const unescapeText = (text: string): string =>
  text.replace(
    /&(?:#x([0-9a-fA-F]+);|#(\d+);|(\w+);)?/g,
    (_, hex?: string, decimal?: string, name?: string) => {
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      const character = name === undefined ? characterOf(code) : NAMED.get(name);
      if (character === undefined) throw new Undetermined("corrupt");
      return character;
    },
  );

/** Undefined for what is no character of XML (https://www.w3.org/TR/xml/#charsets). */
const characterOf = (code: number): string | undefined =>
  code >= 0x20 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
    ? String.fromCodePoint(code)
    : [9, 10, 13].includes(code)
      ? String.fromCharCode(code)
      : undefined;
