import { equalBytes } from "@carrara/encoding";
import { expect, test, vi } from "vitest";
import { type BallotAnswer, outcome } from "./answer.ts";
import { createBallot } from "./ballot-fields.ts";
import { BallotError } from "./error.ts";
import { keyIdOf } from "./hpke-key.ts";
import { SEALED_ANSWER_BYTES, SEALED_BALLOT_BYTES, sealBallot } from "./seal-ballot.ts";
import { createBallotBox } from "./testing/ballot-box.ts";

const poll = "emojivoto";
const counted: BallotAnswer = {
  outcome: outcome.counted,
  index: 7,
  proof: [new Uint8Array(32).fill(1)],
  checkpoint: "a note\n",
};

test("only the key that a ballot is sealed to opens it, and its answer comes back", async () => {
  const box = await createBallotBox(poll);
  const ballot = createBallot(17);
  const sealed = await sealBallot({ poll, publicKey: box.publicKey, ballot });
  const opened = await box.open(sealed.bytes);
  expect(opened.ballot).toEqual(ballot);
  expect(equalBytes(sealed.bytes.subarray(0, 8), keyIdOf(box.publicKey))).toBe(true);
  expect(await sealed.openAnswer(await opened.sealAnswer(counted))).toEqual(counted);
  await expect((await createBallotBox(poll)).open(sealed.bytes)).rejects.toThrow();
  await expect((await createBallotBox("another")).open(sealed.bytes)).rejects.toThrow();
});

test("ballots and answers have one size, whatever they say", async () => {
  const { publicKey, open } = await createBallotBox(poll);
  const ballots = new Set<number>();
  const answers = new Set<number>();
  for (const choice of [0, 1, 99, 255, 256, 65_535]) {
    const sealed = await sealBallot({ poll, publicKey, ballot: createBallot(choice) });
    const { sealAnswer } = await open(sealed.bytes);
    ballots.add(sealed.bytes.length);
    for (const found of Object.values(outcome)) {
      answers.add((await sealAnswer({ ...counted, outcome: found })).length);
    }
  }
  expect([...ballots]).toEqual([SEALED_BALLOT_BYTES]);
  expect([...answers]).toEqual([SEALED_ANSWER_BYTES]);
});

test("the same ballot sealed twice has nothing in common but the key id", async () => {
  const { publicKey } = await createBallotBox(poll);
  const ballot = createBallot(3);
  const [one, other] = await Promise.all(
    [1, 2].map(async () => await sealBallot({ poll, publicKey, ballot })),
  );
  const tail = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex");
  expect(tail(one?.bytes.subarray(8, 40))).not.toBe(tail(other?.bytes.subarray(8, 40)));
  expect(tail(one?.bytes.subarray(40))).not.toBe(tail(other?.bytes.subarray(40)));
});

test("a changed, cut or foreign answer is refused with ANSWER_INVALID", async () => {
  const { publicKey, open } = await createBallotBox(poll);
  const seal = async () => await sealBallot({ poll, publicKey, ballot: createBallot(1) });
  const [sealed, other] = [await seal(), await seal()];
  const answer = await (await open(sealed.bytes)).sealAnswer(counted);
  const refused = [answer.subarray(1), new Uint8Array(0), new Uint8Array(SEALED_ANSWER_BYTES)];
  for (const at of [0, 11, 12, 700, SEALED_ANSWER_BYTES - 1]) {
    refused.push(answer.map((byte, i) => (i === at ? byte ^ 1 : byte)));
  }
  for (const bytes of refused) {
    await expect(sealed.openAnswer(bytes)).rejects.toSatisfy(isBallotError("ANSWER_INVALID"));
  }
  await expect(other.openAnswer(answer)).rejects.toSatisfy(isBallotError("ANSWER_INVALID"));
});

test("a key of low order is refused with BALLOT_KEY_INVALID, another length is the caller's mistake", async () => {
  const ballot = createBallot(1);
  const { publicKey } = await createBallotBox(poll);
  for (const key of [new Uint8Array(32), new Uint8Array(32).with(0, 1)]) {
    const sealed = sealBallot({ poll, publicKey: key, ballot });
    await expect(sealed).rejects.toSatisfy(isBallotError("BALLOT_KEY_INVALID"));
  }
  for (const key of [publicKey.subarray(1), new Uint8Array(65).fill(4)]) {
    await expect(sealBallot({ poll, publicKey: key, ballot })).rejects.toThrow(TypeError);
  }
});

test("where WebCrypto has no X25519, sealing is BALLOT_X25519_MISSING", async () => {
  const { publicKey } = await createBallotBox(poll);
  const missing = new DOMException("Unrecognized algorithm name", "NotSupportedError");
  const importKey = vi.spyOn(crypto.subtle, "importKey").mockRejectedValue(missing);
  try {
    const sealed = sealBallot({ poll, publicKey, ballot: createBallot(1) });
    await expect(sealed).rejects.toSatisfy(isBallotError("BALLOT_X25519_MISSING"));
  } finally {
    importKey.mockRestore();
  }
});

function isBallotError(code: string): (error: unknown) => boolean {
  return (error) => error instanceof BallotError && error.code === code;
}
