/**
 * What a verifier can find, in plain words; `{name}` is filled from the finding's values. Pages
 * translate by these keys.
 */
export const FINDING_SENTENCES = {
  "coordinator.hardware":
    "The Coordinator runs inside genuine {tee} hardware and its evidence verifies.",
  "coordinator.simulated":
    "The Coordinator’s evidence verifies, but its platform is simulated: it shows how everything works and protects nothing from whoever runs the machine.",
  "coordinator.unproven": "The Coordinator sent no evidence at all. Nobody can tell what it is.",
  "coordinator.refused":
    "The Coordinator’s evidence was refused, so nothing else here can be trusted.",
  "identity.expected": "It is the Coordinator program that you expected.",
  "identity.unnamed":
    "Nobody said which Coordinator program to expect: compare its measurement with the published one.",
  "manifest.signed": "The manifest, which says what may run, is signed by that very Coordinator.",
  "manifest.refused": "The manifest is not the one that the Coordinator signed.",
  "updates.none": "According to its log, the manifest has not changed since it was set on {time}.",
  "updates.some":
    "According to its log, somebody changed the manifest or its secrets; the last time on {time}.",
  "updates.unknown": "When the manifest was last changed is not told.",
  "keys.attested":
    "The key that seals your ballot belongs to the voting service that the Coordinator attested.",
  "keys.missing": "The voting service told no key, so no ballot can be sealed for it.",
  "keys.refused": "The key for sealing ballots is not by the attested voting service.",
  "keys.disagree": "The voting services disagree about poll, log or rules.",
  "site.attested": "The certificate of this site comes from the same Coordinator.",
  "site.earlier":
    "The certificate of this site comes from the same Coordinator, from before its last update.",
  "site.missing": "The site did not tell its certificate.",
  "site.refused": "The certificate of this site does not come from the attested Coordinator.",
  "checkpoint.signed": "The ledger of {size} ballots is signed by the attested voting service.",
  "checkpoint.missing": "The ledger has no signed state yet.",
  "checkpoint.refused": "The state of the ledger is not signed by the attested voting service.",
  "tally.signed": "The count is signed, and its votes add up to the ballots in the ledger.",
  "tally.missing": "No signed count is published: results may be hidden until the poll closes.",
  "tally.refused": "The count does not verify.",
  "witnesses.cosigned":
    "{count} of {total} independent witnesses have seen the same ledger: {names}.",
  "witnesses.silent":
    "No witness has confirmed this state of the ledger: two voters could be shown two different ones.",
  "witnesses.none":
    "The poll has no independent witnesses: two voters could be shown two different ledgers. Compare checkpoints with others.",
} as const;

/** Which of the sentences a finding is. */
export type FindingId = keyof typeof FINDING_SENTENCES;

/** `failed` is a reason to trust nothing; a `warning` limits what one may conclude. */
export type FindingVerdict = "ok" | "warning" | "failed";

/** One thing that was checked. */
export interface EvidenceFinding {
  readonly id: FindingId;
  readonly verdict: FindingVerdict;
  /** In English, filled in. */
  readonly sentence: string;
  /** For a translated sentence. Not secret; made of what the bundle says, without control characters. */
  readonly values: Readonly<Record<string, string>>;
  /** Code and message of the refusal. */
  readonly refusal: { readonly code: string; readonly message: string } | undefined;
}

/** Creates a finding. */
export function findingOf(
  id: FindingId,
  verdict: FindingVerdict,
  values: Readonly<Record<string, string>> = {},
): EvidenceFinding {
  const clean = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, plainText(value)]),
  );
  const sentence = fillSentence(FINDING_SENTENCES[id], clean);
  return { id, verdict, sentence, values: clean, refusal: undefined };
}

/** Creates a finding of verdict `failed` for an error of one of our packages. */
export function refusalOf(id: FindingId, { code, message }: CodedError): EvidenceFinding {
  return { ...findingOf(id, "failed"), refusal: { code, message: plainText(message) } };
}

/** Puts `values` in the place of `{name}`; unknown names stay. */
export function fillSentence(sentence: string, values: Readonly<Record<string, string>>): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** An error of one of our packages: each names its class and has a code. */
export interface CodedError extends Error {
  readonly code: string;
}

/** Whether `error` was thrown by one of our packages for what it was given. */
export function isCodedError(error: unknown): error is CodedError {
  return (
    error instanceof Error &&
    OUR_ERRORS.has(error.name) &&
    "code" in error &&
    typeof error.code === "string"
  );
}

const OUR_ERRORS: ReadonlySet<string> = new Set([
  "AttestationError",
  "BallotError",
  "ClientError",
  "EncodingError",
  "ManifestError",
  "PkiError",
  "TransparencyError",
]);

/** Names and messages come from strangers and end on terminals. */
function plainText(text: string): string {
  return text.slice(0, 1_000).replace(/[\p{Cc}\p{Cf}]/gu, "?");
}
