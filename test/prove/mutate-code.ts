/** Breaks each branch of each evaluator and sees whether one of its tests notices. Nothing is written to the disk. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createVitest, type TestModule, type Vitest } from "vitest/node";
import { packageRoot } from "../../src/root.ts";
import { type Branch, branchesOf } from "./branches.ts";
import type { Evaluator } from "./evaluators.ts";

export interface CodeVerdict {
  id: string;
  /** The test that failed without the branch; undefined if none did. */
  by: string | undefined;
}

const pathOf = (name: string, ending: string): string => join(packageRoot, "connectors", `${name}${ending}`);
export const branchesIn = ({ file }: Evaluator): Branch[] =>
  branchesOf(file, readFileSync(pathOf(file, ".ts"), "utf8"));

/** Tries branches of one evaluator. Throws if its tests fail as it is. */
export async function* mutateCode(
  { file, tests }: Evaluator,
  branches: readonly Branch[],
): AsyncGenerator<CodeVerdict> {
  if (branches.length === 0) return;
  const path = pathOf(file, ".ts");
  let text: string | undefined;
  const vitest = await createVitest(
    "test",
    {
      config: false,
      root: packageRoot,
      watch: false,
      include: tests.map((name) => `connectors/${name}.test.ts`),
      pool: "threads",
      maxWorkers: 1,
      bail: 1,
      testTimeout: 60_000,
      reporters: [{}],
    },
    {
      plugins: [
        { name: "broken", enforce: "pre", load: (id) => (id.split("?")[0] === path ? text : undefined) },
      ],
    },
  );
  try {
    const as = (put: string | undefined): Promise<string | undefined> => {
      text = put;
      vitest.invalidateFile(path);
      return firstFailure(vitest, tests);
    };
    const whole = async (): Promise<void> => {
      const failed = await as(undefined);
      if (failed !== undefined) throw new Error(`${file} fails as it is: ${failed}`);
    };
    await whole();
    for (const branch of branches) yield { id: branch.id, by: await as(branch.text) };
    // Nor may a broken one have left anything behind.
    await whole();
  } finally {
    await vitest.close();
  }
}

async function firstFailure(vitest: Vitest, tests: readonly string[]): Promise<string | undefined> {
  for (const name of tests) {
    const path = pathOf(name, ".test.ts");
    const { testModules, unhandledErrors } = await vitest.runTestSpecifications(
      await vitest.globTestSpecifications([path]),
    );
    // The answer holds what earlier runs made of other files, too.
    const module = testModules.find(({ moduleId }) => moduleId === path);
    if (module === undefined) throw new Error(`${name} is no test`);
    const failure = failureOf(module);
    if (failure !== undefined) return `${name}: ${failure}`;
    if (unhandledErrors.length > 0) return `${name}: it stops`;
  }
  return undefined;
}

function failureOf(module: TestModule): string | undefined {
  for (const test of module.children.allTests("failed")) return test.fullName;
  return module.ok() ? undefined : (module.errors()[0]?.message.split("\n")[0] ?? "it does not load");
}
