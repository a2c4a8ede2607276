import { EncodingError } from "@carrara/encoding";
import { type Certificate, OID, PkiError, verifySignature } from "@carrara/pki";
import { readBase64 } from "@carrara/transparency";
import { BallotError } from "./error.ts";
import { readDocument } from "./json-document.ts";
import { type KeysStatement, keysStatementMessage, parseKeysStatement } from "./keys-statement.ts";
import { curveOf, verifyMarbleCertificate } from "./voting-certificate.ts";

const VOTING_MARBLE = "voting-svc";
const MEMBERS = ["statement", "signature", "chain"];
/** A statement has 16,384 characters at most, in base64 a third more. */
const MAX_STATEMENT_CHARACTERS = 24 * 1024;
/** DER of two numbers of 48 bytes, in base64. */
const MAX_SIGNATURE_CHARACTERS = 160;
/** Voting replicas, each with a statement of its own. */
const MAX_REPLICAS = 16;
/** Sixteen statements with their chains. */
const MAX_LIST_CHARACTERS = 1024 * 1024;
/** The hash that goes with the curve of a marble's key. */
const ALGORITHMS: Readonly<Record<string, string>> = {
  [OID.p256]: OID.ecdsaWithSha256,
  [OID.p384]: OID.ecdsaWithSha384,
};

/** A keys statement with its signature, as it travels in JSON; nothing in it is verified. */
export interface SignedKeys {
  /** Base64 of the statement's JSON. */
  readonly statement: string;
  /** Base64 of a DER ECDSA signature. */
  readonly signature: string;
  /** PEM: the voting marble's certificate first. */
  readonly chain: string;
}

/** What a verifier takes from an attested Coordinator. */
export interface KeysTrust {
  /** The mesh CA's certificate, from an attested Coordinator. */
  readonly intermediatePem: string;
  readonly now: Date;
  /** `voting-svc` unless given. */
  readonly marbleType?: string;
}

/**
 * Verifies that a marble of the voting type, with a certificate of the attested mesh, made the statement.
 * Throws `KEYS_MALFORMED`, `KEYS_CERTIFICATE_INVALID`, `KEYS_SIGNATURE_INVALID`.
 */
export async function verifySignedKeys(signed: SignedKeys, p: KeysTrust): Promise<KeysStatement> {
  const statement = bytesOf(signed.statement, MAX_STATEMENT_CHARACTERS);
  const signature = bytesOf(signed.signature, MAX_SIGNATURE_CHARACTERS);
  const trust = { marbleType: VOTING_MARBLE, ...p };
  const certificate = await verifyMarbleCertificate(signed.chain, trust);
  const genuine = await isStatementSigned(certificate, signature, statement);
  if (!genuine) {
    throw new BallotError("KEYS_SIGNATURE_INVALID", "statement is not signed by its certificate");
  }
  return parseKeysStatement(decodeUtf8(statement));
}

/** Parses `{"keys": [signed statement, …]}`, at least one; verifies nothing. Throws `KEYS_MALFORMED`. */
export function parseSignedKeysList(text: string): readonly SignedKeys[] {
  const format = { code: "KEYS_MALFORMED", maxCharacters: MAX_LIST_CHARACTERS } as const;
  const document = readDocument(text, { ...format, members: ["keys"] });
  const keys = document.objects("keys", MAX_REPLICAS, MEMBERS).map((item) => ({
    statement: item.string("statement"),
    signature: item.string("signature"),
    chain: item.string("chain"),
  }));
  if (keys.length === 0) throw document.fail("keys is empty");
  return keys;
}

/** A list of signed statements as JSON. */
export function encodeSignedKeysList(keys: readonly SignedKeys[]): string {
  const plain = keys.map(({ statement, signature, chain }) => ({ statement, signature, chain }));
  return JSON.stringify({ keys: plain });
}

async function isStatementSigned(
  certificate: Certificate,
  signature: Uint8Array,
  statement: Uint8Array,
): Promise<boolean> {
  try {
    const algorithm = ALGORITHMS[curveOf(certificate) ?? ""];
    if (algorithm === undefined) return false;
    const message = keysStatementMessage(statement);
    return await verifySignature(certificate.spki, algorithm, signature, message);
  } catch (cause) {
    const known = cause instanceof PkiError || cause instanceof EncodingError;
    if (!known && !(cause instanceof DOMException)) throw cause;
    throw new BallotError("KEYS_SIGNATURE_INVALID", "signature cannot be read", { cause });
  }
}

function bytesOf(text: string, maxCharacters: number): Uint8Array {
  const bytes = text.length > maxCharacters ? undefined : readBase64(text);
  if (bytes === undefined) {
    throw new BallotError("KEYS_MALFORMED", `not base64 of at most ${maxCharacters} characters`);
  }
  return bytes;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new BallotError("KEYS_MALFORMED", "statement is no UTF-8", { cause });
  }
}
