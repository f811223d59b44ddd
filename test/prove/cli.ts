/** `npm run prove`: the product against the definition. Exit code 1 if something differs, or nobody looked. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { connectors } from "../../connectors/index.ts";
import type { Put } from "../oracle/records.ts";
import { tenants } from "../oracle/tenants.ts";
import { alone } from "./alone.ts";
import { WIDER } from "./batch.ts";
import { breakOne } from "./break.ts";
import { disagreement, shrink, standsApart, tenantOf } from "./compare.ts";
import { EQUIVALENT_BRANCHES, whyEquivalent } from "./equivalent.ts";
import { EVALUATORS } from "./evaluators.ts";
import { pairs, richest } from "./features.ts";
import { serveMutants } from "./helper.ts";
import { hits, LEAST_SHARE } from "./hits.ts";
import { allMutants, isOpen, mutate, type Trial } from "./mutate.ts";
import { metEnough, newRun, type Run, summary, tenantAt, tenantsToTry, tryTenants } from "./random.ts";
import { completeness, STEPS } from "./withhold.ts";
import { worldFiles, worldText } from "./world.ts";

const HELP = `npm run prove -- [--worlds N] [--seed S] [--from K] [--state FILE] [--shown N] [--profile] [--apart]
  N random tenants (500), row for row against the oracle; those that differ are shrunk and printed as worlds. Apart: each in
  a graph of its own, and without some kinds of relationship, so that nothing is there which only others need
npm run prove -- --hits [--worlds N]
  how many tenants make each statement of each rule derive something
npm run prove -- --break [--seed S] [--rule R]
  takes one clause out of one rule and prints a least tenant that shows it
npm run prove -- --mutate [--only rules|typescript] [--rule R,R] [--evaluator E,E] [--sample N] [--state FILE]
  breaks every clause of every rule and every branch of every evaluator in TypeScript, or of these; prints each with what
  caught it, then those that nobody guards
npm run prove -- --alone [--worlds N] [--from K]
  derives each agent by itself: it must have the rows that it has among others
npm run prove -- --withhold [--worlds N] [--step STEP]
  withholds one part of a tenant at a time: no answer that was sure may change
A run with --state FILE goes on where it stopped.`;

const { values: options } = parseArgs({
  options: {
    worlds: { type: "string" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    shown: { type: "string", default: "3" },
    state: { type: "string" },
    profile: { type: "boolean", default: false },
    apart: { type: "boolean", default: false },
    hits: { type: "boolean", default: false },
    break: { type: "boolean", default: false },
    mutate: { type: "boolean", default: false },
    alone: { type: "boolean", default: false },
    withhold: { type: "boolean", default: false },
    only: { type: "string" },
    rule: { type: "string" },
    evaluator: { type: "string" },
    sample: { type: "string" },
    step: { type: "string" },
    serve: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const print = (line: string): void => void process.stdout.write(`${line}\n`);
/** On a terminal only: how far it is. */
const progress = (line: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`${line}\n`);
};
const count = (name: "worlds" | "seed" | "from" | "shown" | "sample", otherwise: number): number => {
  const number = Number(options[name] ?? otherwise);
  if (!Number.isInteger(number) || number < 0) throw new Error(`--${name} takes a whole number`);
  return number;
};
/** What the state file holds; clauses of rules and branches may share one. */
const saved = <T>(fresh: T): T =>
  options.state !== undefined && existsSync(options.state)
    ? JSON.parse(readFileSync(options.state, "utf8"))
    : fresh;
const save = (state: unknown): void => {
  if (options.state !== undefined) writeFileSync(options.state, JSON.stringify(state));
};
const percent = (share: number): string => `${(100 * share).toFixed(1).padStart(5)} %`;
const SAVED_EVERY_MS = 2_000;
const seed = count("seed", 1);

