import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CastBatchSchema } from "../gen/carrara/ballot/v1/ballot_pb.ts";
import { voteRpcs } from "../gen/catalogue.ts";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import {
  type CastBatch,
  decodeCastBatch,
  encodeCastBatch,
  MAX_BATCH_BALLOTS,
  MAX_BATCH_VOTES,
} from "./cast-batch.ts";

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((value) => Buffer.from(value));

const batch: fc.Arbitrary<CastBatch> = fc.record({
  id: fc.nat({ max: 0xffff_ffff }),
  votes: fc.array(
    fc.record({
      choice: fc.nat({ max: 0xffff }),
      ballotId: bytes(16),
      wantsReceipt: fc.boolean(),
    }),
    { maxLength: 40 },
  ),
  ballots: fc.array(bytes(123), { maxLength: 5 }),
});

describe("the codec of batches", () => {
  test("decodes what it encodes", () => {
    fc.assert(
      fc.property(batch, (value) => {
        expect(decodeCastBatch(encodeCastBatch(value))).toEqual(value);
      }),
    );
  });

  test("writes the bytes that the schema's own encoder writes", () => {
    fc.assert(
      fc.property(batch, (value) => {
        const ours = encodeCastBatch(value);
        const read = fromBinary(CastBatchSchema, ours);
        expect(read.id).toBe(value.id);
        expect(read.votes.length).toBe(19 * value.votes.length);
        expect(Buffer.from(read.ballots)).toEqual(Buffer.concat(value.ballots));
        expect(Buffer.from(toBinary(CastBatchSchema, create(CastBatchSchema, read)))).toEqual(ours);
      }),
    );
  });

  test("gives a batch or BATCH_MALFORMED for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (any) => {
        try {
          decodeCastBatch(any);
        } catch (error) {
          expect(error).toBeInstanceOf(EmojivotoError);
          expect(error).toMatchObject({ code: "BATCH_MALFORMED" });
        }
      }),
    );
  });

  test("refuses every truncation inside a field", () => {
    const vote = { choice: 1, ballotId: new Uint8Array(16), wantsReceipt: true };
    const whole = encodeCastBatch({ id: 7, votes: [vote, vote], ballots: [] });
    for (let length = 3; length < whole.length; length++) {
      expect(() => decodeCastBatch(whole.subarray(0, length))).toThrow(EmojivotoError);
    }
  });

  test("refuses more than one message may hold", () => {
    const vote = { choice: 1, ballotId: new Uint8Array(16), wantsReceipt: true };
    const ballot = new Uint8Array(123);
    for (const value of [
      { id: 1, votes: new Array(MAX_BATCH_VOTES + 1).fill(vote), ballots: [] },
      { id: 1, votes: [], ballots: new Array(MAX_BATCH_BALLOTS + 1).fill(ballot) },
    ]) {
      expect(() => decodeCastBatch(encodeCastBatch(value))).toThrow(
        expect.objectContaining({ code: "BATCH_MALFORMED" }),
      );
    }
  });

  test("refuses to encode a ballot or an id of another length", () => {
    expect(() => encodeCastBatch({ id: 1, votes: [], ballots: [new Uint8Array(122)] })).toThrow(
      EmojivotoError,
    );
    const vote = { choice: 1, ballotId: new Uint8Array(15), wantsReceipt: false };
    expect(() => encodeCastBatch({ id: 1, votes: [vote], ballots: [] })).toThrow(EmojivotoError);
  });

  test("gives the same length to every choice", () => {
    const lengths = voteRpcs.map(({ number }) => {
      const vote = { choice: number, ballotId: new Uint8Array(16), wantsReceipt: true };
      return encodeCastBatch({ id: 5, votes: [vote], ballots: [] }).length;
    });
    expect(new Set(lengths).size).toBe(1);
  });
});
