import { describe, expect, test } from "vitest";
import { emulatedGramineDirectory } from "../testing/emulated-gramine.ts";
import { writeFileBy } from "../testing/emulated-guest.ts";
import { createEmulatedKernel } from "../testing/emulated-kernel.ts";
import { errorCodeOf } from "../testing/error-code.ts";
import { interceptFileOps } from "../testing/intercept-file-ops.ts";
import { createMemoryFileOps } from "../testing/memory-file-ops.ts";
import { sampleSgxQuote } from "../testing/sample-evidence.ts";
import type { FileEvidence } from "./file-evidence.ts";
import type { FileOps } from "./file-ops.ts";
import { requestGramineQuote } from "./gramine.ts";
import { createLock } from "./lock.ts";

const DATA = new Uint8Array(64).fill(5);
const FOREIGN_DATA = new Uint8Array(64).fill(0xee);
/** Calls of one attempt that nobody disturbs. */
const CALLS = 7;

/** A quote while somebody in the same process, who knows no lock, writes ahead of some calls. */
async function requestAgainst(
  isDisturbed: (index: number) => boolean,
  foreign: Uint8Array,
): Promise<FileEvidence> {
  const attestation = emulatedGramineDirectory({
    attestationType: "dcap",
    makeQuote: sampleSgxQuote,
    mrEnclaveKey: new Uint8Array(16),
    mrSignerKey: new Uint8Array(16),
  });
  const memory: FileOps = createMemoryFileOps(createEmulatedKernel({ attestation }));
  const ops = interceptFileOps(memory, async ({ index }) => {
    if (isDisturbed(index)) await writeFileBy(memory, "/dev/attestation/user_report_data", foreign);
  });
  return await requestGramineQuote({ ops, lock: createLock(), source: "emulated" }, DATA);
}

describe("a writer outside the lock", () => {
  test.each(Array.from({ length: CALLS }, (_, index) => [index]))(
    "once ahead of call %i: the right quote, at the second try if need be",
    async (index) => {
      const { evidence } = await requestAgainst((at) => at === index, FOREIGN_DATA);
      expect(evidence).toEqual(sampleSgxQuote(DATA));
    },
  );

  test.each([
    [2, "EVIDENCE_RACE"],
    [3, "EVIDENCE_RACE"],
    [0, "right"],
    [1, "right"],
    [4, "right"],
    [5, "right"],
    [6, "right"],
  ])("at every try ahead of call %i: %s", async (index, outcome) => {
    const request = requestAgainst((at) => at % CALLS === index, FOREIGN_DATA);
    const code = await errorCodeOf(request);
    if (outcome !== "right") expect(code).toBe(outcome);
    else expect((await request).evidence).toEqual(sampleSgxQuote(DATA));
  });

  test("ahead of every call: EVIDENCE_RACE", async () => {
    expect(await errorCodeOf(requestAgainst(() => true, FOREIGN_DATA))).toBe("EVIDENCE_RACE");
  });

  test("who writes what we do disturbs nobody", async () => {
    const { evidence } = await requestAgainst(() => true, DATA);
    expect(evidence).toEqual(sampleSgxQuote(DATA));
  });
});
