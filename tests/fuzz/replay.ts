import { readFileSync } from "node:fs";
import { deserialize } from "node:v8";
import { fromHex } from "@carrara/encoding";
import { createCheck } from "./check-input.ts";
import { createWorld } from "./create-world.ts";
import { DELIVERIES } from "./delivery.ts";
import type { Target } from "./target.ts";
import type { FuzzWorld } from "./world.ts";

/** The world of a finding's file, or a new one; a file of a run of this program only. */
export async function loadWorld(file: string | undefined): Promise<FuzzWorld> {
  return file === undefined ? await createWorld() : (deserialize(readFileSync(file)) as FuzzWorld);
}

/** The bytes of `--replay`: hex, or the content of a file after `@`. */
export function readInput(given: string): Uint8Array {
  return given.startsWith("@") ? new Uint8Array(readFileSync(given.slice(1))) : fromHex(given);
}

/** What becomes of one input, a line for each kind of memory, and whether any of it is a finding. */
export async function replay(
  target: Target,
  part: string,
  bytes: Uint8Array,
): Promise<{ readonly isFinding: boolean; readonly lines: readonly string[] }> {
  const check = createCheck(target);
  const lines: string[] = [];
  let isFinding = false;
  for (const delivery of target.kind === "parser" ? DELIVERIES : (["plain"] as const)) {
    const { answer, ms, faults } = await check({ part, bytes }, delivery);
    isFinding ||= faults.length > 0;
    lines.push(`${delivery}: ${faults.join("; ") || answer} (${ms.toFixed(1)} ms)`);
  }
  return { isFinding, lines };
}
