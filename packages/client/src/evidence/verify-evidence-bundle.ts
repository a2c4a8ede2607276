import { parsePem, toHex } from "@carrara/encoding";
import {
  type AttestedCoordinator,
  attestCoordinator,
  type CoordinatorPolicy,
  type UnattestedCoordinator,
} from "../attest-coordinator.ts";
import { ballotFacts } from "./ballot-findings.ts";
import { createBundleTransport } from "./bundle-transport.ts";
import type { EvidenceBundle } from "./evidence-bundle.ts";
import { type EvidenceFinding, findingOf } from "./evidence-finding.ts";
import type { EvidenceFacts, EvidenceReport } from "./evidence-report.ts";
import { manifestFacts } from "./manifest-facts.ts";
import { type SiteCertificate, verifySiteChain } from "./site-certificate.ts";
import { createCheck, type Verification } from "./verification.ts";

/** Type of the marble that counts votes. */
const VOTING_MARBLE = "voting-svc";

/**
 * Verifies all that an evidence bundle claims, from the Coordinator's evidence down to the tally's
 * signature. What is wrong with the bundle becomes a finding; throws nothing for it. The bundle has
 * no nonce: that it is recent follows from its certificates and collateral alone.
 */
export async function verifyEvidenceBundle(options: {
  readonly bundle: EvidenceBundle;
  readonly policy: CoordinatorPolicy;
  readonly now: Date;
  /** Default `voting-svc`. */
  readonly marbleType?: string;
}): Promise<EvidenceReport> {
  const { bundle, policy, now, marbleType = VOTING_MARBLE } = options;
  const transport = createBundleTransport(bundle);
  const findings: EvidenceFinding[] = [];
  const note = (finding: EvidenceFinding): void => {
    findings.push(finding);
  };
  const check = createCheck(note);
  const coordinator = await check("coordinator.refused", () =>
    attestCoordinator({ transport, policy, now: () => now }),
  );
  if (coordinator === undefined) return reportOf(findings, NOTHING);
  findings.push(...coordinatorFindings(coordinator, policy));
  const verification = { bundle, coordinator, now, marbleType, check, note };
  const mesh = await manifestFacts(verification);
  const site = await siteFacts(verification);
  const ballots = await ballotFacts(verification);
  const rootSha256 = await sha256OfPem(coordinator.rootPem);
  return reportOf(findings, { coordinator, rootSha256, ...mesh, site, ...ballots });
}

const NOTHING: EvidenceFacts = {
  coordinator: undefined,
  rootSha256: undefined,
  manifest: undefined,
  updates: undefined,
  keys: [],
  logKey: undefined,
  site: undefined,
  checkpoint: undefined,
  tally: undefined,
};

function reportOf(findings: readonly EvidenceFinding[], facts: EvidenceFacts): EvidenceReport {
  return { verdict: verdictOf(findings, facts), findings, facts };
}

function verdictOf(
  findings: readonly EvidenceFinding[],
  { coordinator }: EvidenceFacts,
): EvidenceReport["verdict"] {
  if (coordinator === undefined || findings.some(({ verdict }) => verdict === "failed")) {
    return "refused";
  }
  return coordinator.assurance === "none" ? "unproven" : coordinator.assurance;
}

function coordinatorFindings(
  coordinator: AttestedCoordinator | UnattestedCoordinator,
  { identity }: CoordinatorPolicy,
): readonly EvidenceFinding[] {
  if (coordinator.assurance === "none") {
    // Whoever names a program is not told that it may be any.
    return [findingOf("coordinator.unproven", identity === undefined ? "warning" : "failed")];
  }
  const tee = coordinator.tee.toUpperCase();
  return [
    coordinator.assurance === "hardware"
      ? findingOf("coordinator.hardware", "ok", { tee })
      : findingOf("coordinator.simulated", "warning", { tee }),
    identity === undefined
      ? findingOf("identity.unnamed", "warning")
      : findingOf("identity.expected", "ok"),
  ];
}

async function siteFacts({
  bundle: { siteChain },
  coordinator,
  now,
  check,
  note,
}: Verification): Promise<SiteCertificate | undefined> {
  if (siteChain === undefined) {
    note(findingOf("site.missing", "warning"));
    return undefined;
  }
  const site = await check("site.refused", () => verifySiteChain(siteChain, coordinator, now));
  if (site === undefined) return undefined;
  note(site.isCurrent ? findingOf("site.attested", "ok") : findingOf("site.earlier", "warning"));
  return site;
}

async function sha256OfPem(pem: string): Promise<string> {
  const der = Uint8Array.from(parsePem(pem)[0]?.bytes ?? []);
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", der)));
}
