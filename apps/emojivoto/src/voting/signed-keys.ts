import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import {
  encodeKeysStatement,
  type KeysStatement,
  keysStatementMessage,
  type SignedKeys,
} from "@carrara/ballot";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import type { Environment } from "../service/settings.ts";

/** The statement of this replica's keys, signed by the key of its certificate. */
export interface KeysSigner {
  /** Undefined outside a mesh, where nothing vouches for a key. Throws `CERTIFICATE_INVALID`. */
  current(): SignedKeys | undefined;
}

/** The hash that goes with a curve (docs/design/ballot.md). */
const HASH_OF_CURVE: Readonly<Record<string, string>> = {
  prime256v1: "sha256",
  secp384r1: "sha384",
};

/** Creates a signer of `statement`. `env` is read each time: the runtime renews certificate and key. */
export function createKeysSigner(statement: KeysStatement, env: Environment): KeysSigner {
  const bytes = Buffer.from(encodeKeysStatement(statement));
  let kept: { readonly chain: string; readonly keys: SignedKeys } | undefined;
  return {
    current: () => {
      const chain = env["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"] ?? "";
      if (chain === "") return undefined;
      if (kept?.chain !== chain) {
        const key = privateKeyOf(env["MARBLE_PREDEFINED_PRIVATE_KEY"] ?? "");
        const signature = sign(hashFor(key), keysStatementMessage(bytes), key);
        const keys = {
          statement: bytes.toString("base64"),
          signature: signature.toString("base64"),
          chain,
        };
        kept = { chain, keys };
      }
      return kept.keys;
    },
  };
}

function privateKeyOf(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The library's error may repeat parts of the key.
    throw new EmojivotoError("CERTIFICATE_INVALID", "the marble's private key cannot be read");
  }
}

function hashFor(key: KeyObject): string {
  const curve = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? "none";
  const hash = HASH_OF_CURVE[curve];
  if (hash !== undefined) return hash;
  throw new EmojivotoError(
    "CERTIFICATE_INVALID",
    `the marble's key is ${curve}, needed P-256 or P-384`,
  );
}
