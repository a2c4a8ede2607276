import { toBase64, utf8 } from "@carrara/encoding";
import { goBytes, goObject, ManifestError, readGoJson } from "@carrara/manifest";
import { CoordinatorError } from "../error.ts";
import { AEAD_KEY_BYTES } from "../store/aead.ts";
import type { SealPolicy } from "../store/sealing.ts";

/** Path of a key, by policy. */
export const KEY_PATHS: Readonly<Record<SealPolicy, string>> = {
  product: "/v1/key/product",
  unique: "/v1/key/unique",
};

/** Largest message, in bytes: evidence with certificates is below 32 KiB. */
export const MAX_KEY_MESSAGE_BYTES: number = 128 * 1024;

/** The answer to a request for the key: the key, and who gives it. */
export interface KeyAnswer {
  readonly evidence: Uint8Array;
  /** 32 bytes; secret. */
  readonly key: Uint8Array;
}

const decoder = goObject({ evidence: goBytes, key: goBytes });

/** The JSON form of an answer. */
export function encodeKeyAnswer({ evidence, key }: KeyAnswer): Uint8Array {
  return utf8(JSON.stringify({ Evidence: toBase64(evidence), Key: toBase64(key) }));
}

/** Reads {@link encodeKeyAnswer}'s form. Throws `KEY_UNAVAILABLE` for anything else. */
export function parseKeyAnswer(bytes: Uint8Array): KeyAnswer {
  const answer = read(bytes);
  if (answer.key.length !== AEAD_KEY_BYTES) {
    throw unreadable(`has a key of ${answer.key.length} bytes, needed are ${AEAD_KEY_BYTES}`);
  }
  return answer;
}

function read(bytes: Uint8Array): KeyAnswer {
  try {
    return readGoJson(bytes, decoder, "whole");
  } catch (cause) {
    if (!(cause instanceof ManifestError)) throw cause;
    throw unreadable("cannot be read", cause);
  }
}

function unreadable(fault: string, cause?: unknown): CoordinatorError {
  return new CoordinatorError("KEY_UNAVAILABLE", `the answer with the key ${fault}`, { cause });
}
