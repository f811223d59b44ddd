/**
 * Breaks each clause of each rule and sees whether a tenant notices. The engine runs in a child process: a broken rule
 * may bring it down, or never end.
 */
import { type ChildProcess, fork } from "node:child_process";
import type { Put } from "../oracle/records.ts";
import { tenants } from "../oracle/tenants.ts";
import { HIDDEN, tryRule, type Verdict } from "./batch.ts";
import { type Mutant, mutantsOf } from "./clauses.ts";
import { standsApart } from "./compare.ts";
import { richest } from "./features.ts";
import { hasJoins, unreadIn } from "./hits.ts";
import { RULES } from "./product.ts";
import { Workbench } from "./workbench.ts";
import { worldFiles } from "./world.ts";

export const allMutants = (): Mutant[] => RULES.flatMap(mutantsOf);

/** A database full of tenants. */
interface Field {
  about: string;
  /** Tenants that are drawn. */
  drawn(seed: number): readonly (readonly Put[])[];
  /** In some tenants, what takes access away was not read. */
  unread?: true;
}
/** Each with the world that it stands for, and ids of its own. */
const worlds = (alone: boolean): Put[][] =>
  worldFiles()
    .filter(({ file }) => file.startsWith("alone-") === alone)
    .map(({ world }) => [...world.records]);
const together = (some: readonly (readonly Put[])[]): (readonly Put[])[] =>
  some.filter((world) => !standsApart(world));
/** The smallest that shows much comes first: what one field shows is not tried on the next. */
const FIELDS: readonly Field[] = [
  { about: "worlds", drawn: () => together(worlds(false)) },
  {
    about: "the richest of 400 tenants, some not read",
    drawn: (seed) => together(richest(tenants(400, seed), 60)),
    unread: true,
  },
  {
    about: "tenants without memberships to come",
    drawn: (seed) =>
      together(
        richest(
          tenants(600, seed, 3_000).filter((world) => !hasJoins(world)),
          60,
        ),
      ),
  },
  {
    about: "the richest of 1500 others",
    drawn: (seed) => together(richest(tenants(1_500, seed, 400), 150)),
  },
  { about: "few tenants", drawn: (seed) => richest(together(tenants(100, seed)), 8) },
  ...worlds(true).map((world, index): Field => ({ about: `alone, ${index + 1}`, drawn: () => [world] })),
];
const LAST = FIELDS.length - 1;
/** Where a broken rule that multiplies what many tenants have comes to an end, if it ends at all. */
const FEW = FIELDS.findIndex(({ about }) => about === "few tenants");
const LATE = "does not end";

/** What a child is told: all that it is to try. */
export interface Order {
  field: number;
  seed: number;
  ids: readonly string[];
  /** One by one, to see which of them the engine does not survive. */
  single: boolean;
}
/** What a child says: which it tries next, what came of one, that it is through. */
type Said = { next: readonly string[] } | { verdict: Verdict } | "ready" | "through" | "late";

/** A broken rule that takes more of the processor does not end. By the clock, a busy machine would decide. */
const PATIENCE_S = 30;

/** The child: loads tenants once, then tries rule after rule. */
export async function serveMutants(): Promise<void> {
  const order = await new Promise<Order>((resolve) => process.once("message", resolve));
  const say = (said: Said): void => void process.send?.(said);
  let [start, watched] = [process.cpuUsage(), false];
  const watch = setInterval(() => {
    const { user, system } = process.cpuUsage(start);
    if (watched && user + system > PATIENCE_S * 1e6) say("late");
  }, 500);
  const announce = (next: readonly string[]): void => {
    [start, watched] = [process.cpuUsage(), next.length === 1];
    say({ next });
  };
  const field = FIELDS[order.field]!;
  const drawn = field.drawn(order.seed);
  const wanted = new Set(order.ids);
  await Workbench.use(drawn.flat(), field.unread === undefined ? [] : unreadIn(drawn), async (bench) => {
    await bench.keep();
    const rows = await bench.raw();
    say("ready");
    // What breaks late in the order of rules is decided soonest.
    for (const [at, rule] of [...bench.rules.entries()].reverse()) {
      const mutants = mutantsOf(rule).filter(({ id }) => wanted.has(id));
      const groups = order.single ? mutants.map((one) => [one]) : [mutants];
      for (const group of groups.filter((some) => some.length > 0))
        for await (const verdict of tryRule({ bench, rows }, at, group, announce)) say({ verdict });
    }
    say("through");
  });
  clearInterval(watch);
  process.disconnect();
}

/** Tries these on one field; what brings the engine down is caught. */
export async function* trial(
  ids: readonly string[],
  field: number,
  seed: number,
  cli: string,
): AsyncGenerator<Verdict> {
  const open = new Set(ids);
  // Those among which one is that the engine did not survive.
  let among: readonly string[] = [];
  while (open.size > 0) {
    const child: ChildProcess = fork(cli, ["--serve"], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const heard: (Said | "ended")[] = [];
    let wake = (): void => {};
    const hear = (said: Said | "ended"): void => {
      heard.push(said);
      wake();
    };
    child.on("message", (said: Said) => hear(said));
    child.once("exit", () => hear("ended"));
    let suspects: readonly string[] = [];
    try {
      const single = among.length > 0;
      child.send({ field, seed, ids: single ? among : [...open], single } satisfies Order);
      among = [];
      let ready = false;
      for (;;) {
        while (heard.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        const said = heard.shift()!;
        if (said === "through") {
          if (!single) return;
          break;
        }
        if (said === "ready") ready = true;
        else if (said === "ended" || said === "late") {
          if (!ready) throw new Error("the rules do not run as they are");
          const [one] = suspects;
          if (one === undefined) throw new Error("the engine ends between two broken rules");
          if (suspects.length > 1) among = suspects;
          else {
            open.delete(one);
            yield { id: one, fate: "caught", why: said === "late" ? LATE : "the engine ends" };
          }
          break;
        } else if ("next" in said) suspects = said.next;
        else {
          open.delete(said.verdict.id);
          yield said.verdict;
        }
      }
    } finally {
      child.removeAllListeners();
      child.kill("SIGKILL");
    }
  }
}

/** How far a trial of all mutants is. Plain data. */
export interface Trial {
  seed: number;
  /** `next`: the field to try next on. */
  verdicts: Record<string, Verdict & { next: number }>;
}

/** Tries mutants until each has its verdict; yields each one that is settled, and all that changed. */
export async function* mutate(trying: Trial, ids: readonly string[], cli: string): AsyncGenerator<Verdict> {
  for (let field = 0; field <= LAST; field++) {
    const open = ids.filter((id) => (trying.verdicts[id]?.next ?? 0) <= field);
    for await (const verdict of trial(open, field, trying.seed, cli)) {
      const { id, fate } = verdict;
      const before = trying.verdicts[id];
      if (verdict.why === LATE && field < FEW) {
        trying.verdicts[id] = { id, fate: "idle", why: LATE, next: FEW };
        continue;
      }
      const settled = fate === "caught" || fate === "refused";
      // What was seen once is not unseen because another field shows less.
      const why = fate === "same" && before?.why === HIDDEN ? HIDDEN : verdict.why;
      const kept = fate === "idle" && before?.fate === "same" ? before : { ...verdict, why };
      trying.verdicts[id] = { ...kept, next: settled ? LAST + 1 : field + 1 };
      yield trying.verdicts[id];
    }
  }
}
export const isOpen = (verdict: Verdict): boolean => verdict.fate === "same" || verdict.fate === "idle";
