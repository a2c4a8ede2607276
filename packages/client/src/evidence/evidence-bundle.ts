import type { SignedKeys } from "@carrara/ballot";
import { ClientError } from "../error.ts";

/** One answer of the Coordinator as it was collected. */
export interface BundledAnswer {
  readonly status: number;
  readonly contentType: string;
  /** Base64. */
  readonly body: string;
}

/** What a verifier needs of a mesh, collected by somebody who is trusted for nothing (docs/design/ballot.md). */
export interface EvidenceBundle {
  /** By method and path, as `GET /api/v2/quote`. */
  readonly coordinator: ReadonlyMap<string, BundledAnswer>;
  /** One a voting replica. */
  readonly ballotKeys: readonly SignedKeys[];
  /** PEM of the certificate that the site presents, and its issuers; undefined when not told. */
  readonly siteChain: string | undefined;
  /** Signed note; undefined before the first one. */
  readonly checkpoint: string | undefined;
  /** Signed note; undefined while results are hidden. */
  readonly tally: string | undefined;
}

/** UTF-8 bytes of a bundle: the Coordinator's answers are some 50 kB, the rest is manifest and chains. */
export const MAX_BUNDLE_BYTES: number = 8 * 1024 * 1024;
/** The Coordinator has five routes for this. */
const MAX_ANSWERS = 32;
/** Voting replicas. */
const MAX_KEYS = 64;
const MAX_TEXT_CHARACTERS = 64 * 1024;
const MAX_NAME_CHARACTERS = 200;

/** Reads an evidence bundle; nothing in it is verified. Throws `EVIDENCE_BUNDLE_INVALID`. */
export function parseEvidenceBundle(text: string): EvidenceBundle {
  // A character is a byte at least.
  if (text.length > MAX_BUNDLE_BYTES) {
    throw invalid(`it has ${text.length} characters, at most ${MAX_BUNDLE_BYTES} are read`);
  }
  const bundle = recordOf(parseJson(text), "the bundle");
  if (bundle["type"] !== "carrara.evidence.v1")
    throw invalid("its type is not carrara.evidence.v1");
  const { site } = bundle;
  return {
    coordinator: answersOf(bundle["coordinator"]),
    ballotKeys: listOf(bundle["ballotKeys"] ?? [], "ballotKeys", MAX_KEYS).map(signedKeysOf),
    siteChain:
      site === undefined || site === null ? undefined : optional(recordOf(site, "site"), "chain"),
    checkpoint: optional(bundle, "checkpoint"),
    tally: optional(bundle, "tally"),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid("it is not JSON", cause);
  }
}

function answersOf(value: unknown): ReadonlyMap<string, BundledAnswer> {
  const entries = Object.entries(recordOf(value, "coordinator"));
  if (entries.length > MAX_ANSWERS) {
    throw invalid(`it has ${entries.length} answers, at most ${MAX_ANSWERS} are read`);
  }
  return new Map(entries.map(([route, answer]) => [route, answerOf(answer)]));
}

function answerOf(value: unknown): BundledAnswer {
  const answer = recordOf(value, "an answer");
  const { status } = answer;
  if (typeof status !== "number" || !Number.isInteger(status) || status < 100 || status > 599) {
    throw invalid("the status of an answer is not a number from 100 to 599");
  }
  return {
    status,
    contentType: textOf(answer["contentType"] ?? "", "contentType", MAX_NAME_CHARACTERS),
    body: textOf(answer["body"], "the body of an answer", MAX_BUNDLE_BYTES),
  };
}

function signedKeysOf(value: unknown): SignedKeys {
  const keys = recordOf(value, "an entry of ballotKeys");
  return {
    statement: textOf(keys["statement"], "statement"),
    signature: textOf(keys["signature"], "signature"),
    chain: textOf(keys["chain"], "chain"),
  };
}

function recordOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(`${what} is not an object`);
  }
  return { ...value };
}

function listOf(value: unknown, what: string, most: number): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(`${what} is not a list`);
  if (value.length > most) {
    throw invalid(`${what} has ${value.length} entries, at most ${most} are read`);
  }
  return value;
}

function optional(record: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = record[name];
  return value === undefined || value === null || value === "" ? undefined : textOf(value, name);
}

function textOf(value: unknown, what: string, most: number = MAX_TEXT_CHARACTERS): string {
  if (typeof value !== "string") throw invalid(`${what} is not text`);
  if (value.length > most) {
    throw invalid(`${what} has ${value.length} characters, at most ${most} are read`);
  }
  return value;
}

function invalid(why: string, cause?: unknown): ClientError {
  return new ClientError("EVIDENCE_BUNDLE_INVALID", `evidence bundle: ${why}`, { cause });
}