async function random(): Promise<boolean> {
  const run: Run = saved(newRun(seed, count("from", 0), options.apart));
  const spent = new Map<string, number>();
  for await (const _ of tryTenants(run, count("worlds", 500), spent)) {
    save(run);
    progress(summary(run));
  }
  for (const place of run.mismatches.slice(0, count("shown", 3))) {
    const world = tenantAt(run, place);
    if ((await disagreement(world)).length === 0) {
      print(`# tenant ${place} differs beside others in its graph, and not alone`);
      continue;
    }
    const least = await shrink(world);
    print(
      worldText(
        `tenant ${place} of seed ${run.seed}`,
        "the product differs from these rows",
        least,
        tenantOf(least),
      ),
    );
    for (const line of await disagreement(least)) print(`# ${line}`);
  }
  if (run.mismatches.length > 0) print(`tenants that differ: ${run.mismatches.join(", ")}`);
  if (options.profile)
    for (const [stage, ms] of spent) print(`${(ms / 1_000).toFixed(1).padStart(7)} s  ${stage}`);
  const { unmet } = pairs(run.met);
  if (!metEnough(run)) for (const pair of unmet) print(`never met: ${pair}`);
  print(summary(run));
  return run.mismatches.length === 0 && metEnough(run);
}

async function showHits(): Promise<boolean> {
  const found = await hits(tenantsToTry(count("worlds", 400), seed, count("from", 0)));
  for (const { rule, statement, share } of found) print(`${percent(share)}  ${rule}, statement ${statement}`);
  const rare = found.filter(({ share }) => share < LEAST_SHARE);
  for (const { rule, statement } of rare) print(`hardly any tenant: ${rule}, statement ${statement}`);
  return rare.length === 0;
}

const worldsToBreak = (from: number): (readonly Put[])[] => [
  ...worldFiles()
    .filter(({ file }) => !file.startsWith("alone-"))
    .map(({ world }) => world.records),
  ...richest(tenants(400, from), 20).filter((world) => !standsApart(world)),
];

async function showBroken(): Promise<boolean> {
  const { mutant, least } = await breakOne(seed, options.rule, worldsToBreak(seed), process.argv[1]!);
  print(`# ${mutant.id}`);
  if (least === undefined) print("# no tenant noticed");
  else
    print(
      worldText(
        `without ${mutant.clause}`,
        `guards a clause of the rule ${mutant.rule.id}`,
        least,
        tenantOf(least),
      ),
    );
  return least !== undefined;
}

async function showAlone(): Promise<boolean> {
  let [agents, differ] = [0, 0];
  const worlds = tenants(count("worlds", 50), seed, count("from", 0));
  for (const [index, world] of worlds.entries()) {
    const found = await alone(world);
    agents += found.agents;
    differ += found.differ.length;
    for (const line of found.differ) print(line);
    progress(`${index + 1} of ${worlds.length}`);
  }
  print(`${agents} agents of ${worlds.length} tenants, each by itself: ${differ} rows differ`);
  return differ === 0 && agents > 0;
}

async function showMutants(): Promise<boolean> {
  const { only, rule, evaluator } = options;
  if (only !== undefined && only !== "rules" && only !== "typescript")
    throw new Error("--only takes rules or typescript");
  const guarded: boolean[] = [];
  if (only !== "typescript" && (evaluator === undefined || rule !== undefined))
    guarded.push(await showClauses());
  if (only !== "rules" && (rule === undefined || evaluator !== undefined)) guarded.push(await showBranches());
  return guarded.every((yes) => yes);
}

/** Those that a comma-separated option names, or all. */
function chosen<T>(all: readonly T[], names: string | undefined, what: string, of: (one: T) => string): T[] {
  const wanted = names?.split(",");
  for (const name of wanted ?? [])
    if (!all.some((one) => of(one) === name)) throw new Error(`no ${what} is called "${name}"`);
  return all.filter((one) => wanted === undefined || wanted.includes(of(one)));
}
/** As many as `--sample` says, evenly taken, or all. */
function sample<T>(all: readonly T[]): T[] {
  const every = Math.max(1, Math.ceil(all.length / count("sample", all.length)));
  return all.filter((_, index) => index % every === seed % every);
}

