import { equalBytes } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import { COMPETITORS, type Competitor, entryOf } from "../testing/competitor.ts";
import { createEmulatedGuest, SNP_PROVIDER, tableFor } from "../testing/emulated-guest.ts";
import { errorCodeOf } from "../testing/error-code.ts";
import { interceptFileOps } from "../testing/intercept-file-ops.ts";
import { createMemoryFileOps } from "../testing/memory-file-ops.ts";
import { sampleSnpReport } from "../testing/sample-evidence.ts";
import { requestTsmReport } from "./configfs-tsm.ts";
import type { FileEvidence } from "./file-evidence.ts";

const DATA = new Uint8Array(64).fill(5);
const LEVEL = 2;
/** Calls of a request that nobody disturbs; the competitor acts ahead of each but the first. */
const CALLS = 28;

/** Requests a report; ahead of call `index` a competitor acts. */
async function requestAgainst(act: Competitor, index: number): Promise<FileEvidence> {
  const memory = createMemoryFileOps(createEmulatedGuest(SNP_PROVIDER).kernel);
  const ops = interceptFileOps(memory, async (call) => {
    const entry = entryOf(call.path);
    if (call.index !== index || entry === undefined) return;
    // What the kernel does not let them do is no attack.
    await act(memory, entry).catch(() => undefined);
  });
  const request = { reportData: DATA, privilegeLevel: LEVEL };
  return await requestTsmReport({ ops, source: "emulated" }, request);
}

function isRight({ evidence, auxBlob }: FileEvidence): boolean {
  return (
    equalBytes(evidence, sampleSnpReport(DATA, LEVEL)) &&
    auxBlob !== undefined &&
    equalBytes(auxBlob, tableFor(DATA))
  );
}

async function outcomeOf(request: Promise<FileEvidence>): Promise<string> {
  const code = await errorCodeOf(request);
  if (code !== "done") return code;
  return isRight(await request) ? "right" : "wrong";
}

describe("a competitor who", () => {
  test("stays away sees as many calls as the tests below try", async () => {
    let calls = 0;
    const memory = createMemoryFileOps(createEmulatedGuest(SNP_PROVIDER).kernel);
    const ops = interceptFileOps(memory, () => {
      calls += 1;
    });
    await requestTsmReport(
      { ops, source: "emulated" },
      { reportData: DATA, privilegeLevel: LEVEL },
    );
    expect(calls).toBe(CALLS);
  });

  test.each(COMPETITORS)("%s, at any moment: EVIDENCE_RACE or the right report", async (_, act) => {
    const outcomes: string[] = [];
    for (let index = 1; index < CALLS; index += 1) {
      outcomes.push(await outcomeOf(requestAgainst(act, index)));
    }
    expect([...new Set(outcomes)].sort()).toEqual(["EVIDENCE_RACE", "right"]);
    // Once the last look at the generation is done, nothing is left to disturb.
    expect(outcomes.at(-1)).toBe("right");
  });

  test.each(COMPETITORS)("%s, at every moment: EVIDENCE_RACE", async (_, act) => {
    const memory = createMemoryFileOps(createEmulatedGuest(SNP_PROVIDER).kernel);
    const ops = interceptFileOps(memory, async ({ path, index }) => {
      const entry = entryOf(path);
      if (index > 0 && entry !== undefined) await act(memory, entry).catch(() => undefined);
    });
    const request = requestTsmReport({ ops, source: "emulated" }, { reportData: DATA });
    expect(await errorCodeOf(request)).toBe("EVIDENCE_RACE");
  });

  test("works on entries of their own disturbs nobody", async () => {
    const memory = createMemoryFileOps(createEmulatedGuest(SNP_PROVIDER).kernel);
    const ops = interceptFileOps(memory, async () => await new Promise(setImmediate));
    const requests = [1, 2, 3, 4].map(async (byte) => {
      const reportData = new Uint8Array(64).fill(byte);
      const { evidence } = await requestTsmReport({ ops, source: "emulated" }, { reportData });
      return equalBytes(evidence, sampleSnpReport(reportData));
    });
    expect(await Promise.all(requests)).toEqual([true, true, true, true]);
  });
});
