/** Loads the rules of queries/derive: comments in front say what a file derives and when it runs. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../model.ts";
import { packageRoot } from "../root.ts";
import { DERIVED, type DerivedKind, isDerivedNode } from "../schema.ts";

/** One statement of a rule. It runs only if the kind `when` has rows, and the kind `unless` has none. */
export interface Statement {
  text: string;
  when: string | undefined;
  unless: string | undefined;
}

/** Rows of its statements become relationships of the kind `derives`. */
export interface Rule {
  id: string;
  /** What it is for, for people. */
  why: string;
  derives: DerivedKind;
  when: string | undefined;
  /**
   * `agents`: runs for one slice of the agents after the other (`$from` to `$to` bound their codes), so that memory
   * does not grow with their number.
   */
  per: "agents" | undefined;
  /** Run once, in order. */
  first: readonly Statement[];
  /**
   * Run until nothing new appears, with `$level`: `step` counts 1, 2, 3, …; so does `uneven`, which goes on to the
   * deepest row, since what it starts from stands at several levels; `doubling` joins what is known with itself, and
   * `$level` is the longest level so far.
   */
  again: readonly Statement[];
  growth: Growth;
}

const GROWTHS = ["step", "uneven", "doubling"] as const;
type Growth = (typeof GROWTHS)[number];

const KEYS = new Set(["rule", "derives", "when", "growth", "per", "why"]);

/** All rules in the order of their file names. Throws ConfigError if a file is not as it must be. */
export function loadRules(folder = join(packageRoot, "queries", "derive")): Rule[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".cypher"))
    .sort()
    .map((name) => parseRule(readFileSync(join(folder, name), "utf8"), name));
}

export function parseRule(text: string, name: string): Rule {
  const head = new Map<string, string>();
  const statements: (Statement & { next: boolean })[] = [];
  let lines: string[] = [];
  let open: Omit<Statement, "text"> & { next: boolean } = { when: undefined, unless: undefined, next: false };
  const flush = () => {
    if (lines.length > 0) statements.push({ ...open, text: lines.join("\n") });
    lines = [];
  };
  for (const line of text.split("\n")) {
    const mark = /^\/\/ (and|next level)(?: when: (\w+))?(?: unless: (\w+))?$/.exec(line);
    const entry = /^\/\/ ([a-z]+): (.*)$/.exec(line);
    if (mark !== null) {
      flush();
      open = { when: mark[2], unless: mark[3], next: mark[1] === "next level" };
    } else if (entry !== null && statements.length === 0 && lines.length === 0) {
      const key = entry[1]!;
      if (!KEYS.has(key)) throw new ConfigError("bad-rule", `${name}: unknown key "${key}"`);
      head.set(key, entry[2]!);
    } else if (line.startsWith("// ") && statements.length === 0 && lines.length === 0)
      head.set("why", `${head.get("why") ?? ""} ${line.slice(3)}`.trim());
    else if (line.trim() !== "" && !line.startsWith("//")) lines.push(line);
  }
  flush();
  const derives = head.get("derives") ?? "";
  if (!isDerivedNode(derives) && !Object.hasOwn(DERIVED, derives))
    throw new ConfigError("bad-rule", `${name}: derives "${derives}", which the schema does not know`);
  const per = head.get("per");
  if (per !== undefined && per !== "agents")
    throw new ConfigError("bad-rule", `${name}: per "${per}", not agents`);
  const growth = GROWTHS.find((one) => one === (head.get("growth") ?? "step"));
  if (growth === undefined)
    throw new ConfigError(
      "bad-rule",
      `${name}: growth "${head.get("growth")}", not one of ${GROWTHS.join(", ")}`,
    );
  const again = statements.filter((s) => s.next);
  if (statements.length === again.length)
    throw new ConfigError("bad-rule", `${name}: needs a statement that is no "next level"`);
  return {
    id: head.get("rule") ?? name,
    why: head.get("why") ?? "",
    derives: derives as DerivedKind,
    when: head.get("when"),
    per,
    first: statements.filter((s) => !s.next),
    again,
    growth,
  };
}
