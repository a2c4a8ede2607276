import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Example, loadQuoteExample, ROOT, readmeBlock } from "./readme-example.ts";
import { VECTOR_INDEX } from "./vectors.ts";

const run = promisify(execFile);
let dir: string;

/** A module that sets the clock of the program loaded after it. */
function clockAt(time: Date): string {
  return `const Clock = Date;
    globalThis.Date = class extends Clock {
      constructor(...given) { given.length === 0 ? super(${time.getTime()}) : super(...given); }
    };`;
}

async function runExample(example: Example, policy: string): Promise<string> {
  for (const [name, bytes] of example.files) await writeFile(join(dir, name), bytes);
  await writeFile(join(dir, "policy.json"), policy);
  await writeFile(join(dir, "verify.mjs"), readmeBlock("js"));
  await writeFile(join(dir, "clock.mjs"), clockAt(example.time));
  const options = ["--import", "tsx", "--import", "./clock.mjs"];
  const args = ["--conditions=@carrara/source", ...options, "verify.mjs"];
  const { stdout } = await run(process.execPath, args, { cwd: dir, timeout: 20_000 });
  return stdout.trim();
}

describe.skipIf(!existsSync(VECTOR_INDEX))(
  "the README's program for Node (skipped without ../shared/vectors)",
  () => {
    beforeEach(async () => {
      dir = await mkdtemp(join(tmpdir(), "carrara-readme-"));
      // The packages of this workspace are found as they are where they are installed.
      await symlink(join(ROOT, "node_modules"), join(dir, "node_modules"));
    });

    afterEach(async () => {
      await rm(dir, { recursive: true, force: true });
    });

    test("accepts a genuine TDX quote under the README's policy", async () => {
      const output = await runExample(await loadQuoteExample(), readmeBlock("json"));
      expect(output).toBe("tdx hardware UpToDate");
    });

    test("says why it refuses a quote of another virtual machine", async () => {
      const policy = readmeBlock("json").replace('"mrTd": "91', '"mrTd": "92');
      expect(await runExample(await loadQuoteExample(), policy)).toBe("refused: POLICY_MRTD");
    });
  },
);
