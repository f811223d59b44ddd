/** A verdict on each of many broken rules: first what they derive by themselves, then what the rules behind them make of it. */
import type { Put } from "../oracle/records.ts";
import { type Candidate, failure, type Share, tenantsIn, type Verdict } from "./batch.ts";
import { ENDED, Helper, Lost, type Order } from "./helper.ts";
import { Workbench } from "./workbench.ts";

/** In so many tenants a rule is broken in the first run of the rules, and in twice as many each further time. */
const FIRST = 4;

/** Tenants on which rules have run as they are, and a process in which broken ones do. */
export class Judge {
  readonly #helper: Helper;
  private constructor(helper: Helper) {
    this.#helper = helper;
  }

  static async use<T>(
    worlds: readonly (readonly Put[])[],
    cli: string,
    work: (judge: Judge) => Promise<T>,
  ): Promise<T> {
    const records = worlds.flat();
    return Workbench.use(records, async (bench) => {
      await bench.keep();
      const helper = new Helper({ records, kept: bench.kept, raw: await bench.raw() }, cli);
      try {
        return await work(new Judge(helper));
      } finally {
        helper.close();
      }
    });
  }

  /** Tries broken rules; `say` hears the verdict on each. */
  async try(ids: readonly string[], say: (verdict: Verdict) => void): Promise<void> {
    await judge(this.#helper, await candidates(this.#helper, ids, say), say);
  }
}

/** Runs each broken rule by itself; those whose rows differ are still to be judged. */
async function candidates(
  helper: Helper,
  ids: readonly string[],
  say: (verdict: Verdict) => void,
): Promise<Candidate[]> {
  const open = new Set(ids);
  const found: Candidate[] = [];
  const again = new Set<string>();
  let alone: string | undefined;
  let left = Number.POSITIVE_INFINITY;
  while (open.size > 0)
    try {
      for await (const answer of helper.ask({ survey: alone === undefined ? [...open] : [alone] }))
        if ("candidate" in answer) {
          found.push(answer.candidate);
          open.delete(answer.candidate.id);
        } else if ("verdict" in answer) {
          say(answer.verdict);
          open.delete(answer.verdict.id);
        }
      if (alone === undefined) return found;
      alone = undefined;
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      const [id] = error.suspects;
      if (id === undefined) {
        // It was at none: what it did before filled its memory, if it did anything.
        if (open.size >= left) throw error;
        left = open.size;
      } else if (error.message === ENDED && !again.has(id)) {
        // So may those before this one: once more, in a new process that is at nothing else.
        again.add(id);
        alone = id;
      } else {
        say(failure(id, error));
        open.delete(id);
        alone = undefined;
      }
    }
  return found;
}

/** Runs all rules on what broken ones derive, as many at a time as there are tenants for. */
async function judge(
  helper: Helper,
  candidates: readonly Candidate[],
  say: (verdict: Verdict) => void,
): Promise<void> {
  let waiting = candidates.map((candidate) => ({
    candidate,
    left: candidate.rows.map(([one]) => one),
    tried: 0,
  }));
  while (waiting.length > 0) {
    // Those with the least choice first; each tenant serves one.
    const taken = new Set<string>();
    const shares = new Map<Candidate, Share>();
    for (const { candidate, left, tried } of waiting.sort((a, b) => a.left.length - b.left.length)) {
      const tenants = left.filter((tenant) => !taken.has(tenant)).slice(0, FIRST << tried);
      for (const tenant of tenants) taken.add(tenant);
      if (tenants.length > 0) shares.set(candidate, { candidate, tenants });
    }
    const verdicts = await settle(helper, [...shares.values()]);
    waiting = waiting.flatMap((one) => {
      const share = shares.get(one.candidate);
      if (share === undefined) return [one];
      const verdict = verdicts.get(one.candidate.id)!;
      const left = one.left.filter((tenant) => !share.tenants.includes(tenant));
      // Others may have been given what it wanted: it is tried until nothing is left.
      if (verdict.fate === "same" && left.length > 0) return [{ ...one, left, tried: one.tried + 1 }];
      say(verdict);
      return [];
    });
  }
}

interface Stop {
  at: number;
  why: string;
}
/** Runs the rules; where they stop, the broken rule that stops them is found and left out. */
async function settle(helper: Helper, shares: readonly Share[]): Promise<Map<string, Verdict>> {
  const verdicts = new Map<string, Verdict>();
  const run = async (order: Order, again = false): Promise<Stop | undefined> => {
    let stop: Stop | undefined;
    try {
      for await (const answer of helper.ask(order))
        if ("failed" in answer) stop = { at: answer.failed, why: answer.why };
        else if ("verdict" in answer) verdicts.set(answer.verdict.id, answer.verdict);
      return stop;
    } catch (error) {
      if (!(error instanceof Lost) || error.at === undefined) throw error;
      // What it did before may have filled its memory: a new one has done nothing.
      return error.message === ENDED && !again ? run(order, true) : { at: error.at, why: error.message };
    }
  };
  for (let open = [...shares]; open.length > 0; ) {
    const stop = await run({ together: open });
    if (stop === undefined) return verdicts;
    const { at, why } = stop;
    let among = open.filter(({ candidate }) => candidate.at <= at);
    const named = tenantsIn(why);
    let culprit = among.find(({ tenants }) => tenants.some((tenant) => named.includes(tenant)));
    if (culprit === undefined) {
      while (among.length > 1) {
        const half = among.slice(0, among.length >> 1);
        among = (await run({ together: half, to: at })) === undefined ? among.slice(half.length) : half;
      }
      [culprit] = among;
      if (culprit === undefined) throw new Error(`the rules do not run as they are: ${why}`);
      if (!(await run({ together: [culprit] }))) {
        open = open.filter((share) => share !== culprit);
        continue;
      }
    }
    verdicts.set(culprit.candidate.id, failure(culprit.candidate.id, new Error(why)));
    open = open.filter((share) => share !== culprit);
  }
  return verdicts;
}
