import { defineConfig } from "vitest/config";

// Resolve workspace packages to their TypeScript, so that no test waits for a build.
const conditions = ["@carrara/source"];
const resolve = { conditions };
const ssr = { resolve: { conditions, externalConditions: conditions } };

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: "unit",
          sequence: { groupOrder: 0 },
          include: [
            "packages/*/src/**/*.test.ts",
            "apps/*/{src,page/src}/**/*.test.ts",
            "tools/**/*.test.ts",
            "tests/conformance/**/*.test.ts",
            "tests/docs/**/*.test.ts",
            "tests/fuzz/**/*.test.ts",
          ],
          // One module graph per worker: a tenth of the time of isolated files on two cores.
          pool: "threads",
          isolate: false,
          testTimeout: 20_000,
          // Hooks start servers and databases too.
          hookTimeout: 20_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "whole",
          sequence: { groupOrder: 1 },
          include: ["tests/e2e/**/*.test.ts", "tests/browser/**/*.test.ts"],
          // Each file runs a mesh of its own; two at a time is what two cores bear.
          pool: "forks",
          maxWorkers: 2,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
