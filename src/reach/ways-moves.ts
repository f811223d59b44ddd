/** What ways are made of: moves from one node of a network to the next. */
import type { Row } from "../model.ts";
import { ACTIONS, type Action } from "../schema.ts";
import { type Named, textOf } from "./links.ts";
import type { PathStep } from "./paths.ts";

/** A grant, a membership, a copy or what a package confers, that can be taken away. */
export interface Removal {
  kind: "GRANTED" | "MEMBER_OF" | "COPIED_TO" | "EMBEDS" | "CONFERS";
  from: Named;
  to: Named;
  /** Of a grant. */
  id?: string;
  role?: string;
}

export interface Move {
  to: string;
  steps: readonly PathStep[];
  removal?: Removal;
  /** Of an application permission: it is not handed on to members. */
  itself?: boolean;
}
/** The node that all ways end at. */
export const END = "place";
/** Nodes of principals: an identity, and a group that it is in. */
export const OWN = "own ";
export const AS = "as ";
export type Add = (from: string, move: Move) => void;

export const nodeOf = (row: Row, which: string): Named => ({
  id: String(row[which]),
  name: textOf(row[`${which}_name`]),
  kind: textOf(row[`${which}_kind`]),
});
export const stepTo = ({ id, name, kind }: Named, fallback: string, via: string): PathStep => ({
  ...{ kind: kind || fallback, id, name: name || id, via },
});
export const columnsOf = (node: string, as: string): string =>
  `${node}.id AS ${as}, ${node}.name AS ${as}_name, ${node}.kind AS ${as}_kind`;

/** Whether a grant `g` gives any of these. */
const gives = (actions: readonly (Action | "unknown")[]): string =>
  actions.map((action) => `g.${action}`).join(" OR ");
const KEYS = ["listKeys", "regenerateKey", "accountSas", "serviceSas"] as const;
/** One that opens the account that it is for. */
export const OPENS = gives(KEYS);
/** Any other action. */
export const GIVES_PLAINLY = gives([
  ...ACTIONS.filter((action) => !KEYS.some((key) => key === action)),
  "unknown",
]);
export const READS_PLAINLY = gives(["read", "unknown"]);
/** Any action: a grant without is no way. */
export const GIVES = gives([...ACTIONS, "unknown"]);
/** One that reads, now or by what it may give itself, without a key; and with one, too. */
const READING = ["read", "unknown", "setAcl", "own", "assign"] as const;
export const READS_UNKEYED = gives(READING);
export const READS = gives([...READING, ...KEYS]);
