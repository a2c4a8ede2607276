import { setTimeout } from "node:timers/promises";
import type { ServerTrust } from "@carrara/client";
import {
  type EvidenceBundle,
  type EvidenceReport,
  parseEvidenceBundle,
} from "@carrara/client/evidence";
import { loadCertificateCache, requireCachedRoot } from "../certificate-cache.ts";
import type { CommandContext } from "../command-context.ts";
import { certificateCacheOf } from "../coordinator-session.ts";
import { EVIDENCE_PATH, type Site } from "./site.ts";
import { verifyBundle } from "./verified-bundle.ts";

/** Web services learn of a new state in fractions of a second: how often and when in ms to ask again. */
const ATTEMPTS = 5;
const PAUSE_MS = 500;

/** What a site says of its mesh, and what could be verified of it. */
export interface SiteEvidence {
  /** The evidence bundle as it came, and as it was read. */
  readonly text: string;
  readonly bundle: EvidenceBundle;
  readonly report: EvidenceReport;
}

/**
 * Gets a site's evidence bundle and verifies it. Who hands it over does not matter, unless
 * `--coordinator-cert` names the mesh: then TLS and evidence must be of that one. Throws
 * `TLS_NOT_TRUSTED`, `ROOT_CHANGED` and what {@link Site} throws.
 */
export async function siteEvidence(context: CommandContext, site: Site): Promise<SiteEvidence> {
  const isKnown = context.options.coordinatorCert !== undefined;
  const text = await site.getText(EVIDENCE_PATH, await firstTrust(context, isKnown));
  const bundle = parseEvidenceBundle(text);
  const report = await verifyBundle(context, bundle);
  const { coordinator } = report.facts;
  if (isKnown && coordinator !== undefined) {
    await requireCachedRoot(certificateCacheOf(context), coordinator.rootPem);
  }
  return { text, bundle, report };
}

/** The same, asked for again while the site's checkpoint has fewer ballots than are known, for a while. */
export async function siteEvidenceOfSize(
  context: CommandContext,
  site: Site,
  known: number,
): Promise<SiteEvidence> {
  for (let left = ATTEMPTS - 1; ; left -= 1) {
    const found = await siteEvidence(context, site);
    const { checkpoint } = found.report.facts;
    if (checkpoint === undefined || checkpoint.size >= known || left === 0) return found;
    await setTimeout(PAUSE_MS, undefined, { signal: context.io.signal });
  }
}

async function firstTrust(context: CommandContext, isKnown: boolean): Promise<ServerTrust> {
  if (!isKnown) return { kind: "unverified" };
  const { chainPem } = await loadCertificateCache(certificateCacheOf(context));
  return { kind: "pinned", rootPem: chainPem };
}

/** Trust for all that follows: the mesh whose evidence was verified. */
export function attestedTrust({ facts: { coordinator } }: EvidenceReport): ServerTrust {
  if (coordinator === undefined)
    throw new TypeError("nothing follows on evidence that was refused");
  return { kind: "pinned", rootPem: coordinator.chainPem };
}
