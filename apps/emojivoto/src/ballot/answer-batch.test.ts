import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AnswerBatchSchema } from "../gen/carrara/ballot/v1/ballot_pb.ts";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import { type AnswerBatch, decodeAnswerBatch, encodeAnswerBatch } from "./answer-batch.ts";

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((value) => Buffer.from(value));

const HASHES = 6;
const batch: fc.Arbitrary<AnswerBatch> = fc.record({
  id: fc.nat({ max: 0xffff_ffff }),
  statuses: fc.uint8Array({ maxLength: 40 }),
  receipts: fc.array(
    fc.record({
      position: fc.nat({ max: 0xffff }),
      index: fc.nat({ max: 2 ** 48 - 1 }),
      commitment: bytes(32),
      proof: fc.array(fc.nat({ max: HASHES - 1 }), { maxLength: 64 }),
    }),
    { maxLength: 5 },
  ),
  hashes: fc.array(bytes(32), { minLength: HASHES, maxLength: HASHES }),
  checkpoint: fc.string({ unit: "grapheme", maxLength: 50 }),
  answers: fc.array(bytes(1564), { maxLength: 3 }),
  logKey: fc.string({ maxLength: 20 }),
});

describe("the codec of answers", () => {
  test("decodes what it encodes", () => {
    fc.assert(
      fc.property(batch, (value) => {
        const { statuses, ...rest } = decodeAnswerBatch(encodeAnswerBatch(value));
        expect({ ...rest, statuses: [...statuses] }).toEqual({
          ...value,
          statuses: [...value.statuses],
        });
      }),
    );
  });

  test("writes the bytes that the schema's own encoder writes", () => {
    fc.assert(
      fc.property(batch, (value) => {
        const ours = encodeAnswerBatch(value);
        const read = fromBinary(AnswerBatchSchema, ours);
        expect(read).toMatchObject({ id: value.id, checkpoint: value.checkpoint });
        expect(Buffer.from(read.hashes)).toEqual(Buffer.concat(value.hashes));
        expect(Buffer.from(toBinary(AnswerBatchSchema, create(AnswerBatchSchema, read)))).toEqual(
          ours,
        );
      }),
    );
  });

  test("gives an answer or BATCH_MALFORMED for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (any) => {
        try {
          decodeAnswerBatch(any);
        } catch (error) {
          expect(error).toBeInstanceOf(EmojivotoError);
          expect(error).toMatchObject({ code: "BATCH_MALFORMED" });
        }
      }),
    );
  });

  test("refuses a receipt that names a hash which is not there", () => {
    const receipt = { position: 0, index: 1, commitment: new Uint8Array(32), proof: [1] };
    const value = {
      id: 1,
      statuses: Uint8Array.of(0),
      receipts: [receipt],
      hashes: [new Uint8Array(32)],
      checkpoint: "",
      answers: [],
      logKey: "",
    };
    expect(() => decodeAnswerBatch(encodeAnswerBatch(value))).toThrow(
      expect.objectContaining({ code: "BATCH_MALFORMED" }),
    );
  });
});
