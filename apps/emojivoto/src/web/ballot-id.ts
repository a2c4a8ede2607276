import { hash } from "node:crypto";
import { createRandomPool } from "../service/random-pool.ts";

const ID_BYTES = 16;
const LABEL = "carrara idempotency key v1\0";
/** 1 to 64 visible ASCII characters. */
const KEY = /^[\x21-\x7e]{1,64}$/;

/** Hands out ballot ids, 16 bytes. */
export interface BallotIds {
  /** A random one: the vote counts once however often web sends it, and each request is a vote of its own. */
  fresh(): Uint8Array;
  /** The one that an `Idempotency-Key` names, always the same; undefined for what is no key. */
  ofKey(key: string): Uint8Array | undefined;
}

/** Creates a source of ids. */
export function createBallotIds(): BallotIds {
  return {
    fresh: createRandomPool(ID_BYTES),
    ofKey: (key) =>
      KEY.test(key) ? hash("sha256", LABEL + key, "buffer").subarray(0, ID_BYTES) : undefined,
  };
}
