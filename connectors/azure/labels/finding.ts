/** What was found out about the sensitivity label of one file. */

/** Why a label is not known. Stable words: they are counted in coverage and shown to people. */
export type UnknownReason =
  | "archived"
  | "changed"
  | "corrupt"
  | "customer-key"
  | "denied"
  | "encrypted"
  | "format-not-modelled"
  | "gone"
  | "not-looked"
  | "over-limits"
  | "tenant-untold";

export interface FoundLabel {
  state: "labeled";
  /** GUID, lower case, without braces. */
  id: string;
  /** As the file says it; absent in the newer scheme, which keeps ids only. */
  name?: string;
  method?: string;
  /** Present and true if the label encrypts this file. */
  encrypted?: true;
}

/** `unlabeled`: looked, and there is none of this tenant. `unknown`: nobody can say, and why. */
export type LabelFinding = FoundLabel | { state: "unlabeled" } | { state: "unknown"; reason: UnknownReason };

/** Thrown by parsers when the bytes do not give an answer; `readLabel` turns it into a finding. */
export class Undetermined extends Error {
  readonly reason: UnknownReason;
  constructor(reason: UnknownReason) {
    super(reason);
    this.name = "Undetermined";
    this.reason = reason;
  }
}
