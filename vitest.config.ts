import { defineConfig } from "vitest/config";
import { PlainSummary } from "./tools/plain-summary.ts";

// Resolve workspace packages to their TypeScript, so that no test waits for a build.
const conditions = ["@carrara/source"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.ts", "tools/**/*.test.ts"],
    reporters: ["default", new PlainSummary()],
    // One module graph per worker: a tenth of the time of isolated files on two cores.
    pool: "threads",
    isolate: false,
    mockReset: true,
    unstubEnvs: true,
  },
});
