/**
 * Evaluates ABAC conditions as far as a crawl can (reach.md 4.1): what is known is decided, the rest stays as
 * a smaller expression, the residual, and says why it is open. Pure.
 */

import type { Attribute, Expr, Literal, Operand } from "./condition.ts";
import { compareValues } from "./condition-compare.ts";
import { globMatches } from "./glob.ts";

/**
 * Why a part is open. `asked`: decided at request time. `choice`: the caller picks the value. `item`: differs
 * from blob to blob. `place`: account or container not known yet. `unread`: not looked at. `unparsed`: not
 * understood.
 */
export type Cause = "asked" | "choice" | "item" | "place" | "unread" | "unparsed";

/** What is asked for: one action, and the suboperation if the call is one. */
export interface Question {
  action: string;
  suboperation?: string;
}

/** What is known of where it is asked. Names in lower case, as ids have them. */
export interface Place {
  account?: string;
  container?: string;
  hns?: boolean;
}

/** Values of an attribute; empty if it is known to be missing. */
export type Resolve = (attribute: Attribute) => readonly Literal[] | Cause;

const ACCOUNT = "microsoft.storage/storageaccounts";
const CONTAINER = `${ACCOUNT}/blobservices/containers`;

/** Storage attributes: https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-attributes */
export const resolveAt =
  (place: Place): Resolve =>
  ({ source, name }) => {
    if (source === "environment") return "asked";
    if (source === "request") return "choice";
    if (source === "principal") return "unread";
    const known = (value: Literal | undefined) => (value === undefined ? "place" : [value]);
    switch (name.toLowerCase()) {
      case `${ACCOUNT}:name`:
        return known(place.account);
      case `${ACCOUNT}:ishnsenabled`:
        return known(place.hns);
      case `${CONTAINER}:name`:
      // The spelling of version 1.0.
      case `${CONTAINER}:containername`:
        return known(place.container);
    }
    const item = [`${CONTAINER}/blobs`, `${ACCOUNT}/encryptionscopes`];
    return item.some((prefix) => name.toLowerCase().startsWith(prefix)) ? "item" : "unread";
  };

/** True, false, or the part of the expression that stays open. */
export function evaluate(expr: Expr, question: Question, resolve: Resolve): boolean | Expr {
  switch (expr.op) {
    case "and":
    case "or": {
      const decisive = expr.op === "or";
      const open: Expr[] = [];
      for (const arg of expr.args) {
        const result = evaluate(arg, question, resolve);
        if (result === decisive) return decisive;
        if (typeof result !== "boolean") open.push(result);
      }
      if (open.length === 0) return !decisive;
      return open.length === 1 ? open[0]! : { op: expr.op, args: open };
    }
    case "not": {
      const result = evaluate(expr.arg, question, resolve);
      return typeof result === "boolean" ? !result : { op: "not", arg: result };
    }
    case "action":
      return expr.patterns.some((pattern) => globMatches(pattern, question.action));
    case "suboperation": {
      const asked = question.suboperation?.toLowerCase();
      return expr.patterns.some((pattern) => pattern.toLowerCase() === asked);
    }
    case "exists": {
      const values = resolve(expr.attribute);
      return typeof values === "string" ? expr : values.length > 0;
    }
    case "compare": {
      const left = operand(expr.left, resolve);
      const right = operand(expr.right, resolve);
      return left === undefined || right === undefined ? expr : compareValues(expr, left, right);
    }
    case "unparsed":
      return expr;
  }
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
  return [...causes].every((cause) => cause === "choice") ? true : causes;
}

function leafCauses(leaf: Expr, resolve: Resolve): ReadonlySet<Cause> {
  if (leaf.op === "unparsed") return new Set(["unparsed"]);
  const attributes =
    leaf.op === "exists"
      ? [leaf.attribute]
      : leaf.op === "compare"
        ? [leaf.left, leaf.right].flatMap((side) => ("attribute" in side ? [side.attribute] : []))
        : [];
  const open = attributes.map(resolve).filter((result) => typeof result === "string");
  // The caller picks a value to fit whatever the other side is: then only that other side is open.
  return new Set(open.length > 1 ? open.filter((cause) => cause !== "choice") : open);
}
