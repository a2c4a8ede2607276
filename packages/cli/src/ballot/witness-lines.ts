import type { Cosigner } from "@carrara/ballot";
import type { VerifierKey } from "@carrara/transparency";
import { printable } from "../printable.ts";

/** Who else has seen the log, for people. */
export function witnessLine(
  cosignedBy: readonly Cosigner[],
  witnesses: readonly VerifierKey[],
): string {
  if (witnesses.length === 0) {
    return "Witnesses: none are known, so others may have been shown another log";
  }
  const names = cosignedBy.map(
    ({ name, timeSeconds }) => `${printable(name)} at ${timeText(timeSeconds)}`,
  );
  const seen = `Witnesses: ${cosignedBy.length} of ${witnesses.length} have seen this log`;
  if (names.length > 0) return `${seen}: ${names.join(", ")}`;
  return `${seen}, so others may have been shown another one`;
}

/** The same for JSON documents. */
export function describeCosigners(
  cosignedBy: readonly Cosigner[],
): readonly Readonly<Record<string, string>>[] {
  return cosignedBy.map(({ name, timeSeconds }) => ({ name, time: timeText(timeSeconds) }));
}

/** A witness may say any number. */
function timeText(seconds: number): string {
  const time = new Date(1000 * seconds);
  return Number.isNaN(time.getTime())
    ? `second ${seconds}`
    : time.toISOString().replace(".000", "");
}