async function showBranches(): Promise<boolean> {
  // Vitest takes a while to load.
  const { branchesIn, mutateCode } = await import("./mutate-code.ts");
  // The test that caught it; empty if none did.
  const trying = { branches: {} as Record<string, string>, ...saved({}) };
  const wanted = chosen(EVALUATORS, options.evaluator, "evaluator", ({ file }) => file);
  const ids = sample(wanted.flatMap(branchesIn).map(({ id }) => id));
  for (const evaluator of wanted) {
    const left = branchesIn(evaluator).filter(
      ({ id }) => ids.includes(id) && trying.branches[id] === undefined,
    );
    for await (const { id, by } of mutateCode(evaluator, left)) {
      trying.branches[id] = by ?? "";
      save(trying);
      if (by !== undefined) print(`caught: ${id}  [${by}]`);
    }
  }
  const open = ids.filter((id) => trying.branches[id] === "");
  const unguarded = open.filter((id) => !EQUIVALENT_BRANCHES.has(id));
  for (const id of open.filter((one) => EQUIVALENT_BRANCHES.has(one)))
    print(`shows nowhere: ${id}  [${EQUIVALENT_BRANCHES.get(id)}]`);
  for (const id of unguarded) print(`nobody guards: ${id}`);
  print(
    `${ids.length} branches broken: ${ids.length - open.length} caught, ${open.length - unguarded.length} that show nowhere, ${unguarded.length} that nobody guards`,
  );
  return unguarded.length === 0;
}

async function showClauses(): Promise<boolean> {
  const ids = sample(chosen(allMutants(), options.rule, "rule", (one) => one.rule.id)).map(({ id }) => id);
  const trying: Trial = { seed, verdicts: {}, ...saved({}) };
  let written = 0;
  await mutate(trying, ids, process.argv[1]!, (verdict) => {
    // A few broken rules tried twice cost less than a file written for each.
    if (performance.now() - written > SAVED_EVERY_MS) {
      save(trying);
      written = performance.now();
    }
    if (!isOpen(verdict)) print(`${verdict.fate}: ${verdict.id}  [${verdict.why.split("\n")[0]}]`);
  });
  save(trying);
  const of = (fate: string): string[] => ids.filter((id) => trying.verdicts[id]?.fate === fate);
  const open = [...of("same"), ...of("idle")];
  const reason = (id: string): string | undefined =>
    whyEquivalent(id) ?? (trying.verdicts[id]!.why === WIDER ? WIDER : undefined);
  const unguarded = open.filter((id) => reason(id) === undefined);
  for (const id of open.filter((one) => reason(one) !== undefined))
    print(`shows nowhere: ${id}  [${reason(id)}]`);
  for (const id of unguarded) print(`nobody guards: ${id}  [${trying.verdicts[id]!.why}]`);
  print(
    `${ids.length} clauses broken: ${of("caught").length} caught, ${of("refused").length} refused by the engine, ${open.length - unguarded.length} that show nowhere, ${unguarded.length} that nobody guards`,
  );
  return unguarded.length === 0;
}

async function showWithheld(): Promise<boolean> {
  let sound = true;
  for (const step of STEPS.filter((one) => options.step === undefined || one === options.step)) {
    const { withheld, fills, broken } = await completeness(step, connectors, count("worlds", 50), seed);
    for (const text of broken.slice(0, count("shown", 3))) print(text);
    print(`${step}: ${withheld} parts withheld, ${fills} fills, ${broken.length} that changed a sure answer`);
    sound &&= broken.length === 0;
  }
  return sound;
}

if (options.help) print(HELP);
else if (options.serve) await serveMutants();
else {
  const work = options.hits
    ? showHits
    : options.break
      ? showBroken
      : options.mutate
        ? showMutants
        : options.alone
          ? showAlone
          : options.withhold
            ? showWithheld
            : random;
  process.exitCode = (await work()) ? 0 : 1;
}
