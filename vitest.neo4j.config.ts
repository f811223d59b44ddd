/** Tests that need a Neo4j server: `npm run test:neo4j` starts one, unless the environment names one. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/*neo4j*.test.ts"],
    globalSetup: ["test/e2e/build.ts", "test/neo4j-setup.ts"],
    pool: "forks",
    // One server for all, and tenants of its own for each file: while one waits for the server, another works.
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
