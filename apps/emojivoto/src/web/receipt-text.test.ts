import { encodeReceipt, logKeyOf, parseReceipt } from "@carrara/ballot";
import { encodeCheckpoint, encodeNote, encodeVerifierKey } from "@carrara/transparency";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createReceiptGroup } from "./receipt-text.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

test("a receipt that is built from shared parts is the one that the library writes", () => {
  const logKey = logKeyOf("test.poll-1", new Uint8Array(32).fill(3));
  const note = fc.record({ size: fc.nat(), root: bytes(32), signature: bytes(64) });
  fc.assert(
    fc.property(
      note,
      bytes(32),
      fc.nat(),
      fc.array(bytes(32), { maxLength: 40 }),
      ({ size, root, signature }, commitment, index, hashes) => {
        const text = encodeCheckpoint({ origin: logKey.name, size, root });
        const { name, keyHash } = logKey;
        const checkpoint = encodeNote({ text, signatures: [{ name, keyHash, signature }] });
        const group = createReceiptGroup({ checkpoint, hashes, logKey: encodeVerifierKey(logKey) });
        const proof = hashes.map((_, i) => i);
        const built = group.textOf({ position: 0, index, commitment, proof });
        const receipt = {
          poll: "test.poll-1",
          commitment,
          logKey,
          proof: { index, hashes, checkpoint },
        };
        expect(JSON.parse(built)).toEqual(JSON.parse(encodeReceipt(receipt)));
        expect(parseReceipt(built).proof.index).toBe(index);
        // Its length is counted in characters and sent as bytes.
        expect(Buffer.byteLength(built)).toBe(built.length);
      },
    ),
  );
});
