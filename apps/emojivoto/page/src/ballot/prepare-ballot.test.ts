import { type KeysStatement, logKeyOf } from "@carrara/ballot";
import type { EvidenceReport } from "@carrara/client/evidence";
import { utf8 } from "@carrara/encoding";
import { parseManifest } from "@carrara/manifest";
import { expect, test } from "vitest";
import type { VerifiedEvidence } from "../trust/verify-evidence.ts";
import { EvidenceRefusedError, prepareBallot } from "./prepare-ballot.ts";

async function statementOf(poll: string, logSeed: number): Promise<KeysStatement> {
  const { publicKey } = await crypto.subtle.generateKey("X25519", true, ["deriveBits"]);
  const rules = { opens: undefined, closes: undefined } as const;
  return {
    poll,
    hpkeKeys: [new Uint8Array(await crypto.subtle.exportKey("raw", publicKey))],
    logKey: logKeyOf(poll, new Uint8Array(32).fill(logSeed)),
    rules: { ...rules, revote: "unlimited", interimResults: "shown" },
    witnesses: [],
  };
}

/** Evidence that verified, of a service whose HPKE key is new each time, as after a restart. */
async function evidence(
  changes: Partial<Pick<EvidenceReport, "verdict">> & {
    readonly poll?: string;
    readonly logSeed?: number;
    readonly rootSha256?: string;
    readonly fingerprint?: string;
  } = {},
): Promise<VerifiedEvidence> {
  const { verdict = "simulation", poll = "test", logSeed = 1 } = changes;
  const { rootSha256 = "aa", fingerprint = "bb" } = changes;
  const bytes = utf8('{"Packages":{"web":{"UniqueID":"11"}}}');
  const statement = await statementOf(poll, logSeed);
  const facts = {
    coordinator: undefined,
    rootSha256,
    manifest: { bytes, fingerprint, manifest: parseManifest(utf8('{"Packages":{}}')) },
    updates: [],
    keys: [statement],
    logKey: statement.logKey,
    site: undefined,
    checkpoint: undefined,
    tally: undefined,
  };
  return { report: { verdict, findings: [], facts }, bundle: "", at: new Date() };
}

test("a ballot is sealed again for the same service after a restart, with the same code", async () => {
  const before = await prepareBallot(await evidence(), { choice: 2 });
  const again = await prepareBallot(await evidence(), { before });
  expect(again.code).toBe(before.code);
  expect(again.sealed.bytes).not.toEqual(before.sealed.bytes);
});

test.each([
  ["that was refused", { verdict: "refused" }],
  ["without evidence", { verdict: "unproven" }],
  ["of another mesh", { rootSha256: "cc" }],
  ["under another manifest", { fingerprint: "cc" }],
  ["with another log", { logSeed: 2 }],
  ["of another poll", { poll: "other" }],
] as const)(
  "no ballot is sealed again for a service %s: its voter decides anew",
  async (_, other) => {
    const before = await prepareBallot(await evidence(), { choice: 2 });
    const again = prepareBallot(await evidence(other), { before });
    await expect(again).rejects.toThrow(EvidenceRefusedError);
  },
);
