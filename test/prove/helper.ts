/**
 * The process in which broken rules run: one may bring the engine down, or never end. It is given work in orders, and
 * the next one is started where it ends.
 */
import { type ChildProcess, fork } from "node:child_process";
import { isPoolFull } from "../../src/graph/engine.ts";
import type { Put } from "../oracle/records.ts";
import { type Candidate, Failed, runTogether, type Share, soundOf, survey, type Verdict } from "./batch.ts";
import { mutantsOf } from "./clauses.ts";
import type { GraphRows } from "./product.ts";
import { type Kept, Workbench } from "./workbench.ts";

/** What every helper works on. */
export interface Bench {
  records: readonly Put[];
  kept: Kept;
  /** What the graph says as the rules are. */
  raw: GraphRows;
}
export type Order = { survey: readonly string[] } | { together: readonly Share[]; to?: number };
/** What came of an order, bit by bit. */
export type Answer =
  | { verdict: Verdict }
  | { candidate: Candidate }
  /** The rule at this place failed, or did not end. */
  | { failed: number; why: string };
type Said = Answer | { next: readonly string[] } | { at: number } | "late" | "through";

export const LATE = "does not end";
export const ENDED = "the engine ends";
/** Of the processor: a rule that takes more does not end. By the clock, a busy machine would decide. */
const PATIENCE_S = 20;

/** The other process did not come through an order. */
export class Lost extends Error {
  /** The broken rules that it was at, or the place of the rule that ran. */
  readonly suspects: readonly string[];
  readonly at: number | undefined;
  constructor(why: string, suspects: readonly string[], at: number | undefined) {
    super(why);
    this.suspects = suspects;
    this.at = at;
  }
}

/** The child: takes orders until its parent goes. */
export async function serveMutants(): Promise<void> {
  const say = (said: Said): void => void process.send?.(said);
  let [start, watched] = [process.cpuUsage(), false];
  const begin = (said: Said, watch: boolean): void => {
    [start, watched] = [process.cpuUsage(), watch];
    say(said);
  };
  const watch = setInterval(() => {
    const { user, system } = process.cpuUsage(start);
    if (watched && user + system > PATIENCE_S * 1e6) say("late");
  }, 500);
  const waiting: unknown[] = [];
  let wake = (): void => {};
  process.on("message", (message) => {
    waiting.push(message);
    wake();
  });
  let gone = false;
  process.once("disconnect", () => {
    gone = true;
    wake();
  });
  const heard = async (): Promise<unknown> => {
    while (waiting.length === 0 && !gone) await new Promise<void>((resolve) => (wake = resolve));
    return waiting.shift();
  };
  const { records, kept, raw } = (await heard()) as Bench;
  const work = async (bench: Workbench): Promise<void> => {
    const sound = soundOf(bench, raw);
    for (;;) {
      const order = (await heard()) as Order | undefined;
      if (order === undefined) return;
      if ("survey" in order) {
        const wanted = new Set(order.survey);
        // The bench goes back, never forth.
        for (const [at, rule] of [...bench.rules.entries()].reverse()) {
          const mutants = mutantsOf(rule).filter(({ id }) => wanted.has(id));
          if (mutants.length === 0) continue;
          for await (const found of survey(bench, at, mutants, (next) => begin({ next }, next.length > 0)))
            say("fate" in found ? { verdict: found } : { candidate: found });
        }
      } else
        try {
          const { together, to } = order;
          for (const verdict of await runTogether(bench, sound, together, (at) => begin({ at }, true), to))
            say({ verdict });
        } catch (error) {
          if (!(error instanceof Failed)) throw error;
          say({ failed: error.at, why: error.message });
        }
      begin("through", false);
    }
  };
  try {
    await Workbench.beside(records, kept, work);
  } catch (error) {
    // Its memory fills with what it dropped: whoever waits sees that it ended, and goes on with another one.
    if (!isPoolFull(error)) throw error;
    process.exit(1);
  }
  clearInterval(watch);
}

/** The parent's end. */
export class Helper {
  readonly #bench: Bench;
  readonly #cli: string;
  #child: ChildProcess | undefined;
  #heard: (Said | "ended")[] = [];
  #wake = (): void => {};

  constructor(bench: Bench, cli: string) {
    this.#bench = bench;
    this.#cli = cli;
  }

  /** Yields what comes of an order. Throws Lost where the process ends or must be ended. */
  async *ask(order: Order): AsyncGenerator<Answer> {
    this.#child ??= this.#start();
    this.#child.send(order);
    let suspects: readonly string[] = [];
    let at: number | undefined;
    for (;;) {
      while (this.#heard.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
      const said = this.#heard.shift()!;
      if (said === "through") return;
      if (said === "ended" || said === "late") {
        this.close();
        throw new Lost(said === "late" ? LATE : ENDED, suspects, at);
      }
      if ("next" in said) suspects = said.next;
      else if ("at" in said) at = said.at;
      else yield said;
    }
  }

  #start(): ChildProcess {
    const child = fork(this.#cli, ["--serve"], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      serialization: "advanced",
    });
    const hear = (said: Said | "ended"): void => {
      this.#heard.push(said);
      this.#wake();
    };
    child.on("message", (said: Said) => hear(said));
    child.once("exit", () => hear("ended"));
    child.send(this.#bench);
    return child;
  }

  close(): void {
    this.#child?.removeAllListeners();
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
    this.#heard = [];
  }
}
