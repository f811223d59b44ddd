/** `reach --with` and `reach --user`: answers as if something were so, printed. */
import { extname } from "node:path";
import { ConfigError } from "../model.ts";
import { isNotFound } from "../reach/answers.ts";
import { gapsAt, sayGaps, sayUnread, type Unread, unreadParts } from "../reach/gaps.ts";
import { CHANGE_COLUMNS, type ChangeRow, REACH_COLUMNS, REACH_SCHEMA_VERSION } from "../reach/reach-row.ts";
import { changesOf } from "../reach/whatif-compare.ts";
import type { ForUser, Supposed } from "../suppose.ts";
import { printable } from "./format.ts";
import { deliver, formatOf, type Made, type OutputOptions, sayBeside } from "./output.ts";
import { LEFT_OUT, printAnswer } from "./print.ts";
import { FOR_PEOPLE } from "./reach-command.ts";

interface Narrowing extends OutputOptions, Made {
  expand?: boolean;
  scope?: string;
  tier?: readonly string[];
  mode?: readonly string[];
}

export interface WhatIfCommand extends Narrowing {
  /** The file of changes, as it was typed. */
  file: string;
}

const CHANGES_FOR_PEOPLE = [
  ...["change", "agent_name", "scope_name", "scope_kind", "covers", "read", "write", "manage", "use", "mode"],
  ...["tier", "certainty", "top_label", "readable_items", "readable_sensitive", "path"],
];

/** Rows that a table shows. */
const LIMIT = 200;

/** A page shows what is, with pictures: what would be has no page. Throws before anything is built. */
export function mustNotBePage({ out, format }: OutputOptions): void {
  if (out !== undefined && format === undefined && extname(out).toLowerCase() === ".html")
    throw new ConfigError("no-page", "what would be has no page", "--out FILE.csv, .json or .parquet");
  formatOf({ ...(format === undefined ? {} : { format }), ...(out === undefined ? {} : { out }) });
}

/** Resolves to true if some agent would gain something. */
export async function whatIfCommand(supposed: Supposed, options: WhatIfCommand): Promise<boolean> {
  const { today } = supposed;
  const format = formatOf(options);
  const scope = options.scope === undefined ? undefined : await scopeOf(supposed, options.scope);
  const changes = changesOf(today, supposed, {
    moved: supposed.moved,
    ...(supposed.agents === undefined ? {} : { agents: supposed.agents }),
    ...(scope === undefined ? {} : { scope }),
    ...(options.tier === undefined ? {} : { tiers: options.tier }),
    ...(options.mode === undefined ? {} : { modes: options.mode }),
    ...(options.expand === undefined ? {} : { expand: options.expand }),
  });
  const tally = new Tally();
  const rows = async function* () {
    for await (const row of changes) {
      tally.add(row);
      yield format === "table" ? forPeople(row) : row;
    }
  };
  if (format === "table")
    process.stdout.write(
      `If ${options.file} were applied to snapshot ${today.meta.snapshot.slice(0, 12)} (nothing was changed):\n\n`,
    );
  await deliver({
    ...options,
    ...{ answers: supposed, rows: rows(), columns: [...REACH_COLUMNS, ...CHANGE_COLUMNS] },
    ...{ forPeople: CHANGES_FOR_PEOPLE, limit: LIMIT, schemaVersion: REACH_SCHEMA_VERSION },
  });
  if (format === "table" || options.out !== undefined)
    await tally.print(await supposed.labels(), unreadParts(supposed).length === 0);
  for (const { step, reason, fix } of newGaps(supposed)) {
    process.stderr.write(`${printable(`${step}: ${reason ?? "not read completely"}`)}\n`);
    if (fix !== undefined) process.stderr.write(`→ ${printable(fix)}\n`);
  }
  if (tally.empty)
    process.stderr.write(
      scope === undefined
        ? sayUnread(unreadParts(supposed), "")
        : sayGaps(await gapsAt(supposed, scope, await insideOf(supposed, scope)), "there"),
    );
  return tally.gained;
}

/** What lies in the place, as it is and as it would be: it is asked about as well. */
const insideOf = async ({ today, inside }: Supposed, scope: string): Promise<readonly string[]> => [
  ...(await today.inside(scope)),
  ...(await inside(scope)),
];

/** What the changes leave open beside what is open today: a name that nothing bears, a part that they say was not read. */
function newGaps({ meta, today }: Supposed): Unread[] {
  const keyOf = ({ step, scope, state, reason }: Unread) => JSON.stringify([step, scope, state, reason]);
  const known = new Set(unreadParts(today).map(keyOf));
  return unreadParts({ meta }).filter((part) => !known.has(keyOf(part)));
}

/** A place of today, or one that the changes bring. */
async function scopeOf(supposed: Supposed, wanted: string): Promise<string> {
  try {
    return await supposed.findScope(wanted);
  } catch (error) {
    if (isNotFound(error)) return supposed.today.findScope(wanted);
    throw error;
  }
}

