import {
  type Assurance,
  AttestationError,
  createEvidenceVerifier,
  createSimulationAnchor,
  type EndorsementRequest,
  type Endorsements,
  endorsementRequestOf,
  guestExposure,
  HARDWARE_ANCHORS,
  isRootOf,
  recogniseEvidence,
  type SoftwareIdentity,
  softwareIdentityOf,
  type TeeKind,
  type TrustAnchor,
  type VerifiedEvidence,
} from "@carrara/attestation";
import { EncodingError, encodePem, equalBytes, parsePem } from "@carrara/encoding";
import { commonNameOf, isSignedBy, PkiError, parseCertificate } from "@carrara/pki";
import {
  appraiseCoordinator,
  checkReportData,
  DEFAULT_ACCEPTED_TCB_STATUSES,
  type PlatformStanding,
} from "./appraise-coordinator.ts";
import { type CoordinatorQuote, createCoordinatorClient } from "./coordinator-client.ts";
import { ClientError } from "./error.ts";
import type { ExpectedIdentity } from "./expected-identity.ts";
import type { Transport } from "./transport.ts";

/** Says how much is asked of a Coordinator. */
export interface CoordinatorPolicy {
  /** Accepts a simulated platform, and a Coordinator without evidence. Never the default. */
  readonly insecure: boolean;
  /** The expected code; needed unless `insecure`. */
  readonly identity?: ExpectedIdentity | undefined;
  /** Default `UpToDate`, `SWHardeningNeeded`. */
  readonly acceptedTcbStatuses?: readonly string[] | undefined;
  /** Empty or absent accepts all. */
  readonly acceptedAdvisories?: readonly string[] | undefined;
  /** Raw bytes that fresh evidence must cover. */
  readonly nonce?: Uint8Array | undefined;
}

/** Where endorsements come from when the Coordinator does not serve its own; the data is signed. */
export type EndorsementSource = (
  request: EndorsementRequest,
  signal?: AbortSignal,
) => Promise<Endorsements>;

/** What is needed to attest a Coordinator. */
export interface AttestCoordinatorOptions {
  readonly transport: Transport;
  readonly policy: CoordinatorPolicy;
  readonly endorsementSource?: EndorsementSource;
  readonly now?: () => Date;
  readonly signal?: AbortSignal | undefined;
}

/** The certificates to pin, in PEM. */
interface CoordinatorCertificates {
  readonly rootPem: string;
  readonly intermediatePem: string;
  /** Intermediate, then Root: the format of the certificate cache. */
  readonly chainPem: string;
}

/** A Coordinator whose evidence was verified and appraised. */
export interface AttestedCoordinator extends CoordinatorCertificates {
  readonly assurance: Assurance;
  readonly tee: TeeKind;
  readonly identity: SoftwareIdentity;
  /** Undefined for SEV-SNP, whose vendor publishes none. */
  readonly tcbStatus: string | undefined;
  readonly advisoryIds: readonly string[];
  /** Name of the trust anchor the evidence ends in. */
  readonly trustAnchor: string;
  /** The evidence as received, in Open Enclave form. */
  readonly quote: Uint8Array;
}

/** A Coordinator that sent no evidence at all, taken at its word because of `insecure`. */
export interface UnattestedCoordinator extends CoordinatorCertificates {
  readonly assurance: "none";
}

/**
 * Fetches the Coordinator's evidence over unverified TLS, verifies it, appraises it, and returns
 * the certificates that it vouches for; every later connection pins Root. Throws the transport's
 * codes and `EVIDENCE_*`, `INTERMEDIATE_FOREIGN`, `COORDINATOR_REFUSED`, `IDENTITY_MISSING`,
 * `COLLATERAL_MISSING`.
 */
export async function attestCoordinator(
  options: AttestCoordinatorOptions,
): Promise<AttestedCoordinator | UnattestedCoordinator> {
  const { policy, signal, now = () => new Date() } = options;
  const client = createCoordinatorClient({
    transport: options.transport,
    trust: { kind: "unverified" },
  });
  const received = await client.getQuote(policy.nonce, signal);
  const certificates = readChain(received);
  await checkIssuedByRoot(certificates);
  if (received.quote === undefined || received.quote.length === 0) {
    if (policy.insecure) return { assurance: "none", ...pemsOf(certificates) };
    throw new ClientError(
      "EVIDENCE_MISSING",
      "the Coordinator sent no evidence: it runs outside an enclave, and only --insecure accepts that",
    );
  }
  const request = readEvidence(received.quote);
  const anchors = anchorsFor(request, policy.insecure);
  const endorsements =
    (await client.getEndorsements(request.vendor, signal)) ??
    (await fetchEndorsements(options, request));
  const verified = await verify(received.quote, endorsements, anchors, now());
  const identity = await softwareIdentityOf(verified);
  await checkReportData(identity.reportData, certificates.root, policy.nonce ?? new Uint8Array(0));
  appraiseCoordinator(
    { identity, ...standingOf(verified) },
    {
      insecure: policy.insecure,
      identity: policy.identity,
      acceptedTcbStatuses: policy.acceptedTcbStatuses ?? DEFAULT_ACCEPTED_TCB_STATUSES,
      acceptedAdvisories: policy.acceptedAdvisories ?? [],
    },
  );
  return { ...resultOf(verified, identity, received.quote), ...pemsOf(certificates) };
}

