import { EncodingError, fromBase64, fromHex } from "@carrara/encoding";
import {
  type GoStruct,
  goArray,
  goBool,
  goObject,
  goString,
  goUint,
  goUint16,
  ManifestError,
  readGoJson,
} from "@carrara/manifest";
import { ClientError } from "./error.ts";

/** Which Coordinator is expected: the era configuration of spec marblerun section 9.1. */
export interface ExpectedIdentity {
  /** What runs: 32 bytes, on SEV-SNP 48. */
  readonly uniqueId?: Uint8Array;
  /** Who signed it: 32 bytes, on SEV-SNP 48. */
  readonly signerId?: Uint8Array;
  /** ISVPRODID; 0 = any, allowed only with `uniqueId`. */
  readonly productId: number;
  /** Lowest ISVSVN; 0 only with `uniqueId`. */
  readonly securityVersion: number;
  /** Whether a debug enclave is accepted. */
  readonly debug: boolean;
}

/** An era configuration as read from its file; flags of the command line replace single fields. */
export interface EraConfig {
  readonly identity: ExpectedIdentity;
  /** Undefined when the file names none. */
  readonly acceptedTcbStatuses: readonly string[] | undefined;
  readonly acceptedAdvisories: readonly string[] | undefined;
  readonly nonce: Uint8Array | undefined;
}

/** SHA-256 on SGX and TDX, SHA-384 on SEV-SNP. */
const DIGEST_BYTES: ReadonlySet<number> = new Set([32, 48]);

const eraFields = {
  UniqueID: goString,
  SignerID: goString,
  SecurityVersion: goUint,
  ProductID: goUint16,
  Debug: goBool,
  AcceptedTCBStatuses: goArray(goString),
  AcceptedAdvisories: goArray(goString),
  Nonce: goString,
  InsecureSkipVerify: goBool,
};
const era = goObject(eraFields);

/**
 * Parses an era configuration. Throws `ERA_CONFIG_INVALID`, also when it asks to skip verification:
 * only the person at the keyboard may do that.
 */
export function parseEraConfig(bytes: Uint8Array): EraConfig {
  try {
    return toEraConfig(readGoJson(bytes, era, "whole"));
  } catch (cause) {
    if (!(cause instanceof ManifestError || cause instanceof EncodingError)) throw cause;
    throw new ClientError("ERA_CONFIG_INVALID", `era configuration: ${cause.message}`, { cause });
  }
}

function toEraConfig(file: GoStruct<typeof eraFields>): EraConfig {
  if (file.InsecureSkipVerify) {
    throw new ClientError(
      "ERA_CONFIG_INVALID",
      "era configuration sets InsecureSkipVerify; say --insecure instead",
    );
  }
  return {
    identity: {
      ...(file.UniqueID === "" ? {} : { uniqueId: digest("UniqueID", file.UniqueID) }),
      ...(file.SignerID === "" ? {} : { signerId: digest("SignerID", file.SignerID) }),
      productId: file.ProductID,
      securityVersion: file.SecurityVersion,
      debug: file.Debug,
    },
    acceptedTcbStatuses: emptyAsUndefined(file.AcceptedTCBStatuses),
    acceptedAdvisories: emptyAsUndefined(file.AcceptedAdvisories),
    nonce: file.Nonce === "" ? undefined : fromBase64(file.Nonce),
  };
}

function digest(field: string, hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (DIGEST_BYTES.has(bytes.length)) return bytes;
  throw new ClientError(
    "ERA_CONFIG_INVALID",
    `era configuration: ${field} has ${bytes.length} bytes, 32 or, on SEV-SNP, 48 needed`,
  );
}

function emptyAsUndefined(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list;
}
