import type { BuildInfo } from "./observe/metrics.ts";

/**
 * What this build calls itself. The commit is zeros, as in any build that does not know it: an image
 * is named by its measurement, and one that held its commit would change with every commit.
 */
export const BUILD_INFO: BuildInfo = { version: "0.1.0", commit: "0".repeat(40) };
