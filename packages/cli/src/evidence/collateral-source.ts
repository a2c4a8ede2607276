import { resolve } from "node:path";
import {
  AttestationError,
  type EndorsementRequest,
  type Endorsements,
  type Evidence,
  endorsementRequestOf,
} from "@carrara/attestation";
import { EncodingError, parsePem } from "@carrara/encoding";
import {
  collateralRefusalOf,
  createDcapProviderFor,
  createKdsProvider,
  createPcsProvider,
  fetchEndorsements,
  findEndorsements,
  type LoadedCollateral,
  loadCollateralBundle,
  refusalText,
  TeeError,
} from "@carrara/tee";
import { CliError } from "../cli-error.ts";
import type { CliIo } from "../cli-io.ts";
import { printable } from "../printable.ts";

/** Hosts of the vendors' own services, for messages. */
const INTEL_HOST = "api.trustedservices.intel.com";
const AMD_HOST = "kdsintf.amd.com";

/** What endorsements are wanted for. */
interface EndorsementQuestion {
  readonly evidence: Evidence;
  /** The time of verification: of several collaterals the one that is valid then counts. */
  readonly now: Date;
  readonly signal: AbortSignal;
}

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
    question: EndorsementQuestion,
    beforeFetch: (root: Uint8Array | undefined) => void,
  ): Promise<{ readonly endorsements: Endorsements; readonly root: Uint8Array | undefined }>;
}

/** Intel's and AMD's own services, or for Intel the PCCS at `url`. Throws `USAGE`. */
export function serviceSource(url: string | undefined): CollateralSource {
  const provider = { ...dcapService(url), ...createKdsProvider() };
  return {
    name: url === undefined ? "the vendors' services" : printable(url),
    async endorse({ evidence, signal }, beforeFetch) {
      const request = endorsementRequestOf(evidence);
      beforeFetch(request.rootCertificate);
      try {
        return withRoot(
          await fetchEndorsements(provider, request, signal),
          request.rootCertificate,
        );
      } catch (cause) {
        throw unanswered(cause, request, url);
      }
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

/** Who did not answer, why, and what to do about it. */
function unanswered(cause: unknown, { vendor }: EndorsementRequest, url?: string): unknown {
  if (!(cause instanceof Error) || collateralRefusalOf(cause) === undefined) return cause;
  const isIntel = vendor === "intel";
  // Not the whole URL, which may have more in it than others should read.
  const host = isIntel ? (url === undefined ? INTEL_HOST : new URL(url).host) : AMD_HOST;
  const next = `give it with --collateral FILE${isIntel ? ", or name a service with --pccs URL" : ""}`;
  const message = `${host} gave no collateral: ${refusalText(cause)}; ${next}`;
  return new TeeError("COLLATERAL_UNAVAILABLE", message, { cause });
}

/**
 * A file (or directory) of collateral; what does not count in a directory is told on standard error.
 * Throws `FILE_UNREADABLE`, `COLLATERAL_INVALID`.
 */
export async function fileSource(io: CliIo, file: string): Promise<CollateralSource> {
  const name = printable(file);
  const { bundle, skipped } = await load(io, file);
  for (const item of skipped) {
    io.stderr(
      `Warning: ${printable(`${file}/${item.name}`)} is passed over: ${printable(item.reason)}\n`,
    );
  }
  return {
    name,
    async endorse({ evidence, now }, beforeFetch) {
      const request = requestOf(evidence);
      const root = request?.rootCertificate;
      beforeFetch(root);
      const endorsements = naming(name, () => findEndorsements(bundle, evidence, now));
      if (endorsements !== undefined) return await Promise.resolve(withRoot(endorsements, root));
      const next = "name another with --collateral, or leave it out to ask the vendor's service";
      throw new TeeError(
        "COLLATERAL_UNAVAILABLE",
        `${name} has no collateral of ${platformOf(evidence, request)}; ${next}`,
      );
    },
  };
}

async function load(io: CliIo, file: string): Promise<LoadedCollateral> {
  const name = printable(file);
  try {
    return await loadCollateralBundle(resolve(io.cwd, file));
  } catch (cause) {
    if (collateralRefusalOf(cause) !== undefined) throw invalid(name, cause);
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown reason";
    const message = code === "ENOENT" ? `no such file: ${name}` : `cannot read ${name} (${code})`;
    throw new CliError("FILE_UNREADABLE", message, { cause });
  }
}

function naming<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw collateralRefusalOf(cause) === undefined ? cause : invalid(name, cause);
  }
}

function invalid(name: string, cause: unknown): CliError {
  const reason = cause instanceof Error ? refusalText(cause) : String(cause);
  return new CliError("COLLATERAL_INVALID", `${name} cannot be used: ${reason}`, { cause });
}

/** What the collateral must be of, for people. */
function platformOf(evidence: Evidence, request: EndorsementRequest | undefined): string {
  if (request === undefined) return `${evidence.tee} platforms that do not name themselves`;
  if (request.vendor === "amd") return `this ${request.product} chip or provider (${request.key})`;
  return `${request.tee} platforms of fmspc ${request.fmspc} (${request.ca} ca)`;
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

/** The root of the chain that is verified: of a quote its own, of a report that of its endorsements. */
function withRoot(
  endorsements: Endorsements,
  ofEvidence: Uint8Array | undefined,
): { readonly endorsements: Endorsements; readonly root: Uint8Array | undefined } {
  if (endorsements.vendor === "amd") {
    return { endorsements, root: rootOf(endorsements.chain) ?? ofEvidence };
  }
  return { endorsements, root: ofEvidence ?? rootOf(endorsements.collateral.pckCertChain) };
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
