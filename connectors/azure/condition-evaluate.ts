/**
 * Evaluates ABAC conditions as far as a crawl can: what is known is decided, the rest stays as
 * a smaller expression, the residual, and says why it is open. Pure.
 */

import type { Attribute, Comparison, Expr, Literal, Operand } from "./condition.ts";
import { compareValues } from "./condition-compare.ts";
import { globMatches } from "./glob.ts";

/**
 * Why a part is open. `asked`: decided at request time. `choice`: the caller picks the value. `path`: differs from
 * path to path. `item`: differs from blob to blob, or from one state of it to another, in what no path tells. `place`: account or container not known yet. `unread`: not looked at, or an attribute that
 * is not known. `unparsed`: not understood.
 */
export type Cause = "asked" | "choice" | "path" | "item" | "place" | "unread" | "unparsed";

/** What is asked for: one action, and the suboperation if the call is one. */
export interface Question {
  action: string;
  suboperation?: string | undefined;
  /** Which attributes of blobs the call can bring along; any, if it is not said. */
  carries?: readonly Carried[];
}

/** Attributes of blobs in a request. `state`: the version or snapshot that it names. */
export type Carried = "prefix" | "state" | "tags";

/** What is known of where it is asked. Names in lower case, as ids have them. */
export interface Place {
  account?: string | undefined;
  container?: string | undefined;
  hns?: boolean | undefined;
  /** Of a blob within its container. */
  path?: string;
}

/** Values of an attribute; empty if it is known to be missing. */
export type Resolve = (attribute: Attribute) => readonly Literal[] | Cause;

/** A condition made ready for one question: the residual, or what it is decided to be, at a place. */
export type Compiled = (resolve: Resolve) => boolean | Expr;

const ACCOUNT = "microsoft.storage/storageaccounts";
const CONTAINER = `${ACCOUNT}/blobservices/containers`;
const BLOBS = `${CONTAINER}/blobs`;
const ASSIGNMENTS = "microsoft.authorization/roleassignments";

/**
 * Attributes that the request brings along, so that its sender chooses them.
 * https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-attributes
 * https://learn.microsoft.com/azure/role-based-access-control/conditions-authorization-actions-attributes
 */
const CHOSEN: ReadonlySet<string> = new Set([
  `${BLOBS}:prefix`,
  ...["roledefinitionid", "principalid", "principaltype"].map((name) => `${ASSIGNMENTS}:${name}`),
]);
/** Attributes of the request that name which state of a blob is meant: each is an item of its own. */
const STATES: ReadonlySet<string> = new Set([`${BLOBS}:versionid`, `${BLOBS}:snapshot`]);
/** Known only when the request is made. */
const ENVIRONMENT: ReadonlySet<string> = new Set([
  "isprivatelink",
  "microsoft.network/privateendpoints",
  "microsoft.network/virtualnetworks/subnets",
  "utcnow",
]);
const isTags = (key: string) => key.startsWith(`${BLOBS}/tags:`) || key === `${BLOBS}/tags&$keys$&`;

/**
 * Storage attributes at a place: https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-attributes
 * An attribute that no page of the vendor names is unread: it could decide anything.
 */
export function resolveAt(place: Place): Resolve {
  const values = (value: Literal | undefined) => (value === undefined ? "place" : [value]);
  const account = values(place.account);
  const container = values(place.container);
  const hns = values(place.hns);
  const path = place.path === undefined ? "path" : [place.path];
  return ({ source, key }) => {
    switch (source) {
      case "environment":
        return ENVIRONMENT.has(key) ? "asked" : "unread";
      case "request":
        if (STATES.has(key)) return "item";
        return CHOSEN.has(key) || isTags(key) ? "choice" : "unread";
      case "principal":
        return "unread";
    }
    switch (key) {
      case `${ACCOUNT}:name`:
        return account;
      case `${ACCOUNT}:ishnsenabled`:
        return hns;
      case `${CONTAINER}:name`:
      // The spelling of version 1.0.
      case `${CONTAINER}:containername`:
        return container;
      case `${BLOBS}:path`:
        return path;
      case `${BLOBS}:iscurrentversion`:
      case `${ACCOUNT}/encryptionscopes:name`:
        return "item";
      // Of assignments that exist already: what is removed is chosen by who removes it.
      case `${ASSIGNMENTS}:roledefinitionid`:
      case `${ASSIGNMENTS}:principalid`:
      case `${ASSIGNMENTS}:principaltype`:
        return "choice";
      default:
        return isTags(key) ? "item" : "unread";
    }
  };
}

/** True where an account has a hierarchical namespace, as an expression. */
const HIERARCHICAL: Expr = {
  op: "compare",
  operator: "BoolEquals",
  quantifier: undefined,
  left: {
    attribute: {
      source: "resource",
      name: "Microsoft.Storage/storageAccounts:isHnsEnabled",
      key: `${ACCOUNT}:ishnsenabled`,
    },
  },
  right: { values: [true] },
};

/** One way to make the call; `hierarchical`: possible only on accounts with a hierarchical namespace. */
export interface Way extends Question {
  hierarchical?: true;
}