/** A cell shows what it was as well, where that differs. */
function forPeople(row: ChangeRow): Record<string, unknown> {
  if (row.change !== "changed") return row;
  const both = (was: string, is: string): string => (was === is || was === "" ? is : `${was} → ${is}`);
  return {
    ...row,
    covers: both(row.before_covers, row.covers),
    read: both(row.before_read, row.read),
    write: both(row.before_write, row.write),
    manage: both(row.before_manage, row.manage),
    use: both(row.before_use, row.use),
    tier: both(row.before_tier, row.tier),
    certainty: both(row.before_certainty, row.certainty),
  };
}

interface Sum {
  places: number;
  items: number | null;
  sensitive: number | null;
}

/** What changes, by the most sensitive label at each place. */
class Tally {
  readonly #sums = new Map<ChangeRow["change"], Map<string, Sum>>();
  #partial = false;
  gained = false;

  get empty(): boolean {
    return this.#sums.size === 0;
  }

  add(row: ChangeRow): void {
    if (row.gained === "yes") this.gained = true;
    if (row.readable_items === null) this.#partial = true;
    const labels = this.#sums.get(row.change) ?? new Map<string, Sum>();
    const sum = labels.get(row.top_label) ?? { places: 0, items: null, sensitive: null };
    // Nobody counted is not zero: a sum of which nothing was counted stays empty.
    const plus = (a: number | null, b: number | null) => (b === null ? a : (a ?? 0) + b);
    labels.set(row.top_label, {
      places: sum.places + 1,
      items: plus(sum.items, row.readable_items),
      sensitive: plus(sum.sensitive, row.readable_sensitive),
    });
    this.#sums.set(row.change, labels);
  }

  /** `order`: names of labels, most sensitive first. `whole`: all was read. */
  async print(order: readonly string[], whole: boolean): Promise<void> {
    if (this.empty) {
      process.stdout.write(`${whole ? "Nothing" : "Nothing that was read"} would be new, change or go.\n`);
      return;
    }
    const rank = (label: string) => (order.indexOf(label) + order.length + 1) % (order.length + 1);
    const lines = (["new", "changed", "gone"] as const).flatMap((change) =>
      [...(this.#sums.get(change) ?? [])]
        .sort(([a], [b]) => rank(a) - rank(b))
        .map(([label, { places, items, sensitive }]) => ({
          ...{ change, "top label": label || "none known", rows: places },
          "readable items": items ?? "not counted",
          "readable sensitive": sensitive ?? "not counted",
        })),
    );
    process.stdout.write("\n");
    await printAnswer(
      lines,
      ["change", "top label", "rows", "readable items", "readable sensitive"],
      "table",
    );
    if (this.#partial) process.stdout.write(`${LEFT_OUT}\n`);
    process.stdout.write(
      this.gained ? "Some agent would gain: exit code 1.\n" : "No agent would gain anything.\n",
    );
  }
}

/**
 * Resolves to true if no record says who may use some of the agents: what they reach for this user is unknown. Where a gap
 * hides that, coverage decides about the exit code: somebody may have accepted it.
 */
export async function userCommand(found: ForUser, options: Narrowing): Promise<boolean> {
  const { answers, user, agents, refused, unknown } = found;
  const scope = options.scope === undefined ? undefined : await answers.findScope(options.scope);
  const rows = answers.reach({
    ...{ agents, modes: ["on-behalf-of"] },
    ...(scope === undefined ? {} : { scope }),
    ...(options.tier === undefined ? {} : { tiers: options.tier }),
    ...(options.expand === undefined ? {} : { expand: options.expand }),
  });
  const count = await deliver({
    ...options,
    ...{ answers, rows, columns: REACH_COLUMNS, schemaVersion: REACH_SCHEMA_VERSION },
    ...{ forPeople: FOR_PEOPLE, limit: LIMIT },
  });
  // Of agents that they may not use it is known that there are none.
  if (scope !== undefined) sayBeside(sayGaps(await gapsAt(answers, scope), "here"), formatOf(options));
  else if (count === 0 && agents.length > 0)
    sayBeside(sayUnread(unreadParts(answers), ""), formatOf(options));
  // Programs read rows from stdout; why there are none is said beside them.
  const say = (ids: readonly string[], what: string) => {
    if (ids.length > 0) process.stderr.write(`${printable(what)}: ${printable(ids.join(", "))}\n`);
  };
  say(refused, `${user.name} may not use`);
  for (const why of new Set(unknown.map(({ unread }) => unread)))
    say(
      unknown.filter(({ unread }) => unread === why).map(({ agent }) => agent),
      `What ${user.name} reaches through it is unknown (${why})`,
    );
  return unknown.some(({ gap }) => !gap);
}
