import { defineConfig } from "vitest/config";
import { LongFirst } from "./test/sequence.ts";

export default defineConfig({
  test: {
    include: [
      "src/**/*.test.ts",
      "connectors/**/*.test.ts",
      "simulator/**/*.test.ts",
      "reports/**/*.test.ts",
      "test/**/*.test.ts",
    ],
    // They need a server: npm run test:neo4j.
    exclude: ["test/*neo4j*.test.ts", "**/node_modules/**"],
    globalSetup: "test/e2e/build.ts",
    pool: "forks",
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
