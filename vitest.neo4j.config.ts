/** Tests that need a Neo4j server: `npm run test:neo4j` starts one, unless the environment names one. */
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The long ones first. Whatever changes the schema makes the server plan every statement anew, which for all rules takes
 * half a minute: their file comes before those that bring new tenants.
 */
const ORDER = [
  ...["store-neo4j-rules", "neo4j-broken", "neo4j-way", "neo4j-faults"],
  ...["store-neo4j", "neo4j-csv", "neo4j-gate"],
];
const place = ({ moduleId }: TestSpecification): number =>
  ORDER.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...files].sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    include: ["test/*neo4j*.test.ts"],
    globalSetup: ["test/e2e/build.ts", "test/neo4j-setup.ts"],
    pool: "forks",
    // One server for all, and tenants of its own for each file: while one waits for the server, another works.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // The server keeps what it loaded when it is stopped for the first time.
    teardownTimeout: 120_000,
  },
});
