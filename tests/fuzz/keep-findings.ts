import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serialize } from "node:v8";
import { describeFinding } from "./report.ts";
import type { Finding } from "./run-target.ts";
import type { FuzzWorld } from "./world.ts";

/** Puts the world and every input into a new directory and says how each finding is replayed. */
export function keepFindings(findings: readonly Finding[], world: FuzzWorld): string[] {
  if (findings.length === 0) return [];
  const dir = mkdtempSync(join(tmpdir(), "carrara-fuzz-findings-"));
  const worldFile = join(dir, "world.bin");
  writeFileSync(worldFile, serialize(world));
  return findings.map((finding, i) => {
    const input = join(dir, `input-${i + 1}.bin`);
    writeFileSync(input, finding.input);
    return describeFinding(finding, { input, world: worldFile });
  });
}
