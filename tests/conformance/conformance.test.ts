import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { runIndex } from "./run-index.ts";

const INDEX = new URL("../../../shared/vectors/INDEX.json", import.meta.url);

test.skipIf(!existsSync(INDEX))(
  "every genuine SGX quote and every mutation of one gives the expected verdict (skipped without ../shared/vectors)",
  async () => {
    const { passed, failures } = await runIndex(INDEX);
    expect(failures).toEqual([]);
    expect(passed).toBeGreaterThanOrEqual(36);
  },
);
