import { resolve } from "node:path";
import {
  type AmdEndorsements,
  AttestationError,
  type EndorsementRequest,
  type Endorsements,
  type Evidence,
  endorsementRequestOf,
} from "@carrara/attestation";
import { EncodingError, parsePem } from "@carrara/encoding";
import {
  type CollateralBundle,
  type CollateralProvider,
  collateralRefusalOf,
  createBundleProvider,
  createDcapProviderFor,
  createKdsProvider,
  createPcsProvider,
  fetchEndorsements,
  loadCollateralBundle,
} from "@carrara/tee";
import { CliError } from "../cli-error.ts";
import type { CliIo } from "../cli-io.ts";
import { printable } from "../printable.ts";

/** Where the endorsements of evidence come from; all of it is untrusted input. */
export interface CollateralSource {
  /** For people: where it is. */
  readonly name: string;
  /**
   * Endorsements, and the DER root that they and the evidence end in, if it can be told. Calls
   * `beforeFetch` with the root of the evidence before any service is asked. Throws
   * `COLLATERAL_UNAVAILABLE`, and AttestationError for evidence that does not say what it needs.
   */
  endorse(
    evidence: Evidence,
    beforeFetch: (root: Uint8Array | undefined) => void,
    signal: AbortSignal,
  ): Promise<{ readonly endorsements: Endorsements; readonly root: Uint8Array | undefined }>;
}

/** Intel's and AMD's own services, or for Intel the PCCS at `url`. Throws `USAGE`. */
export function serviceSource(url: string | undefined): CollateralSource {
  const provider = { ...dcapService(url), ...createKdsProvider() };
  return {
    name: url === undefined ? "the vendors' services" : printable(url),
    async endorse(evidence, beforeFetch, signal) {
      const request = endorsementRequestOf(evidence);
      beforeFetch(request.rootCertificate);
      return withRoot(await fetchEndorsements(provider, request, signal), request.rootCertificate);
    },
  };
}

function dcapService(url: string | undefined): ReturnType<typeof createPcsProvider> {
  if (url === undefined) return createPcsProvider();
  try {
    if (URL.canParse(url)) return createDcapProviderFor({ url });
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
  }
  throw new CliError("USAGE", "--pccs is no URL of a service, as in https://localhost:8081");
}

/**
 * A file (or directory) of collateral. Throws `FILE_UNREADABLE`, `COLLATERAL_INVALID`.
 */
export async function fileSource(io: CliIo, file: string): Promise<CollateralSource> {
  const bundle = await loadBundle(io, file);
  return {
    name: printable(file),
    async endorse(evidence, beforeFetch, signal) {
      const only = onlyEndorsements(bundle, evidence);
      if (only !== undefined) return only;
      const request = endorsementRequestOf(evidence);
      beforeFetch(request.rootCertificate);
      return withRoot(await endorseFrom(bundle, request, signal), request.rootCertificate);
    },
  };
}

async function loadBundle(io: CliIo, file: string): Promise<CollateralBundle> {
  try {
    return await loadCollateralBundle(resolve(io.cwd, file));
  } catch (cause) {
    const name = printable(file);
    if (collateralRefusalOf(cause) !== undefined) {
      throw new CliError("COLLATERAL_INVALID", `${name} is no collateral that can be read`, {
        cause,
      });
    }
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown reason";
    const message = code === "ENOENT" ? `no such file: ${name}` : `cannot read ${name} (${code})`;
    throw new CliError("FILE_UNREADABLE", message, { cause });
  }
}

/**
 * What a file with the collateral of one platform has is used whatever it says of itself: the
 * verifier then tells by its exact code what is wrong with it.
 */
function onlyEndorsements(
  bundle: CollateralBundle,
  evidence: Evidence,
): Awaited<ReturnType<CollateralSource["endorse"]>> | undefined {
  if (evidence.tee === "snp") return onlyAmd(bundle, evidence);
  const [collateral, second] = bundle.dcap;
  if (collateral === undefined || second !== undefined) return undefined;
  const root = rootOfEvidence(evidence) ?? rootOf(collateral.pckCertChain);
  return { endorsements: { vendor: "intel", collateral }, root };
}