/** Makes a condition ready for an action that can be asked for in several ways: one that passes suffices. */
export function compileWays(expr: Expr, ways: readonly Way[]): Compiled {
  const compiled = ways.map((way) => {
    const plain = compile(expr, way);
    return way.hierarchical ? chain("and", [plain, compile(HIERARCHICAL, way)]) : plain;
  });
  return chain("or", compiled);
}

/** Holds where one of two does. */
export const either = (a: Compiled, b: Compiled): Compiled => chain("or", [a, b]);

/** Makes a condition ready for one question: actions are decided here, once, attributes at each place. */
export function compile(expr: Expr, question: Question): Compiled {
  switch (expr.op) {
    case "and":
    case "or":
      return chain(
        expr.op,
        expr.args.map((arg) => compile(arg, question)),
      );
    case "not": {
      const arg = compile(expr.arg, question);
      if (isFixed(arg)) return arg === ALWAYS ? NEVER : ALWAYS;
      return (resolve) => {
        const result = arg(resolve);
        return typeof result === "boolean" ? !result : { op: "not", arg: result };
      };
    }
    case "action":
      return fixed(expr.patterns.some((pattern) => globMatches(pattern, question.action)));
    case "suboperation": {
      const asked = question.suboperation?.toLowerCase();
      return fixed(expr.patterns.some((pattern) => pattern.toLowerCase() === asked));
    }
    case "exists":
      if (isMissing(expr.attribute, question)) return NEVER;
      return (resolve) => {
        const values = resolve(expr.attribute);
        return typeof values === "string" ? expr : values.length > 0;
      };
    case "compare":
      return attributesOf(expr).some((attribute) => isMissing(attribute, question))
        ? NEVER
        : comparison(expr);
    case "unparsed":
      return () => expr;
  }
}

/**
 * True of an attribute that no such call brings along: nothing that is said of it holds.
 * https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-attributes#suboperations
 */
function isMissing({ source, key }: Attribute, { carries }: Question): boolean {
  if (source !== "request" || carries === undefined) return false;
  const carried = STATES.has(key)
    ? "state"
    : isTags(key)
      ? "tags"
      : key === `${BLOBS}:prefix`
        ? "prefix"
        : undefined;
  return carried !== undefined && !carries.includes(carried);
}

const attributesOf = ({ left, right }: Comparison): Attribute[] =>
  [left, right].flatMap((side) => ("attribute" in side ? [side.attribute] : []));

/** What needs no place to be decided. */
export const ALWAYS: Compiled = () => true;
export const NEVER: Compiled = () => false;
const fixed = (value: boolean) => (value ? ALWAYS : NEVER);
const isFixed = (compiled: Compiled) => compiled === ALWAYS || compiled === NEVER;

function chain(op: "and" | "or", args: readonly Compiled[]): Compiled {
  const decisive = op === "or";
  if (args.includes(fixed(decisive))) return fixed(decisive);
  const open = args.filter((arg) => !isFixed(arg));
  if (open.length === 0) return fixed(!decisive);
  return (resolve) => {
    let rest: Expr[] | undefined;
    for (const arg of open) {
      const result = arg(resolve);
      if (result === decisive) return decisive;
      if (typeof result === "boolean") continue;
      if (rest === undefined) rest = [result];
      else rest.push(result);
    }
    if (rest === undefined) return !decisive;
    return rest.length === 1 ? rest[0]! : { op, args: rest };
  };
}

function comparison(expr: Comparison): Compiled {
  const { left, right } = expr;
  return (resolve) => {
    const a = operand(left, resolve);
    const b = operand(right, resolve);
    return a === undefined || b === undefined ? expr : compareValues(expr, a, b);
  };
}

function operand(side: Operand, resolve: Resolve): readonly Literal[] | undefined {
  if ("values" in side) return side.values;
  const values = resolve(side.attribute);
  return typeof values === "string" ? undefined : values;
}

/**
 * Why a residual is open, or true if the caller can make it true by what it asks for: a `choice` holds
 * either way, since each is a request that can be made. Choices are taken one by one; two that exclude each
 * other count as possible, so the answer never loses access.
 */
export function openCauses(residual: Expr, resolve: Resolve, positive = true): true | ReadonlySet<Cause> {
  if (residual.op === "not") return openCauses(residual.arg, resolve, !positive);
  if (residual.op === "and" || residual.op === "or") {
    const results = residual.args.map((arg) => openCauses(arg, resolve, positive));
    const open = results.filter((result) => result !== true);
    const any = (residual.op === "or") === positive;
    if (any ? open.length < results.length : open.length === 0) return true;
    return new Set(open.flatMap((causes) => [...causes]));
  }
  const causes = leafCauses(residual, resolve);
  return causes.size === 0 ? true : causes;
}

/** The caller picks a value to fit whatever the other side is: then only that other side is open. */
function leafCauses(leaf: Expr, resolve: Resolve): ReadonlySet<Cause> {
  if (leaf.op === "unparsed") return new Set(["unparsed"]);
  const attributes =
    leaf.op === "exists" ? [leaf.attribute] : leaf.op === "compare" ? attributesOf(leaf) : [];
  const open = attributes.map(resolve).filter((result) => typeof result === "string");
  return new Set(open.filter((cause) => cause !== "choice"));
}
