/** Turns changes into rows of the inventory's tables, for a bulk appender. Checks every value against the schema. */
import type { DuckDBAppender } from "@duckdb/node-api";
import { isKeyed, properties } from "../graph/generate.ts";
import { ProviderError } from "../model.ts";
import { type Change, isNodeKind, type Kind, type NodeRef, type PropType } from "../schema.ts";
import type { Layout } from "./inventory-db.ts";
import { packList } from "./inventory-sql.ts";

/** Why `value` does not fit the type, or undefined if it does. `null` clears and always fits. */
export const misfit = (value: unknown, type: PropType): string | undefined => {
  if (value === null) return undefined;
  switch (type) {
    case "string":
      return typeof value === "string" ? undefined : "a string";
    case "int":
      return Number.isSafeInteger(value) ? undefined : "an integer";
    case "bool":
      return typeof value === "boolean" ? undefined : "true or false";
    case "timestamp":
      return typeof value === "string" && ISO_TIME.test(value) && !Number.isNaN(Date.parse(value))
        ? undefined
        : "an ISO 8601 time such as 2026-01-31T12:00:00Z";
    case "string[]":
      return Array.isArray(value) && value.every((item) => typeof item === "string")
        ? undefined
        : "a list of strings";
  }
};
const ISO_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** Times are compared as text, so there is one way to write each: UTC, milliseconds. Without a zone UTC is meant. */
export const canonicalTime = (text: string): string => {
  const time = new Date(
    /T/.test(text) && !/(Z|[+-]\d{2}:\d{2})$/.test(text) ? `${text}Z` : text,
  ).toISOString();
  // Past the year 9999 a sign stands in front, which sorts before every digit.
  return time.startsWith("+") ? "9999-12-31T23:59:59.999Z" : time;
};

type Cell = string | number | bigint | boolean | null;

/** `int` properties are numbers here and the bookkeeping integers are bigints. */
const appendCell = (appender: DuckDBAppender, cell: Cell): void => {
  if (cell === null) appender.appendNull();
  else if (typeof cell === "string") appender.appendVarchar(cell);
  else if (typeof cell === "boolean") appender.appendBoolean(cell);
  else if (typeof cell === "number") appender.appendBigInt(BigInt(cell));
  else appender.appendBigInt(cell);
};

interface Slot {
  /** Position in the stored row. */
  at: number;
  bit: bigint;
  type: PropType;
}
interface Plan {
  /** A row of nulls. */
  empty: readonly Cell[];
  at: ReadonlyMap<string, number>;
  props: ReadonlyMap<string, Slot>;
  clearedAt: number;
}

const planOf = (kind: Kind, stored: readonly string[]): Plan => {
  const at = new Map(stored.map((name, index) => [name, index]));
  const props = properties(kind).map(({ name, type }, bit): [string, Slot] => [
    name,
    { at: at.get(name)!, bit: 1n << BigInt(bit), type },
  ]);
  return { empty: stored.map(() => null), at, props: new Map(props), clearedAt: at.get("_cleared")! };
};

const badRecord = (kind: Kind, what: string): ProviderError =>
  new ProviderError("bad-record", `a ${kind} record does not fit the schema: ${what}`, "report it");

/** Rows of one page by kind, ready to append: nothing is written before every change was checked. */
export class RowEncoder {
  readonly #plans: ReadonlyMap<Kind, Plan>;

  constructor(layout: Layout) {
    this.#plans = new Map([...layout].map(([kind, stored]) => [kind, planOf(kind, stored)]));
  }

  /** `seq` is the number of the first change within its pass; later changes win over earlier ones. */
  encode(changes: readonly Change[], layer: bigint, seq: number): Map<Kind, Cell[][]> {
    const byKind = new Map<Kind, Cell[][]>();
    changes.forEach((change, index) => {
      const kind = "put" in change ? change.put.kind : change.remove.kind;
      const plan = this.#plans.get(kind);
      if (plan === undefined) throw badRecord(kind, "there is no such kind");
      let rows = byKind.get(kind);
      if (rows === undefined) {
        rows = [];
        byKind.set(kind, rows);
      }
      rows.push(this.#row(plan, change, layer, seq + index));
    });
    return byKind;
  }

  #row(plan: Plan, change: Change, layer: bigint, seq: number): Cell[] {
    const row: Cell[] = plan.empty.slice();
    const set = (name: string, value: Cell) => {
      row[plan.at.get(name)!] = value;
    };
    set("_layer", layer);
    set("_seq", seq);
    set("_removed", "remove" in change);
    const record = "put" in change ? change.put : change.remove;
    const { kind } = record;
    const props: Readonly<Record<string, unknown>> = ("props" in record ? record.props : undefined) ?? {};
    if (isNodeKind(kind)) {
      if (!("id" in record) || typeof record.id !== "string" || record.id === "")
        throw badRecord(kind, "it has no id");
      set("id", record.id);
    } else {
      if (!("from" in record)) throw badRecord(kind, "it has no from and to");
      const end = (name: "from" | "to", ref: NodeRef) => {
        const value = ref.id ?? ref.alias;
        if (typeof value !== "string" || value === "")
          throw badRecord(kind, `${name} has no id and no alias`);
        set(`_${name}_kind`, ref.kind);
        set(name, value);
        set(`_${name}_alias`, ref.id === undefined);
      };
      end("from", record.from);
      end("to", record.to);
      const key = ("key" in record ? record.key : props.key) ?? "";
      if (typeof key !== "string") throw badRecord(kind, "key is not a string");
      if (isKeyed(kind)) set("key", key);
      else if (key !== "") throw badRecord(kind, "this kind has no key");
    }
    let cleared = 0n;
    for (const name in props) {
      const value = props[name];
      if (value === undefined || (name === "key" && !isNodeKind(kind))) continue;
      const slot = plan.props.get(name);
      if (slot === undefined) throw badRecord(kind, `there is no property ${name}`);
      const expected = misfit(value, slot.type);
      if (expected !== undefined) throw badRecord(kind, `${name} is not ${expected}`);
      if (value === null) cleared |= slot.bit;
      else if (slot.type === "timestamp") row[slot.at] = canonicalTime(String(value));
      else row[slot.at] = Array.isArray(value) ? packList(value) : (value as Cell);
    }
    if (cleared !== 0n) row[plan.clearedAt] = cleared;
    return row;
  }
}

/** Appends encoded rows; `_cleared` is the one unsigned column. */
export const appendRows = (
  appender: DuckDBAppender,
  rows: readonly (readonly Cell[])[],
  stored: readonly string[],
): void => {
  const clearedAt = stored.indexOf("_cleared");
  for (const row of rows) {
    for (let i = 0; i < row.length; i++) {
      const cell = row[i]!;
      if (i === clearedAt && typeof cell === "bigint") appender.appendUBigInt(cell);
      else appendCell(appender, cell);
    }
    appender.endRow();
  }
};
