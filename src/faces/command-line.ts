/** What every command of the command line has at hand: the words around it, where data lies, how a run ends. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { StoreError } from "../model.ts";
import { packageRoot } from "../root.ts";
import { createScreen, type Screen } from "./screen.ts";
import { shellWord } from "./shell.ts";

/** Exit codes, as in the README. When several apply: 2, 4, 1, 3; interrupted 130. */
export const EXIT = { ok: 0, findings: 1, usage: 2, incomplete: 3, store: 4, interrupted: 130 } as const;

/** Flags of the program: they stand before or behind any command. */
export interface Global {
  config: string;
  data: string;
  tenant?: string;
  quiet?: boolean;
  jsonLog?: boolean;
}

type Opener = typeof import("../app.ts").openAnswers;
export type AnswersOf = Awaited<ReturnType<Opener>>;
export type StoreOptions = NonNullable<Parameters<Opener>[1]>;

export const version = (
  JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as { version: string }
).version;

/** One run of the program. A command declares itself on `program`, and ends by giving its exit code to `end`. */
export class CommandLine {
  readonly program: Command;
  readonly signal: AbortSignal;
  /** The words that were typed, as a shell takes them: manifests say which command made a file. */
  readonly typed: string;
  #code: number = EXIT.ok;

  constructor(program: Command, words: readonly string[], signal: AbortSignal) {
    this.program = program;
    this.signal = signal;
    this.typed = ["forereach", ...words.map(shellWord)].join(" ");
  }

  get globals(): Global {
    return this.program.opts<Global>();
  }
  /** 130 if it was interrupted, whatever a command came to. */
  get code(): number {
    return this.signal.aborted ? EXIT.interrupted : this.#code;
  }
  end(code: number): void {
    this.#code = code;
  }
  screen(): Screen {
    return createScreen(this.globals);
  }
  get jsonLog(): boolean {
    return this.globals.jsonLog === true;
  }

  /** How a command begins that is to find the same configuration and data. `data`: another folder than was typed. */
  beginning(data?: string): string {
    const given = (["config", "data", "tenant"] as const).flatMap((name) => {
      const value = name === "data" && data !== undefined ? data : this.globals[name];
      const typed =
        this.program.getOptionValueSource(name) === "cli" || (name === "data" && data !== undefined);
      return typed && value !== undefined ? [`--${name}`, shellWord(value)] : [];
    });
    return ["forereach", ...given].join(" ");
  }

  /** Commands in a text, as they are to be typed for the same configuration and data. */
  hint(text: string): string {
    const names = this.program.commands.map((command) => command.name()).join("|");
    return text.replace(new RegExp(`\\bforereach (?=(?:${names})\\b)`, "g"), () => `${this.beginning()} `);
  }

  /** The demo has a folder of its own below the one that was typed: where that alone has a graph, the error says how to ask it. */
  async withDemo(error: unknown): Promise<unknown> {
    if (!(error instanceof StoreError) || error.code !== "no-graph") return error;
    const folder = join(this.globals.data, "demo");
    const { hasGraph } = await import("../keep/meta.ts");
    if (!hasGraph(folder)) return error;
    const fix = `the demo is there: ${this.beginning(folder)} reach; or forereach scan, or forereach import FILE.jsonl`;
    return new StoreError(error.code, error.message, fix, { cause: error });
  }

  /** Where the data lies: a folder of its own for each tenant if the configuration names several. */
  async folder(): Promise<string> {
    const { data, tenant, config } = this.globals;
    const { configured, namesSeveralTenants } = await import("../app.ts");
    // A folder that somebody named is meant as it is.
    const isMeant = this.program.getOptionValueSource("data") !== "default";
    if (tenant === undefined && (isMeant || !(await namesSeveralTenants(config)))) return data;
    const found = await configured(config, tenant);
    return found.config.tenants.length > 1 ? join(data, found.tenant.id) : data;
  }

  /** The store of the configuration and how to ask for its password. */
  async store(): Promise<StoreOptions> {
    const [{ configuredStore }, { askPassword }] = await Promise.all([
      import("../app.ts"),
      import("./prompt.ts"),
    ]);
    const store = await configuredStore(this.globals.config);
    return {
      ...(store === undefined ? {} : { store }),
      ...(process.stdin.isTTY && process.stderr.isTTY ? { askPassword } : {}),
    };
  }

  /** Opens the data, runs, and ends as `withAnswers` does. */
  async answer(run: (answers: AnswersOf) => Promise<void>): Promise<void> {
    const { openAnswers } = await import("../app.ts");
    const [folder, store] = await Promise.all([this.folder(), this.store()]);
    this.end(await this.withAnswers(openAnswers(folder, store), done(run)));
  }

  /** Opens the answers, runs, closes; 3 if something was not read and nobody accepted that, unless `run` found more. */
  async withAnswers<A extends AnswersOf>(
    opening: Promise<A>,
    run: (answers: A) => Promise<number>,
  ): Promise<number> {
    const answers = await opening;
    try {
      const found = await run(answers);
      if (answers.gaps.length === 0) return found;
      const parts = answers.gaps.length;
      const text = `Incomplete: ${parts} part${parts === 1 ? " was" : "s were"} not read completely (${this.beginning()} coverage). What is not listed is unknown there, not absent.`;
      process.stderr.write(
        `${this.jsonLog ? JSON.stringify({ time: new Date().toISOString(), type: "incomplete", parts, text }) : text}\n`,
      );
      return found === EXIT.ok ? EXIT.incomplete : found;
    } finally {
      await answers.close();
    }
  }

  /** The summary of a folder: what a scan or the demo ends with. `data`: the folder, where it is not the one typed. */
  async summarize(
    request: { folder: string; data?: string; page?: string; screen: Screen },
    store: StoreOptions = {},
  ): Promise<number> {
    const { folder, data, page, screen } = request;
    const [{ openAnswers }, { printTop }] = await Promise.all([import("../app.ts"), import("./print.ts")]);
    return this.withAnswers(
      openAnswers(folder, store),
      done(async (answers) => {
        screen.done();
        await printTop(answers, {
          beginning: this.beginning(data),
          ...(page === undefined ? {} : { page }),
        });
      }),
    );
  }
}

/** An answer that decides nothing but that it was given. */
export const done =
  <A>(run: (answers: A) => Promise<void>) =>
  async (answers: A): Promise<number> => {
    await run(answers);
    return EXIT.ok;
  };
