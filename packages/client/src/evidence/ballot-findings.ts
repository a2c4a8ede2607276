import type { Tally } from "@carrara/ballot";
import type { VerifierKey } from "@carrara/transparency";
import {
  type SignedCheckpoint,
  verifyAllKeys,
  verifySignedCheckpoint,
  verifySignedTally,
} from "./ballot-facts.ts";
import { type EvidenceFinding, findingOf } from "./evidence-finding.ts";
import type { EvidenceFacts } from "./evidence-report.ts";
import type { Verification } from "./verification.ts";

/** Keys, checkpoint and tally, each by the one before. Notes what it finds. */
export async function ballotFacts({
  bundle,
  coordinator,
  now,
  marbleType,
  check,
  note,
}: Verification): Promise<Pick<EvidenceFacts, "keys" | "logKey" | "checkpoint" | "tally">> {
  const { intermediatePem } = coordinator;
  const keys =
    (await check("keys.refused", () =>
      verifyAllKeys(bundle, { intermediatePem, now, marbleType }),
    )) ?? [];
  const [first] = keys;
  if (first === undefined) {
    if (bundle.ballotKeys.length === 0) note(findingOf("keys.missing", "failed"));
    return { keys: [], logKey: undefined, checkpoint: undefined, tally: undefined };
  }
  note(findingOf("keys.attested", "ok"));
  const { logKey, witnesses } = first;
  const log = { logKey, witnesses, check, note };
  const checkpoint = await checkpointFacts(bundle.checkpoint, log);
  const tally = await tallyFacts(bundle.tally, { ...log, checkpoint });
  return { keys, logKey, checkpoint, tally };
}

/** The attested log, and where findings go. */
interface Log extends Pick<Verification, "check" | "note"> {
  readonly logKey: VerifierKey;
  readonly witnesses: readonly VerifierKey[];
}

async function checkpointFacts(
  text: string | undefined,
  { logKey, witnesses, check, note }: Log,
): Promise<SignedCheckpoint | undefined> {
  if (text === undefined) {
    note(findingOf("checkpoint.missing", "warning"));
    return undefined;
  }
  const found = await check("checkpoint.refused", () =>
    verifySignedCheckpoint(text, logKey, witnesses),
  );
  if (found === undefined) return undefined;
  note(findingOf("checkpoint.signed", "ok", { size: String(found.size) }));
  note(witnessFinding(witnesses.length, found));
  return found;
}

function witnessFinding(total: number, { cosignedBy }: SignedCheckpoint): EvidenceFinding {
  if (total === 0) return findingOf("witnesses.none", "warning");
  if (cosignedBy.length === 0) return findingOf("witnesses.silent", "warning");
  return findingOf("witnesses.cosigned", "ok", {
    count: String(cosignedBy.length),
    total: String(total),
    names: cosignedBy.map(({ name }) => name).join(", "),
  });
}

async function tallyFacts(
  text: string | undefined,
  { logKey, checkpoint, check, note }: Log & { readonly checkpoint: SignedCheckpoint | undefined },
): Promise<Tally | undefined> {
  if (text === undefined) {
    note(findingOf("tally.missing", "warning"));
    return undefined;
  }
  const tally = await check("tally.refused", () => verifySignedTally(text, logKey, checkpoint));
  if (tally !== undefined) note(findingOf("tally.signed", "ok"));
  return tally;
}
