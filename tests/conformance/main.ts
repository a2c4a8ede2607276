import { resolve } from "node:path";
import { runIndexFile } from "./run-index-file.ts";

const file = process.argv[2];
if (file === undefined) {
  console.error("usage: npm run conformance -- INDEX.json");
  process.exitCode = 2;
} else {
  try {
    process.exitCode = await report(resolve(file));
  } catch (error) {
    // What the file system or JSON has against a path; everything else is a fault of this program.
    const isInput = error instanceof Error && ("code" in error || error instanceof SyntaxError);
    if (!isInput) throw error;
    console.error(`cannot run ${file}: ${error.message}`);
    process.exitCode = 2;
  }
}

async function report(index: string): Promise<number> {
  const { passed, failures, skipped } = await runIndexFile(index);
  for (const failure of failures) console.log(`FAIL ${failure}`);
  for (const [kind, count] of Object.entries(skipped))
    console.log(`skipped ${kind}: ${count} cases, not supported yet`);
  const total = Object.values(passed).reduce((sum, count) => sum + count, 0);
  console.log(`${total} passed, ${failures.length} failed`);
  return failures.length === 0 ? 0 : 1;
}
