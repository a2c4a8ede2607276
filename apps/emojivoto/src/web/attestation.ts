import { X509Certificate } from "node:crypto";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import type { Environment } from "../service/settings.ts";

/** How strongly the platform protects the program. Only evidence can show `hardware`; a page cannot. */
type Assurance = "hardware" | "simulation" | "unknown";

/** The identity of one program, as far as it is known. */
interface ImageFacts {
  /** 64 hex digits. */
  readonly uniqueId: string | null;
  /** 64 hex digits. */
  readonly signerId: string | null;
  readonly productId: number | null;
  readonly securityVersion: number | null;
}

/** What the badge of the page shows: claims to compare with what `carrara manifest verify` prints, no proof. */
export interface AttestationFacts {
  readonly assurance: Assurance;
  /** The sentence that every result resting on a simulated platform carries. */
  readonly warning: string | null;
  readonly image: ImageFacts;
  readonly coordinator: ImageFacts;
  /** SHA-256 of the Coordinator's root certificate, 64 hex digits. */
  readonly coordinatorRootSha256: string | null;
  /** Subjects of the marble's certificate and its issuers, the marble's first. */
  readonly certificateChainSubjects: readonly string[];
}

/** What the platform or manifest tells in `CARRARA_ATTESTATION_JSON`. */
const FACTS_VARIABLE = "CARRARA_ATTESTATION_JSON";
/** Bounds what the host can make web parse. */
const MAX_FACTS_CHARACTERS = 16_384;
const SIMULATION_WARNING = "SIMULATION: not protected by hardware";
const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Reads what the runtime handed to the marble. Throws `ATTESTATION_MALFORMED`. */
export function attestationFactsOf(env: Environment): AttestationFacts {
  const {
    MARBLE_PREDEFINED_COORDINATOR_ROOT_CA: rootPem = "",
    MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN: chainPem = "",
  } = env;
  const told = toldFacts(env[FACTS_VARIABLE] ?? "");
  const assurance = assuranceOf(told.assurance);
  const [root] = certificatesOf(rootPem);
  const chain = certificatesOf(chainPem);
  return {
    assurance,
    warning: assurance === "simulation" ? SIMULATION_WARNING : null,
    image: imageOf(told),
    coordinator: imageOf(recordOf(told.coordinator)),
    coordinatorRootSha256: root === undefined ? null : sha256Of(root),
    certificateChainSubjects: chain.map(({ subject }) => subject.replaceAll("\n", ", ")),
  };
}

/** Claims of the host, each of any type until looked at. */
interface Told {
  readonly assurance?: unknown;
  readonly coordinator?: unknown;
  readonly measurement?: unknown;
  readonly productId?: unknown;
  readonly securityVersion?: unknown;
  readonly signer?: unknown;
}

function toldFacts(text: string): Told {
  if (text === "") return {};
  if (text.length > MAX_FACTS_CHARACTERS) throw malformed(`${FACTS_VARIABLE} is too long`);
  try {
    return recordOf(JSON.parse(text));
  } catch (cause) {
    throw malformed(`${FACTS_VARIABLE} is not JSON`, cause);
  }
}

function imageOf(told: Told): ImageFacts {
  return {
    uniqueId: hexOf(told.measurement),
    signerId: hexOf(told.signer),
    productId: numberOf(told.productId),
    securityVersion: numberOf(told.securityVersion),
  };
}

function recordOf(value: unknown): Told {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
  return isRecord ? { ...value } : {};
}

function assuranceOf(value: unknown): Assurance {
  return value === "hardware" || value === "simulation" ? value : "unknown";
}

function hexOf(value: unknown): string | null {
  return typeof value === "string" && /^(?:[0-9a-f]{64}|[0-9a-f]{96})$/i.test(value)
    ? value.toLowerCase()
    : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : null;
}

function certificatesOf(pem: string): readonly X509Certificate[] {
  try {
    return (pem.match(PEM_BLOCK) ?? []).map((block) => new X509Certificate(block));
  } catch (cause) {
    throw malformed("a certificate of the marble is not readable", cause);
  }
}

function sha256Of(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(":", "").toLowerCase();
}

function malformed(what: string, cause?: unknown): EmojivotoError {
  return new EmojivotoError("ATTESTATION_MALFORMED", what, { cause });
}
