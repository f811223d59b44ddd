/** What an import file says of itself and of others, and how its import ends by that. */
import { DIALECTS } from "../graph/generate.ts";
import type { Coverage, Row } from "../model.ts";
import { coverageOf, placeOf } from "./inventory-coverage.ts";

/** What a file states, one statement a (step, scope), and which step it is. */
export interface Statements {
  step: string;
  stated: readonly Coverage[];
}

/** What was said of an import before. */
export interface SaidBefore {
  whole: Coverage | undefined;
  gaps: readonly Coverage[];
}

export interface Conclusion {
  /** Whether the file stands for all that the import brought. */
  replaces: boolean;
  whole: Coverage;
  /** What the file says of parts and of other steps. */
  parts: readonly Coverage[];
  /** Whether a gap that stands (`owner`: the step that met it) is over then. */
  ends(gap: Row): boolean;
}

const isGap = ({ state }: Coverage): boolean => state !== "complete";
const UNNAMED = "the file names a part that is not complete";

/** A file replaces what it said before only if it claims to be complete and names no gap of its own. */
export function replacesAll({ step, stated }: Statements): boolean {
  const own = stated.filter((one) => one.step === step);
  return own.some(({ scope }) => scope === "") && !own.some(isGap);
}

export async function saidBefore(read: (sql: string) => Promise<Row[]>, step: string): Promise<SaidBefore> {
  const id = DIALECTS.duckdb.text(step);
  const [whole] = await read(
    `SELECT step, scope, state, reason, fix FROM _partition WHERE step = ${id} AND scope = '' AND state IS NOT NULL`,
  );
  const gaps = await read(
    `SELECT step, scope, state, reason, fix FROM _gap WHERE owner_step = ${id} AND layer IS NULL
     ORDER BY step, scope, state, reason, fix`,
  );
  return { whole: whole && coverageOf(whole), gaps: gaps.map(coverageOf) };
}

/** One that claims nothing adds, and was read whole: it is no gap. What it lacks is what it or an earlier file said so. */
export function conclude(said: Statements, before: SaidBefore): Conclusion {
  const { step, stated } = said;
  const replaces = replacesAll(said);
  const own = stated.find((one) => one.step === step && one.scope === "");
  const parts = stated.filter((one) => one !== own);
  const restated = new Set(stated.map(placeOf));
  const lacking = [...parts, ...before.gaps.filter((gap) => !restated.has(placeOf(gap)))].filter(
    (one) => one.step === step && one.scope !== "" && isGap(one),
  );
  const claimed = own === undefined ? claimedBefore(step, before) : isGap(own) ? own : undefined;
  const derived: Coverage =
    replaces || lacking[0] === undefined
      ? { step, scope: "", state: "complete" }
      : { step, scope: "", state: "partial", reason: lacking[0].reason ?? UNNAMED };
  return {
    ...{ replaces, parts },
    whole: replaces ? own! : (claimed ?? derived),
    ends: (gap) => gap.owner === step && (replaces || restated.has(placeOf(gap))),
  };
}

/** What a file said of the whole, and not what followed from a part of it. */
function claimedBefore(step: string, { whole, gaps }: SaidBefore): Coverage | undefined {
  const stated = gaps.find((gap) => gap.step === step && gap.scope === "");
  if (stated !== undefined) return isGap(stated) ? stated : undefined;
  if (whole === undefined || !isGap(whole)) return undefined;
  // Older versions did not keep what was stated: it is taken for that unless a part says the same.
  const follows = gaps.some(
    (gap) => gap.step === step && isGap(gap) && (gap.reason ?? UNNAMED) === whole.reason,
  );
  return follows ? undefined : whole;
}
