import { type BallotAnswer, commitmentOf, entryOf, logKeyOf, outcome } from "@carrara/ballot";
import { type BallotBox, createBallotBox } from "@carrara/ballot/testing";
import { toHex, utf8 } from "@carrara/encoding";
import {
  createTreeHasher,
  encodeCheckpoint,
  encodeNote,
  signNote,
  type VerifierKey,
} from "@carrara/transparency";
import { beforeEach, describe, expect, test } from "vitest";
import { ApiError } from "../api/api-error.ts";
import type { VerifiedEvidence } from "../trust/verify-evidence.ts";
import { type CastTools, castBallot } from "./cast-ballot.ts";
import { type PreparedBallot, prepareBallot } from "./prepare-ballot.ts";

const POLL = "test";
const EMPTY = { index: 0, proof: [], checkpoint: "" } as const;

let box: BallotBox;
let logKey: VerifierKey;
let signingKey: CryptoKey;
let pauses: number[];

beforeEach(async () => {
  box = await createBallotBox(POLL);
  const pair = await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"]);
  const raw = await crypto.subtle.exportKey("raw", pair.publicKey);
  logKey = logKeyOf(POLL, new Uint8Array(raw));
  signingKey = pair.privateKey;
  pauses = [];
});

/** Verified evidence of the ballot box of now. */
function evidence(): VerifiedEvidence {
  const rules = { opens: undefined, closes: undefined } as const;
  const statement = {
    poll: POLL,
    hpkeKeys: [box.publicKey],
    logKey,
    rules: { ...rules, revote: "unlimited", interimResults: "shown" },
    witnesses: [],
  } as const;
  const facts = {
    coordinator: undefined,
    rootSha256: "aa",
    manifest: undefined,
    updates: [],
    keys: [statement],
    logKey,
    site: undefined,
    checkpoint: undefined,
    tally: undefined,
  };
  return { report: { verdict: "simulation", findings: [], facts }, bundle: "", at: new Date() };
}

/** Answers as the voting service does; it counts `counted` in place of the ballot's choice, if given. */
async function answer(
  sealed: Uint8Array,
  { found = outcome.counted, counted }: { found?: BallotAnswer["outcome"]; counted?: number } = {},
): Promise<Uint8Array> {
  const { ballot, sealAnswer } = await box.open(sealed);
  if (found !== outcome.counted) return await sealAnswer({ outcome: found, ...EMPTY });
  const { choice, opening } = ballot;
  const commitment = commitmentOf({ poll: POLL, choice: counted ?? choice, opening });
  const root = createTreeHasher().leaf(entryOf(commitment));
  const text = encodeCheckpoint({ origin: logKey.name, size: 1, root });
  const message = Uint8Array.from(utf8(text));
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", signingKey, message));
  const checkpoint = encodeNote({ text, signatures: [signNote(text, logKey, () => signature)] });
  return await sealAnswer({ outcome: found, index: 0, proof: [], checkpoint });
}

function tools(send: CastTools["send"]): CastTools {
  const wait = (ms: number): Promise<void> => {
    pauses.push(ms);
    return Promise.resolve();
  };
  return { send, refresh: () => Promise.resolve(evidence()), wait };
}

async function prepared(): Promise<PreparedBallot> {
  return await prepareBallot(evidence(), { choice: 7 });
}

describe("casting a ballot", () => {
  test("gives a receipt that proves the code that was shown", async () => {
    const ballot = await prepared();
    const result = await castBallot(ballot, tools(answer));
    expect(result).toMatchObject({ kind: "counted", isProven: true });
    expect(result.kind === "counted" && result.receipt).toContain(ballot.code);
  });

  test("shows when the service counted another choice than the ballot's", async () => {
    const cheat: CastTools["send"] = async (sealed) => await answer(sealed, { counted: 8 });
    const result = await castBallot(await prepared(), tools(cheat));
    expect(result).toMatchObject({ kind: "counted", isProven: false });
  });

  test.each([
    [outcome.refused, { kind: "refused" }],
    [outcome.alreadyVoted, { kind: "alreadyVoted" }],
    [outcome.idReused, { kind: "failed", isUncertain: false, error: { status: 409 } }],
    [outcome.noSuchChoice, { kind: "failed", isUncertain: false, error: { status: 400 } }],
  ])("tells outcome %i", async (found, expected) => {
    const send: CastTools["send"] = async (sealed) => await answer(sealed, { found });
    expect(await castBallot(await prepared(), tools(send))).toMatchObject(expected);
  });

  test("sends the very same bytes again when no answer comes, three times in all", async () => {
    const sent: string[] = [];
    const send: CastTools["send"] = async (sealed) => {
      sent.push(toHex(sealed));
      if (sent.length < 3) throw new ApiError(sent.length === 1 ? 0 : 503, "");
      return await answer(sealed);
    };
    expect(await castBallot(await prepared(), tools(send))).toMatchObject({ kind: "counted" });
    expect(sent).toHaveLength(3);
    expect(new Set(sent).size).toBe(1);
    expect(pauses).toEqual([400, 1_500]);
  });

  test("is uncertain when no answer comes at all, and hands back the ballot", async () => {
    const ballot = await prepared();
    const send = (): Promise<never> => Promise.reject(new ApiError(504, ""));
    const result = await castBallot(ballot, tools(send));
    expect(result).toMatchObject({ kind: "failed", isUncertain: true, ballot });
  });

  test("is uncertain when the poll closed after an answer was lost", async () => {
    const answers = [new ApiError(0, ""), new ApiError(403, "", "POLL_CLOSED")];
    const send = (): Promise<never> => Promise.reject(answers.shift());
    expect(await castBallot(await prepared(), tools(send))).toMatchObject({
      kind: "failed",
      isUncertain: true,
    });
    const closed = (): Promise<never> => Promise.reject(new ApiError(403, "", "POLL_CLOSED"));
    expect(await castBallot(await prepared(), tools(closed))).toEqual({ kind: "closed" });
  });

  test("is uncertain after an answer that is not for this ballot", async () => {
    const other = await prepared();
    const send: CastTools["send"] = async () => await answer(other.sealed.bytes);
    const result = await castBallot(await prepared(), tools(send));
    expect(result).toMatchObject({ kind: "failed", isUncertain: true });
  });

  test("seals once more for a new key, with the same code, and gives up the second time", async () => {
    const stale = new ApiError(422, "", "BALLOT_KEY_UNKNOWN");
    const ballot = await prepared();
    let tries = 0;
    const restarted: CastTools["send"] = async (sealed) => {
      tries += 1;
      if (tries > 1) return await answer(sealed);
      box = await createBallotBox(POLL);
      throw stale;
    };
    const result = await castBallot(ballot, tools(restarted));
    expect(result).toMatchObject({ kind: "counted", isProven: true });
    expect(result.kind === "counted" && result.receipt).toContain(ballot.code);
    const always = (): Promise<never> => Promise.reject(stale);
    const refused = await castBallot(ballot, tools(always));
    expect(refused).toMatchObject({ kind: "failed", isUncertain: false, error: { status: 422 } });
  });

  test.each(["POLL_CLOSED", "POLL_NOT_OPEN"])("tells %s as closed", async (code) => {
    const send = (): Promise<never> => Promise.reject(new ApiError(403, "", code));
    expect(await castBallot(await prepared(), tools(send))).toEqual({ kind: "closed" });
  });
});
