import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AckBatchSchema, VoteBatchSchema } from "../gen/carrara/ballot/v1/ballot_pb.ts";
import { voteRpcs } from "../gen/catalogue.ts";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import { type Batch, decodeBatch, encodeBatch, MAX_BATCH_VOTES } from "./ballot-codec.ts";

const batch: fc.Arbitrary<Batch> = fc.record({
  id: fc.nat({ max: 0xffff_ffff }),
  values: fc.array(fc.nat({ max: 127 }), { maxLength: 64 }),
});

describe("the batch codec", () => {
  test("decodes what it encodes", () => {
    fc.assert(
      fc.property(batch, (value) => {
        expect(decodeBatch(encodeBatch(value))).toEqual(value);
      }),
    );
  });

  test("writes the bytes that the schema's own encoder writes", () => {
    fc.assert(
      fc.property(batch, ({ id, values }) => {
        const votes = toBinary(
          VoteBatchSchema,
          create(VoteBatchSchema, { id, choices: [...values] }),
        );
        expect(Buffer.from(encodeBatch({ id, values }))).toEqual(Buffer.from(votes));
        const acks = fromBinary(AckBatchSchema, encodeBatch({ id, values }));
        expect({ id: acks.id, values: acks.outcomes }).toEqual({ id, values });
      }),
    );
  });

  test("gives a batch or BATCH_MALFORMED for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          decodeBatch(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(EmojivotoError);
          expect(error).toMatchObject({ code: "BATCH_MALFORMED" });
        }
      }),
    );
  });

  test("refuses every truncation inside the votes", () => {
    const bytes = encodeBatch({ id: 7, values: [1, 2, 3] });
    for (let length = 3; length < bytes.length; length++) {
      expect(() => decodeBatch(bytes.subarray(0, length))).toThrow(EmojivotoError);
    }
  });

  test("refuses more votes than one message may hold", () => {
    const bytes = encodeBatch({ id: 1, values: new Array<number>(MAX_BATCH_VOTES + 1).fill(1) });
    expect(() => decodeBatch(bytes)).toThrow(expect.objectContaining({ code: "BATCH_MALFORMED" }));
  });

  test("refuses to encode a number that would take two bytes", () => {
    expect(() => encodeBatch({ id: 1, values: [128] })).toThrow(EmojivotoError);
  });

  test("gives the same length to every choice", () => {
    const lengths = voteRpcs.map(({ number }) => encodeBatch({ id: 5, values: [number] }).length);
    expect(new Set(lengths).size).toBe(1);
  });
});
