import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { runIndex } from "./run-index.ts";

const file = process.argv[2];
if (file === undefined) {
  console.error("usage: npm run conformance -- INDEX.json");
  process.exitCode = 2;
} else {
  const { passed, failures, skipped } = await runIndex(pathToFileURL(resolve(file)));
  for (const failure of failures) console.log(`FAIL ${failure}`);
  for (const [kind, count] of skipped)
    console.log(`skipped ${kind}: ${count} cases, not supported yet`);
  console.log(`${passed} passed, ${failures.length} failed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
