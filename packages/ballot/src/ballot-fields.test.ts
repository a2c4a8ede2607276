import { toHex } from "@carrara/encoding";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BALLOT_BYTES, createBallot, decodeBallot, encodeBallot } from "./ballot-fields.ts";
import { codeOf } from "./testing/code-of.ts";

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const fields = fc.record({
  choice: fc.nat(0xffff),
  ballotId: bytes(16),
  opening: bytes(32),
  pseudonym: bytes(16),
});

test("a ballot is version, choice, id, opening and pseudonym in 67 bytes", () => {
  const parts = [16, 32, 16].map((length, i) => new Uint8Array(length).fill(i + 1));
  const [ballotId = new Uint8Array(), opening = ballotId, pseudonym = ballotId] = parts;
  const encoded = encodeBallot({ choice: 0x1234, ballotId, opening, pseudonym });
  expect(toHex(encoded)).toBe(`011234${"01".repeat(16)}${"02".repeat(32)}${"03".repeat(16)}`);
  expect(encoded).toHaveLength(BALLOT_BYTES);
});

test("decoding undoes encoding, for ballots", () => {
  fc.assert(
    fc.property(fields, (ballot) => {
      expect(decodeBallot(encodeBallot(ballot))).toEqual(ballot);
    }),
  );
});

test("any bytes are a ballot that encodes to them, or BALLOT_MALFORMED", () => {
  const versioned = bytes(66).map((rest) => Uint8Array.from([1, ...rest]));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), bytes(67), versioned), (input) => {
      const good = input.length === BALLOT_BYTES && input[0] === 1;
      const read = (): void => expect(toHex(encodeBallot(decodeBallot(input)))).toBe(toHex(input));
      expect(codeOf(read)).toBe(good ? "none" : "BALLOT_MALFORMED");
    }),
  );
});

test("a new ballot has an id and an opening of its own, and no pseudonym unless given", () => {
  const [one, other] = [createBallot(5), createBallot(5, new Uint8Array(16).fill(9))];
  expect(toHex(one.ballotId)).not.toBe(toHex(other.ballotId));
  expect(toHex(one.opening)).not.toBe(toHex(other.opening));
  expect(one.pseudonym).toEqual(new Uint8Array(16));
  expect(other.pseudonym).toEqual(new Uint8Array(16).fill(9));
});

test("a field of another length, or a choice that does not fit, is a mistake of the caller", () => {
  const good = createBallot(1);
  for (const wrong of [
    { choice: -1 },
    { choice: 65_536 },
    { choice: 1.5 },
    { ballotId: new Uint8Array(15) },
    { opening: new Uint8Array(33) },
    { pseudonym: new Uint8Array(0) },
  ]) {
    expect(() => encodeBallot({ ...good, ...wrong })).toThrow(TypeError);
  }
});
