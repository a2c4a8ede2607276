import { concatBytes, toBase64, toHex } from "@carrara/encoding";
import { encodeVerifierKey, parseVerifierKey, type VerifierKey } from "@carrara/transparency";
import { KEY_ID_BYTES, keyIdOf, PUBLIC_KEY_BYTES } from "./hpke-key.ts";
import { type DocumentReader, readAs, readDocument } from "./json-document.ts";
import { logOriginOf } from "./log-key.ts";
import { isPollName, labelBytes } from "./poll-name.ts";
import { type PollRules, RULE_MEMBERS, readRules, rulesToJson } from "./poll-rules.ts";

const TYPE = "carrara.ballot.keys.v1";
const CODE = "KEYS_MALFORMED";
const MEMBERS = ["type", "poll", "hpkeKeys", "logKey", "rules", "witnesses"];
/** Longest statement that is read, in characters: 16 keys and 16 witnesses need under 12,000. */
const MAX_CHARACTERS = 16 * 1024;
/** One voting replica has one key; a few more for the time of a change. */
const MAX_HPKE_KEYS = 16;
const MAX_WITNESSES = 16;
const MESSAGE_LABEL = labelBytes("carrara ballot keys v1");

/** What a voting service says about its keys and its poll. */
export interface KeysStatement {
  readonly poll: string;
  /** X25519 keys, 32 bytes, that ballots may be sealed to; their ids are `keyIdOf`. */
  readonly hpkeKeys: readonly Uint8Array[];
  /** What checkpoints and tallies are signed with. */
  readonly logKey: VerifierKey;
  readonly rules: PollRules;
  /** Whose cosignatures to look for. */
  readonly witnesses: readonly VerifierKey[];
}

/** A statement as the JSON that is signed, in its one form. */
export function encodeKeysStatement(statement: KeysStatement): string {
  return JSON.stringify({
    type: TYPE,
    poll: statement.poll,
    hpkeKeys: statement.hpkeKeys.map((key) => ({
      id: toHex(keyIdOf(key)),
      publicKey: toBase64(key),
    })),
    logKey: encodeVerifierKey(statement.logKey),
    rules: rulesToJson(statement.rules),
    witnesses: statement.witnesses.map(encodeVerifierKey),
  });
}

/**
 * Parses a statement; nothing is verified but that key ids and the log's name are those of the keys.
 * Throws `KEYS_MALFORMED`.
 */
export function parseKeysStatement(text: string): KeysStatement {
  const document = readDocument(text, {
    code: CODE,
    maxCharacters: MAX_CHARACTERS,
    members: MEMBERS,
  });
  document.oneOf("type", [TYPE]);
  const poll = document.string("poll");
  if (!isPollName(poll)) throw document.fail("not the name of a poll");
  return {
    poll,
    hpkeKeys: readHpkeKeys(document),
    logKey: readLogKey(document, poll),
    rules: readRules(document.object("rules", RULE_MEMBERS)),
    witnesses: readWitnesses(document),
  };
}

/** What the certificate's key signs: label ‖ 0x00 ‖ the bytes of the statement's JSON. */
export function keysStatementMessage(statement: Uint8Array): Uint8Array {
  return concatBytes(MESSAGE_LABEL, statement);
}

function readHpkeKeys(document: DocumentReader): readonly Uint8Array[] {
  const keys = document.objects("hpkeKeys", MAX_HPKE_KEYS, ["id", "publicKey"]).map((item) => {
    const publicKey = item.base64("publicKey", PUBLIC_KEY_BYTES);
    if (toHex(item.hex("id", KEY_ID_BYTES)) !== toHex(keyIdOf(publicKey))) {
      throw item.fail("id is not that of the key");
    }
    return publicKey;
  });
  if (keys.length === 0) throw document.fail("hpkeKeys is empty");
  return keys;
}

function readLogKey(document: DocumentReader, poll: string): VerifierKey {
  const key = readAs(CODE, () => parseVerifierKey(document.string("logKey")));
  if (key.type !== "ed25519" || key.name !== logOriginOf(poll, key.publicKey)) {
    throw document.fail("logKey is not named after the poll and itself");
  }
  return key;
}

function readWitnesses(document: DocumentReader): readonly VerifierKey[] {
  const texts = document.strings("witnesses", MAX_WITNESSES);
  const keys = texts.map((text) => readAs(CODE, () => parseVerifierKey(text)));
  if (keys.some(({ type }) => type !== "cosignature")) {
    throw document.fail("a witness' key is not for cosignatures");
  }
  if (new Set(texts).size !== texts.length) throw document.fail("a witness is there twice");
  return keys;
}
