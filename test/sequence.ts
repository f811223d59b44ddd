/** Long files first: two workers then end at about the same time, and none waits for a long file that the other began last. */
import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take more than some seconds, longest first. One that is missing here only starts later. */
const LONG: readonly string[] = [
  "test/prove.test.ts",
  "test/e2e/faults.test.ts",
  "test/e2e/whatif.test.ts",
  "test/e2e/kill.test.ts",
  "test/e2e/stops.test.ts",
  "test/whatif.test.ts",
  "test/recorded-tenant.test.ts",
  "test/store-embedded.test.ts",
  "test/people.test.ts",
  "test/delta.test.ts",
  "test/e2e/bad-input.test.ts",
  "test/e2e/labels.test.ts",
  "test/e2e/output.test.ts",
  "test/rules.test.ts",
];

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    const rank = ({ moduleId, project }: TestSpecification): number => {
      const place = LONG.indexOf(relative(project.config.root, moduleId));
      return place === -1 ? LONG.length : place;
    };
    return others.sort((a, b) => rank(a) - rank(b));
  }
}
