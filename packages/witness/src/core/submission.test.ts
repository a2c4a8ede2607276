import { toBase64, utf8 } from "@carrara/encoding";
import { encodeNote } from "@carrara/transparency";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTestLog, testEntries } from "../testing/test-log.ts";
import { WitnessError } from "../witness-error.ts";
import { encodeSubmission, MAX_SUBMISSION_BYTES, parseSubmission } from "./submission.ts";

const log = createTestLog({ entries: testEntries(5) });
const checkpoint = log.checkpoint();
const hash = new Uint8Array(32).fill(7);
const line = toBase64(hash);

function codeOf(body: string | Uint8Array): unknown {
  try {
    parseSubmission(typeof body === "string" ? utf8(body) : body);
    return undefined;
  } catch (error) {
    return error instanceof WitnessError ? error.code : error;
  }
}

describe("a submission", () => {
  test("is what was encoded", () => {
    const hashes = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 63 });
    fc.assert(
      fc.property(fc.maxSafeNat(), hashes, (oldSize, proof) => {
        const parsed = parseSubmission(encodeSubmission({ oldSize, proof, checkpoint }));
        expect({ ...parsed, note: encodeNote(parsed.note) }).toEqual({
          oldSize,
          proof,
          note: checkpoint,
          checkpoint: { origin: log.key.name, size: 5, root: log.root() },
        });
      }),
    );
  });

  test("of any bytes is a value or SUBMISSION_MALFORMED", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        expect([undefined, "SUBMISSION_MALFORMED"]).toContain(codeOf(bytes));
      }),
    );
  });

  test("with any byte changed is a value or SUBMISSION_MALFORMED", () => {
    const good = encodeSubmission({ oldSize: 3, proof: [hash, hash], checkpoint });
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Uint8Array.from(good);
        bytes[at] = (bytes[at] ?? 0) ^ change;
        expect([undefined, "SUBMISSION_MALFORMED"]).toContain(codeOf(bytes));
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["nothing", ""],
    ["no old size", `\n${checkpoint}`],
    ["a size with a leading zero", `old 01\n\n${checkpoint}`],
    ["a negative size", `old -1\n\n${checkpoint}`],
    ["a size in hex", `old 0x1\n\n${checkpoint}`],
    ["a size with a point", `old 1.0\n\n${checkpoint}`],
    ["a size above what numbers hold", `old 9007199254740993\n\n${checkpoint}`],
    ["a size that is too long", `old ${"9".repeat(17)}\n\n${checkpoint}`],
    ["two spaces", `old  1\n\n${checkpoint}`],
    ["another word", `new 1\n\n${checkpoint}`],
    ["a carriage return", `old 1\r\n\r\n${checkpoint}`],
    ["no empty line", `old 1\n${checkpoint}`],
    ["no checkpoint", "old 1\n\n"],
    ["a checkpoint without signatures", `old 1\n\n${log.key.name}\n5\n${line}\n`],
    ["64 proof lines", `old 1\n${`${line}\n`.repeat(64)}\n${checkpoint}`],
    ["a proof line of 31 bytes", `old 1\n${toBase64(new Uint8Array(31))}\n\n${checkpoint}`],
    ["a proof line of 33 bytes", `old 1\n${toBase64(new Uint8Array(33))}\n\n${checkpoint}`],
    ["base64 in its other spelling", `old 1\n${line.replace(/c=$/, "d=")}\n\n${checkpoint}`],
    ["base64 of URLs", `old 1\n${"-".repeat(43)}=\n\n${checkpoint}`],
    ["base64 without padding", `old 1\n${line.slice(0, -1)}\n\n${checkpoint}`],
    ["what is no UTF-8", new Uint8Array([0x6f, 0x6c, 0x64, 0x20, 0xff])],
    ["a byte order mark", `\ufeffold 0\n\n${checkpoint}`],
    ["too many bytes", `old 1\n\n${checkpoint}${"x".repeat(MAX_SUBMISSION_BYTES)}`],
  ])("with %s is SUBMISSION_MALFORMED", (_, body) => {
    expect(codeOf(body)).toBe("SUBMISSION_MALFORMED");
  });

  test("may have 63 proof lines, and a checkpoint with more signatures", () => {
    const more = createTestLog().sign(checkpoint.slice(0, checkpoint.indexOf("\n\n") + 1));
    const signatures = more.slice(more.indexOf("\n\n") + 2);
    const body = `old 1\n${`${line}\n`.repeat(63)}\n${checkpoint}${signatures}`;
    const { proof, note } = parseSubmission(utf8(body));
    expect({ proof: proof.length, signatures: note.signatures.length }).toEqual({
      proof: 63,
      signatures: 2,
    });
  });
});
