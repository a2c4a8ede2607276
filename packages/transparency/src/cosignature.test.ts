import { createPublicKey, verify } from "node:crypto";
import { expect, test } from "vitest";
import { encodeCheckpoint } from "./checkpoint.ts";
import { cosignCheckpoint, verifyCosignature } from "./cosignature.ts";
import { encodeNote, parseNote, type SignedNote } from "./note.ts";
import { signNote } from "./note-signature.ts";
import { codeOf, codeOfWork } from "./testing/code-of.ts";
import { createTestSigner } from "./testing/test-signer.ts";

const TIME = 1_679_315_147;
const text = encodeCheckpoint({ origin: "log.example", size: 9, root: new Uint8Array(32).fill(5) });
const log = createTestSigner("log.example", "ed25519", 1);
const witness = createTestSigner("witness.example/w1", "cosignature", 2);

/** The same checkpoint, cosigned with the same key by transparency-dev/formats 0.1.1 in Go. */
const GO_NOTE = `log.example
9
BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=

— witness.example/w1 3xwKNQAAAABrDnH/PXmGIbDV0PPTy9snv8cNC8FmXef9DZXxGMrGTNNDBMejQxG7GDF7RsFbCIuB1GvZMjX2qke3kntTmpUSAXlJBg==
`;

function cosigned(...times: readonly number[]): SignedNote {
  const own = signNote(text, log.key, log.sign);
  const others = times.map((time) => cosignCheckpoint(text, witness.key, witness.sign, time));
  return { text, signatures: [own, ...others] };
}

test("a cosignature is u64be(time) and Ed25519 over the message of the specification", () => {
  const { signature, name, keyHash } = cosignCheckpoint(text, witness.key, witness.sign, TIME);
  expect({ name, keyHash }).toEqual({ name: witness.key.name, keyHash: witness.key.keyHash });
  expect(Buffer.from(signature).readBigUInt64BE(0)).toBe(BigInt(TIME));
  const spki = Buffer.concat([
    Buffer.from("302a300506032b6570032100", "hex"),
    witness.key.publicKey,
  ]);
  const key = createPublicKey({ key: spki, format: "der", type: "spki" });
  const message = Buffer.from(`cosignature/v1\ntime ${TIME}\n${text}`);
  expect(verify(null, message, key, signature.subarray(8))).toBe(true);
});

test("a cosignature of another implementation verifies, and this one makes the same", async () => {
  const { timeSeconds } = await verifyCosignature(parseNote(GO_NOTE), witness.key);
  const own = cosignCheckpoint(text, witness.key, witness.sign, timeSeconds);
  expect(encodeNote({ text, signatures: [own] })).toBe(GO_NOTE);
});

test("a cosignature verifies and tells its time; of several the latest", async () => {
  const note = parseNote(encodeNote(cosigned(TIME)));
  expect(await verifyCosignature(note, witness.key)).toEqual({ timeSeconds: TIME });
  const twice = cosigned(TIME + 5, TIME);
  expect(await verifyCosignature(twice, witness.key)).toEqual({ timeSeconds: TIME + 5 });
});

test("no flipped bit of a cosignature verifies, its time included", async () => {
  const [own, genuine] = cosigned(TIME).signatures;
  if (own === undefined || genuine === undefined) return expect.fail("no cosignature");
  for (let bit = 0; bit < genuine.signature.length * 8; bit += 1) {
    const signature = genuine.signature.slice();
    signature[bit >> 3] = (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const note = { text, signatures: [own, { ...genuine, signature }] };
    expect(await codeOfWork(verifyCosignature(note, witness.key))).toBe("SIGNATURE_INVALID");
  }
});

test("a cosignature of another checkpoint, key or kind does not count", async () => {
  const other = encodeCheckpoint({ origin: "log.example", size: 10, root: new Uint8Array(32) });
  const moved = { ...cosigned(TIME), text: other };
  expect(await codeOfWork(verifyCosignature(moved, witness.key))).toBe("SIGNATURE_INVALID");
  const none = cosigned();
  expect(await codeOfWork(verifyCosignature(none, witness.key))).toBe("SIGNATURE_MISSING");
  // The same key as a log's: the key hash tells them apart, and the message does.
  const asLog = createTestSigner(witness.key.name, "ed25519", 2);
  const plain = signNote(text, asLog.key, asLog.sign);
  const renamed = { text, signatures: [{ ...plain, keyHash: witness.key.keyHash }] };
  expect(await codeOfWork(verifyCosignature(renamed, witness.key))).toBe("SIGNATURE_INVALID");
  const notACheckpoint = { ...cosigned(TIME), text: "hello\n" };
  const work = verifyCosignature(notACheckpoint, witness.key);
  expect(await codeOfWork(work)).toBe("CHECKPOINT_MALFORMED");
});

test("only checkpoints are cosigned, at a time in whole seconds, by a key for that", () => {
  const cosign = (...[note, key, time]: readonly [string, typeof log.key, number]): unknown =>
    cosignCheckpoint(note, key, witness.sign, time);
  expect(codeOf(() => cosign("hello\n", witness.key, TIME))).toBe("CHECKPOINT_MALFORMED");
  expect(() => cosign(text, log.key, TIME)).toThrow(TypeError);
  for (const wrong of [-1, 0.5, Number.NaN, 2 ** 53]) {
    expect(() => cosign(text, witness.key, wrong)).toThrow(TypeError);
  }
});
