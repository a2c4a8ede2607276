import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { runIndexFile } from "./run-index-file.ts";
import { readIndexCounts, VECTOR_INDEX } from "./vectors.ts";

test.skipIf(!existsSync(VECTOR_INDEX))(
  "every genuine piece of evidence and every mutation of one gives the expected verdict (skipped without ../shared/vectors)",
  async () => {
    const result = await runIndexFile(VECTOR_INDEX);
    expect(result).toEqual({ passed: readIndexCounts(), failures: [], skipped: {} });
  },
);
