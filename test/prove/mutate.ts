/**
 * Breaks each clause of each rule and sees whether a tenant notices. The engine runs in a child process: a broken rule
 * may bring it down, or never end.
 */
import { type ChildProcess, fork } from "node:child_process";
import { StoreError } from "../../src/model.ts";

import { tenants } from "../oracle/tenants.ts";
import { type Mutant, mutantsOf } from "./clauses.ts";
import { byPrefix, differences } from "./compare.ts";
import { richest } from "./features.ts";
import { unreadIn } from "./hits.ts";
import { RULES } from "./product.ts";
import { Endless, Workbench } from "./workbench.ts";

/** `caught`: rows differ, or the rule fails as it runs. `refused`: the engine does not take the text. */
export type Fate = "caught" | "same" | "refused";
export interface Verdict {
  id: string;
  fate: Fate;
  /** How it was noticed. */
  why: string;
}
/** What a child is told: which tenants, then one mutant after the other. */
export type Order = { load: Load } | { id: string };
export interface Load {
  seed: number;
  from: number;
  /** So many tenants are drawn, and so many of them, those with most in them, loaded. */
  drawn: number;
  worlds: number;
}

/** A broken rule that takes longer does not end. */
const PATIENCE_MS = 20_000;

export const allMutants = (): Mutant[] => RULES.flatMap(mutantsOf);

/** Whether rows of these tenants differ with this rule in place of its own. */
export async function judge(
  bench: Workbench,
  sound: ReturnType<typeof byPrefix>,
  one: Mutant,
): Promise<Verdict> {
  try {
    const rows = await bench.withRule(one.rule);
    const found = byPrefix(rows ?? []);
    const tenant =
      rows === undefined
        ? undefined
        : [...new Set([...sound.keys(), ...found.keys()])].find(
            (prefix) => differences(sound.get(prefix) ?? [], found.get(prefix) ?? []).length > 0,
          );
    return { id: one.id, fate: tenant === undefined ? "same" : "caught", why: tenant ?? "" };
  } catch (error) {
    if (error instanceof StoreError && /^(Binder|Parser|Catalog) exception/.test(error.message))
      return { id: one.id, fate: "refused", why: error.message };
    // A path that leads nowhere, a second row at one place, or the engine itself: a test would fail.
    if (error instanceof Endless || error instanceof Error)
      return { id: one.id, fate: "caught", why: error.message };
    throw error;
  }
}

/** The child: loads tenants once, then answers one mutant at a time. */
export async function serveMutants(): Promise<void> {
  const mutants = new Map(allMutants().map((one) => [one.id, one]));
  const orders: Order[] = [];
  let wake = (): void => {};
  process.on("message", (order: Order) => {
    orders.push(order);
    wake();
  });
  const next = async (): Promise<Order> => {
    while (orders.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return orders.shift()!;
  };
  const first = await next();
  if (!("load" in first)) throw new Error("told a mutant before what to load");
  const { drawn, worlds, seed, from } = first.load;
  const records = richest(tenants(drawn, seed, from), worlds);
  await Workbench.use(records.flat(), from === 0 ? [] : unreadIn(records), async (bench) => {
    await bench.run();
    await bench.keep();
    const sound = byPrefix(await bench.rows());
    process.send?.("ready");
    for (;;) {
      const order = await next();
      const mutant = "id" in order ? mutants.get(order.id) : undefined;
      if (mutant === undefined) throw new Error(`no such mutant: ${JSON.stringify(order)}`);
      process.send?.(await judge(bench, sound, mutant));
    }
  });
}

/** Tries these mutants on these tenants, one after the other; what brings the engine down is caught. */
export async function* trial(ids: readonly string[], load: Load, cli: string): AsyncGenerator<Verdict> {
  let child: ChildProcess | undefined;
  const answer = (patience: number): Promise<Verdict | "ready" | "ended" | "late"> =>
    new Promise((resolve) => {
      const done = (what: Verdict | "ready" | "ended" | "late"): void => {
        clearTimeout(timer);
        child?.removeAllListeners();
        resolve(what);
      };
      const timer = setTimeout(() => done("late"), patience);
      child?.once("message", (message: Verdict | "ready") => done(message));
      child?.once("exit", () => done("ended"));
    });
  const stop = (): void => {
    child?.removeAllListeners();
    child?.kill("SIGKILL");
    child = undefined;
  };
  try {
    for (const id of ids) {
      if (child === undefined) {
        child = fork(cli, ["--serve"], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
        child.send({ load } satisfies Order);
        if ((await answer(PATIENCE_MS * 20)) !== "ready") throw new Error("the rules do not run as they are");
      }
      child.send({ id } satisfies Order);
      const said = await answer(PATIENCE_MS);
      if (typeof said !== "string") yield said;
      else {
        stop();
        yield { id, fate: "caught", why: said === "late" ? "does not end" : "the engine ends" };
      }
    }
  } finally {
    stop();
  }
}

/** How far a trial of all mutants is. Plain data. */
export interface Trial {
  seed: number;
  verdicts: Record<string, Verdict>;
}
/** First the few tenants with most in them; what they do not notice is tried on many. */
const ROUNDS: readonly Omit<Load, "seed">[] = [
  { from: 0, drawn: 400, worlds: 30 },
  { from: 400, drawn: 150, worlds: 150 },
  { from: 600, drawn: 2_000, worlds: 150 },
];

/** Tries mutants until each has its verdict; yields each new one. */
export async function* mutate(trying: Trial, ids: readonly string[], cli: string): AsyncGenerator<Verdict> {
  const last = ROUNDS.length - 1;
  for (const [round, load] of ROUNDS.entries()) {
    const open = ids.filter(
      (id) => trying.verdicts[id] === undefined || roundOf(trying.verdicts[id]) < round,
    );
    for await (const verdict of trial(open, { ...load, seed: trying.seed }, cli)) {
      trying.verdicts[verdict.id] =
        verdict.fate === "same" ? { ...verdict, why: round === last ? "" : `round ${round}` } : verdict;
      yield trying.verdicts[verdict.id]!;
    }
  }
}
/** The last round that this verdict was in, so that nothing remains to be tried if it is settled. */
const roundOf = ({ fate, why }: Verdict): number => {
  const round = /^round (\d)$/.exec(why);
  return fate === "same" && round !== null ? Number(round[1]) : Number.POSITIVE_INFINITY;
};
