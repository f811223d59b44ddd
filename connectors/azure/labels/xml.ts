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

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  removeNSPrefix: true,
  parseAttributeValue: false,
  parseTagValue: false,
  processEntities: false,
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
      else result.children.push(element(key, value, attributesOf(node[ATTRIBUTES])));
    }
  }
  return result;
}

function attributesOf(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, unescapeText(String(each))]));
}

const NAMED: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

/** The five entities that XML itself defines; the parser's own entity handling stays off. */
const unescapeText = (text: string): string =>
  text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => NAMED[name] ?? "");
