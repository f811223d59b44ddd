/** A residual condition in words, for a person who reads a row. Pure. */
import type { Attribute, Expr, Literal, Operand } from "./condition.ts";

const ATTRIBUTES: Readonly<Record<string, string>> = {
  "microsoft.storage/storageaccounts:name": "storage account name",
  "microsoft.storage/storageaccounts:ishnsenabled": "hierarchical namespace",
  "microsoft.storage/storageaccounts/blobservices/containers:name": "container name",
  "microsoft.storage/storageaccounts/blobservices/containers:containername": "container name",
  "microsoft.storage/storageaccounts/blobservices/containers/blobs:path": "blob path",
  "microsoft.storage/storageaccounts/blobservices/containers/blobs:prefix": "blob prefix",
  "microsoft.storage/storageaccounts/blobservices/containers/blobs:iscurrentversion": "current blob version",
  "microsoft.storage/storageaccounts/blobservices/containers/blobs:versionid": "blob version",
  "microsoft.storage/storageaccounts/blobservices/containers/blobs:snapshot": "blob snapshot",
  "microsoft.storage/storageaccounts/blobservices/containers/blobs/tags&$keys$&": "names of blob tags",
  "microsoft.storage/storageaccounts/encryptionscopes:name": "encryption scope",
  "microsoft.network/privateendpoints": "private endpoint",
  "microsoft.network/virtualnetworks/subnets": "subnet",
  isprivatelink: "private link",
  utcnow: "time",
  "microsoft.authorization/roleassignments:roledefinitionid": "assigned role",
  "microsoft.authorization/roleassignments:principalid": "assigned principal",
  "microsoft.authorization/roleassignments:principaltype": "type of the assigned principal",
};
const METADATA = /blobservices\/containers\/metadata:(.+)$/i;
const TAG = /blobs\/tags:(.+?)(?:<\$key_case_sensitive\$>)?$/i;

/** The first whose end fits; every operator has one. */
const VERBS: readonly (readonly [suffix: string, words: string])[] = [
  ["NotEquals", "is not"],
  ["NotStartsWith", "does not start with"],
  ["NotLike", "is not like"],
  ["GreaterThanEquals", "is at least"],
  ["LessThanEquals", "is at most"],
  ["GreaterThan", "is more than"],
  ["LessThan", "is less than"],
  ["StartsWith", "starts with"],
  ["Like", "is like"],
  ["Equals", "is"],
];

/** The expression in words: `request: blob prefix starts with 'finance/' and resource: blob tag Project is 'X'`. */
export function inWords(expr: Expr, inside?: boolean): string {
  switch (expr.op) {
    case "and":
    case "or": {
      const words = expr.args.map((arg) => inWords(arg, true)).join(` ${expr.op} `);
      return inside ? `(${words})` : words;
    }
    case "not":
      return `not ${inWords(expr.arg, true)}`;
    case "action":
      return `action is ${list(expr.patterns)}`;
    case "suboperation":
      return `operation is ${list(expr.patterns)}`;
    case "exists":
      return `${attribute(expr.attribute)} is given`;
    case "compare":
      return `${side(expr.left)} ${verb(expr.operator)} ${side(expr.right)}`;
    case "unparsed":
      return `a condition that was not understood: ${expr.text}`;
  }
}

const side = (operand: Operand) =>
  "attribute" in operand ? attribute(operand.attribute) : list(operand.values);

function list(values: readonly Literal[]): string {
  return values.map((value) => (typeof value === "string" ? `'${value}'` : String(value))).join(" or ");
}

function attribute({ source, name, key }: Attribute): string {
  const tag = TAG.exec(name)?.[1];
  if (tag !== undefined) return `${source}: blob tag ${tag}`;
  const metadata = METADATA.exec(name)?.[1];
  return `${source}: ${metadata === undefined ? (ATTRIBUTES[key] ?? name) : `container metadata ${metadata}`}`;
}

function verb(operator: string): string {
  const plain = operator.replace(/IgnoreCase$/, "");
  return VERBS.find(([suffix]) => plain.endsWith(suffix))![1];
}
