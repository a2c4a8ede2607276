import { toBase64 } from "@carrara/encoding";
import { HASH_BYTES, MAX_PROOF_HASHES, readBase64 } from "@carrara/transparency";
import type { Audited } from "./audit-log.ts";
import { readDocument } from "./json-document.ts";

const TYPE = "carrara.ballot.audit.v1";
const MEMBERS = ["type", "older", "newer", "consistency", "tally"];
/** Longest file that is read, in characters: two checkpoints, a proof and a tally of many choices. */
const MAX_CHARACTERS = 256 * 1024;

/** All that an audit needs, in one file of JSON; absent parts are null. */
export function encodeAuditFile({ older, newer, consistency = [], tally }: Audited): string {
  return JSON.stringify({
    type: TYPE,
    older: older ?? null,
    newer,
    consistency: consistency.map(toBase64),
    tally: tally ?? null,
  });
}

/** Parses an audit file; nothing is verified. Throws `AUDIT_MALFORMED`. */
export function parseAuditFile(text: string): Audited {
  const format = { code: "AUDIT_MALFORMED", maxCharacters: MAX_CHARACTERS } as const;
  const document = readDocument(text, { ...format, members: MEMBERS, type: TYPE });
  const older = document.stringOrNull("older");
  const tally = document.stringOrNull("tally");
  return {
    ...(older !== undefined && { older }),
    newer: document.string("newer"),
    consistency: document.strings("consistency", MAX_PROOF_HASHES).map((item) => {
      const hash = readBase64(item);
      if (hash?.length !== HASH_BYTES) throw document.fail("consistency has what is no hash");
      return hash;
    }),
    ...(tally !== undefined && { tally }),
  };
}
