import type { KeysStatement } from "@carrara/ballot";
import type { EvidenceFacts, EvidenceReport } from "@carrara/client/evidence";
import { explainManifest, type ManifestFact } from "@carrara/manifest";
import { encodeVerifierKey } from "@carrara/transparency";
import { type FactValue, fact, facts, type Part, partsToJson } from "../evidence/facts.ts";
import { describeCosigners } from "./witness-lines.ts";

/** Kinds of facts of a manifest that say who can change what runs, or look inside. */
const CHANGES: ReadonlySet<ManifestFact["kind"]> = new Set(["update", "user", "role", "recovery"]);

/** What a verified bundle says about a mesh and its poll: who runs it, what runs, who can change it. */
export function describeMesh({ facts: found }: EvidenceReport): readonly Part[] {
  const { changes, runs } = sentencesOf(found);
  return [
    ...partOf("coordinator", "Who vouches for it: the Coordinator", coordinatorFacts(found)),
    ...partOf("manifest", "What it enforces: the manifest", manifestFacts(found)),
    ...sentencePart("changes", "Who can change it", changes),
    ...sentencePart("runs", "What runs", runs),
    ...partOf("site", "This site's certificate", siteFacts(found)),
    ...partOf("poll", "The poll", pollFacts(found.keys)),
    ...partOf("ledger", "The ledger", ledgerFacts(found)),
  ];
}

/** The same for programs: sentences are a list, since two may be about one subject. */
export function meshJson(report: EvidenceReport): Readonly<Record<string, unknown>> {
  return { ...partsToJson(describeMesh(report)), ...sentencesOf(report.facts) };
}

function sentencesOf({ manifest }: EvidenceFacts): {
  readonly changes: readonly ManifestFact[];
  readonly runs: readonly ManifestFact[];
} {
  const all = manifest === undefined ? [] : explainManifest(manifest.manifest);
  return {
    changes: all.filter(({ kind }) => CHANGES.has(kind)),
    runs: all.filter(({ kind }) => !CHANGES.has(kind)),
  };
}

function sentencePart(
  key: string,
  title: string,
  sentences: readonly ManifestFact[],
): readonly Part[] {
  const list = sentences.map(({ kind, subject, sentence }) =>
    fact(subject === "" ? kind : `${kind} ${subject}`, sentence),
  );
  return list.length === 0 ? [] : [{ key, title, facts: list }];
}

type Members = Readonly<Record<string, FactValue>>;

function partOf(key: string, title: string, members: Members | undefined): readonly Part[] {
  if (members === undefined || Object.keys(members).length === 0) return [];
  return [{ key, title, facts: facts(members) }];
}

function coordinatorFacts({ coordinator, rootSha256 }: EvidenceFacts): Members | undefined {
  if (coordinator === undefined) return undefined;
  if (coordinator.assurance === "none") return { assurance: "none", rootSha256 };
  const { identity, tee, tcbStatus, advisoryIds, trustAnchor, assurance } = coordinator;
  return {
    assurance,
    tee,
    trustAnchor,
    uniqueId: identity.uniqueId,
    signerId: identity.signer?.signerId,
    productId: identity.signer?.productId,
    securityVersion: identity.signer?.securityVersion,
    debug: identity.debug,
    tcbStatus:
      assurance === "simulation" && tcbStatus !== undefined ? `SIMULATED ${tcbStatus}` : tcbStatus,
    advisoryIds,
    rootSha256,
  };
}

/** The update log is as good as the Coordinator's word: a line for who did what when. */
function manifestFacts({ manifest, updates }: EvidenceFacts): Members | undefined {
  if (manifest === undefined) return undefined;
  return {
    fingerprint: manifest.fingerprint,
    setAt: updates?.[0]?.time,
    changesSince: updates === undefined ? undefined : Math.max(0, updates.length - 1),
    log: updates?.map(({ time, user, text }) => [time, user, text].filter(Boolean).join(" ")),
  };
}

function siteFacts({ site }: EvidenceFacts): Members | undefined {
  if (site === undefined) return undefined;
  const { commonName, dnsNames, notBefore, notAfter, sha256 } = site;
  return { commonName, dnsNames, notBefore, notAfter, sha256 };
}

function pollFacts([first, ...others]: readonly KeysStatement[]): Members | undefined {
  if (first === undefined) return undefined;
  const { poll, rules, logKey, witnesses } = first;
  return {
    name: poll,
    opens: rules.opens ?? null,
    closes: rules.closes ?? null,
    revote: rules.revote,
    interimResults: rules.interimResults,
    logKey: encodeVerifierKey(logKey),
    witnesses: witnesses.map(encodeVerifierKey),
    votingServices: 1 + others.length,
  };
}

function ledgerFacts({ checkpoint, tally }: EvidenceFacts): Members | undefined {
  if (checkpoint === undefined) return undefined;
  const { size, root, cosignedBy } = checkpoint;
  return {
    ballots: size,
    root,
    cosignedBy: describeCosigners(cosignedBy),
    ...(tally === undefined
      ? {}
      : {
          counted: tally.counted,
          superseded: tally.superseded,
          votes: tally.votes.map(({ choice, votes }) => ({ choice, votes })),
        }),
  };
}
