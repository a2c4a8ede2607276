import { resolve } from "node:path";
import { runIndexFile } from "./run-index-file.ts";

const file = process.argv[2];
if (file === undefined) {
  console.error("usage: npm run conformance -- INDEX.json");
  process.exitCode = 2;
} else {
  const { passed, failures, skipped } = await runIndexFile(resolve(file));
  for (const failure of failures) console.log(`FAIL ${failure}`);
  for (const [kind, count] of Object.entries(skipped))
    console.log(`skipped ${kind}: ${count} cases, not supported yet`);
  const total = Object.values(passed).reduce((sum, count) => sum + count, 0);
  console.log(`${total} passed, ${failures.length} failed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