interface Chain {
  readonly intermediate: Uint8Array;
  readonly root: Uint8Array;
}

/** The chain is Intermediate, then Root, nothing else (spec marblerun section 2.6). */
function readChain({ chainPem }: CoordinatorQuote): Chain {
  try {
    const blocks = parsePem(chainPem);
    const [intermediate, root] = blocks.map(({ bytes }) => parseCertificate(bytes).raw);
    if (blocks.length === 2 && intermediate !== undefined && root !== undefined) {
      return { intermediate, root };
    }
  } catch (cause) {
    if (!(cause instanceof EncodingError || cause instanceof PkiError)) throw cause;
    throw new ClientError("RESPONSE_INVALID", "the Coordinator's certificates are malformed", {
      cause,
    });
  }
  throw new ClientError("RESPONSE_INVALID", "the Coordinator did not send two certificates");
}

/**
 * The evidence speaks of Root alone, and who pins the chain trusts both: an intermediate of another
 * authority must not come along. Throws `INTERMEDIATE_FOREIGN`.
 */
async function checkIssuedByRoot(chain: Chain): Promise<void> {
  const [intermediate, root] = [chain.intermediate, chain.root].map(parseCertificate);
  try {
    const named =
      intermediate !== undefined &&
      root !== undefined &&
      equalBytes(intermediate.issuerRaw, root.subjectRaw);
    if (named && (await isSignedBy(intermediate, root.spki))) return;
  } catch (cause) {
    throw foreignIntermediate(cause);
  }
  throw foreignIntermediate();
}

function foreignIntermediate(cause?: unknown): ClientError {
  return new ClientError(
    "INTERMEDIATE_FOREIGN",
    "the intermediate certificate was not issued by the root that the evidence speaks of",
    { cause },
  );
}

function pemsOf({ intermediate, root }: Chain): CoordinatorCertificates {
  const intermediatePem = encodePem("CERTIFICATE", intermediate);
  const rootPem = encodePem("CERTIFICATE", root);
  return { intermediatePem, rootPem, chainPem: `${intermediatePem}${rootPem}` };
}

function readEvidence(quote: Uint8Array): EndorsementRequest {
  try {
    return endorsementRequestOf(recogniseEvidence(quote));
  } catch (cause) {
    throw evidenceInvalid(cause);
  }
}

/**
 * The anchors that evidence may be verified under: the vendors' own, or with `insecure` the root that
 * the evidence itself brings, which makes the result a simulation. Throws `EVIDENCE_SIMULATED`.
 */
function anchorsFor(request: EndorsementRequest, insecure: boolean): readonly TrustAnchor[] {
  try {
    const { rootCertificate } = request;
    // The key and not the certificate: Intel issued its root twice with one key.
    const genuine =
      rootCertificate === undefined || HARDWARE_ANCHORS.some((anchor) => isRootOf(request, anchor));
    if (genuine) return HARDWARE_ANCHORS;
    if (insecure) return [createSimulationAnchor(rootCertificate)];
    throw simulated(commonNameOf(parseCertificate(rootCertificate).subject));
  } catch (cause) {
    throw evidenceInvalid(cause);
  }
}

function simulated(rootName: string): ClientError {
  // The name is the sender's and ends on a terminal.
  const name = rootName.slice(0, 100).replace(/[\p{Cc}\p{Cf}]/gu, "?");
  return new ClientError(
    "EVIDENCE_SIMULATED",
    `the evidence is rooted in "${name}", not in a root of Intel or AMD: this is a simulation, not protected by hardware; --insecure accepts it`,
  );
}

async function fetchEndorsements(
  { endorsementSource, signal }: AttestCoordinatorOptions,
  request: EndorsementRequest,
): Promise<Endorsements> {
  if (endorsementSource === undefined) {
    throw new ClientError(
      "COLLATERAL_MISSING",
      "the Coordinator serves no collateral and no other source was named",
    );
  }
  return await endorsementSource(request, signal);
}

async function verify(
  evidence: Uint8Array,
  endorsements: Endorsements,
  anchors: readonly TrustAnchor[],
  now: Date,
): Promise<VerifiedEvidence> {
  try {
    return await createEvidenceVerifier().verify({ evidence, endorsements, anchors, now });
  } catch (cause) {
    throw evidenceInvalid(cause);
  }
}

function evidenceInvalid(cause: unknown): unknown {
  if (!(cause instanceof AttestationError || cause instanceof PkiError)) return cause;
  return new ClientError(
    "EVIDENCE_INVALID",
    `the Coordinator's evidence does not verify: ${cause.code}: ${cause.message}`,
    { cause },
  );
}

function standingOf(verified: VerifiedEvidence): PlatformStanding {
  const exposure = guestExposure(verified);
  if (verified.tee === "snp") return { status: undefined, advisoryIds: [], exposure };
  return { status: verified.status, advisoryIds: verified.advisoryIds, exposure };
}

function resultOf(
  verified: VerifiedEvidence,
  identity: SoftwareIdentity,
  quote: Uint8Array,
): Omit<AttestedCoordinator, keyof CoordinatorCertificates> {
  const { status, advisoryIds } = standingOf(verified);
  return {
    assurance: verified.assurance,
    tee: verified.tee,
    identity,
    tcbStatus: status,
    advisoryIds,
    trustAnchor: verified.trustAnchor.name,
    quote,
  };
}
