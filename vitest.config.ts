import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [
      "src/**/*.test.ts",
      "connectors/**/*.test.ts",
      "simulator/**/*.test.ts",
      "reports/**/*.test.ts",
      "test/**/*.test.ts",
    ],
    globalSetup: "test/e2e/build.ts",
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
