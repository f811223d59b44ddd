/** Paths are real if the records have them: each step is tried again on these. */
import type { PathStep } from "../src/reach/paths.ts";
import type { Put } from "./oracle/records.ts";

/** Whether each step is a relationship of the records, in the direction in which it is walked. */
export function replays(path: readonly PathStep[], records: readonly Put[]): boolean {
  return path.slice(1).every((step, index) => {
    const before = path[index]!.id;
    const up = ["WITHIN", "INHERITS", "COPIED_TO"].includes(step.via ?? "");
    return records.some(
      (one) =>
        "from" in one &&
        one.kind === step.via &&
        one.from.id === (up ? step.id : before) &&
        one.to.id === (up ? before : step.id) &&
        (step.grant === undefined || one.props?.key === step.grant.id),
    );
  });
}