function onlyAmd(
  { veks, chains, crls }: CollateralBundle,
  evidence: Evidence,
): Awaited<ReturnType<CollateralSource["endorse"]>> | undefined {
  const carried = carriedBy(evidence);
  const one = [veks, chains, crls].every((items) => items.length <= 1);
  if (!one || (carried.vek === undefined && veks.length === 0)) return undefined;
  const vek = carried.vek ?? veks[0];
  const chain = carried.chain ?? chains[0];
  const crl = crls[0]?.crl;
  const endorsements = {
    vendor: "amd",
    ...(vek === undefined ? {} : { vek }),
    ...(chain === undefined ? {} : { chain }),
    ...(crl === undefined ? {} : { crl }),
  } as const;
  return { endorsements, root: rootOf(chain) };
}

/** What came with the evidence; nothing when it does not even say what processor it is of. */
function carriedBy(evidence: Evidence): AmdEndorsements {
  const request = requestOf(evidence);
  return request?.vendor === "amd" ? request.carried : {};
}

function rootOfEvidence(evidence: Evidence): Uint8Array | undefined {
  return requestOf(evidence)?.rootCertificate;
}

/** Undefined when the evidence does not say what it needs, which a file may have all the same. */
function requestOf(evidence: Evidence): EndorsementRequest | undefined {
  try {
    return endorsementRequestOf(evidence);
  } catch (error) {
    const silent =
      error instanceof AttestationError &&
      (error.code === "PCK_CERT_UNAVAILABLE" || error.code === "SNP_PRODUCT_UNKNOWN");
    if (silent) return undefined;
    throw error;
  }
}

async function endorseFrom(
  bundle: CollateralBundle,
  request: EndorsementRequest,
  signal: AbortSignal,
): Promise<Endorsements> {
  const endorsements = await fetchEndorsements(lenientProvider(bundle), request, signal);
  if (endorsements.vendor === "intel" || endorsements.crl?.length !== 0) return endorsements;
  const { crl: _, ...rest } = endorsements;
  return rest;
}

/** A file need not have AMD's revocation list: that none was checked is then part of the result. */
function lenientProvider(bundle: CollateralBundle): CollateralProvider {
  const provider = bundleProvider(bundle);
  return {
    ...provider,
    async getAmdCrl(product, key, signal) {
      try {
        return await provider.getAmdCrl(product, key, signal);
      } catch (error) {
        if (collateralRefusalOf(error)?.kind === "unknown") return new Uint8Array();
        throw error;
      }
    },
  };
}

function bundleProvider(bundle: CollateralBundle): CollateralProvider {
  try {
    return createBundleProvider({ bundle });
  } catch (cause) {
    if (collateralRefusalOf(cause) === undefined) throw cause;
    throw new CliError("COLLATERAL_INVALID", "an item of the collateral is not what it should be", {
      cause,
    });
  }
}

function withRoot(
  endorsements: Endorsements,
  ofEvidence: Uint8Array | undefined,
): { readonly endorsements: Endorsements; readonly root: Uint8Array | undefined } {
  if (ofEvidence !== undefined || endorsements.vendor === "intel") {
    return { endorsements, root: ofEvidence };
  }
  return { endorsements, root: rootOf(endorsements.chain) };
}

/** The last certificate of a PEM chain, which its root claims to be. */
function rootOf(chain: string | undefined): Uint8Array | undefined {
  try {
    return chain === undefined ? undefined : parsePem(chain.split("\0", 1)[0] ?? "").at(-1)?.bytes;
  } catch (error) {
    // The verifier names what is wrong with it.
    if (error instanceof EncodingError) return undefined;
    throw error;
  }
}
