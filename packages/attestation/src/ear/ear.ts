import { toBase64Url } from "../base64url.ts";
import {
  type EarStatus,
  type EarSubject,
  statusOf,
  type TrustworthinessVector,
  trustworthinessOf,
} from "./trustworthiness.ts";

/** Profile of draft-ietf-rats-ear as Veraison and Trustee name it. */
export const EAR_PROFILE = "tag:github.com,2023:veraison/ear";
/** Bytes of a nonce that `eat_nonce` may have (RFC 9711 section 4.1). */
const NONCE_BYTES = { min: 8, max: 64 };

/** One submodule of an EAR. */
export interface EarSubmodule {
  readonly "ear.status": EarStatus;
  readonly "ear.trustworthiness-vector": TrustworthinessVector;
  readonly "ear.appraisal-policy-id": string;
  /** RFC 9711 section 4.2.9. */
  readonly dbgstat: "enabled" | "disabled-since-boot";
  /** This project's own: what the evidence says, `assurance` first. */
  readonly "carrara.evidence": {
    readonly assurance: string;
    readonly tee: string;
    readonly status?: string;
    readonly advisoryIds: readonly string[];
    readonly warnings: readonly string[];
    readonly violations: readonly string[];
    readonly deviations: readonly string[];
  };
}

/** What every EAR says, whoever made it. */
export interface EarFrame<Submodule> {
  readonly eat_profile: typeof EAR_PROFILE;
  /** Seconds since 1970. */
  readonly iat: number;
  readonly exp?: number;
  /** Base64url. */
  readonly eat_nonce?: string;
  readonly "ear.verifier-id": { readonly developer: string; readonly build: string };
  readonly submods: Readonly<Record<string, Submodule>>;
}

/** An EAT attestation result of this project (section 6.4). */
export type EarClaims = EarFrame<EarSubmodule>;

/** What an EAR is made of. */
export interface EarInput {
  readonly developer: string;
  /** Name and version of the verifier; `simulation` is added when a subject is one. */
  readonly build: string;
  /** By name of the submodule; at least one. */
  readonly subjects: ReadonlyMap<string, EarSubject>;
  readonly issuedAt: Date;
  readonly expiresAt?: Date;
  /** 8 to 64 bytes, the relying party's. */
  readonly nonce?: Uint8Array;
}

/** The result of an appraisal as EAR claims. Throws a TypeError without subjects or for a nonce of another size. */
export function toEar(input: EarInput): EarClaims {
  const { developer, build, subjects, issuedAt, expiresAt, nonce } = input;
  if (subjects.size === 0) throw new TypeError("an attestation result needs a subject");
  const simulated = [...subjects.values()].some(
    ({ evidence }) => evidence.assurance !== "hardware",
  );
  const marked = simulated && !build.includes("simulation") ? `${build} simulation` : build;
  const submods = [...subjects].map(([name, subject]) => [name, submoduleOf(subject)] as const);
  return {
    eat_profile: EAR_PROFILE,
    iat: secondsOf(issuedAt),
    ...(expiresAt && { exp: secondsOf(expiresAt) }),
    ...(nonce && { eat_nonce: nonceText(nonce) }),
    "ear.verifier-id": { developer, build: marked },
    submods: Object.fromEntries(submods),
  };
}

function submoduleOf(subject: EarSubject): EarSubmodule {
  const { evidence, violations, policyId, deviations = [] } = subject;
  const { assurance, tee, status, advisoryIds = [], warnings = [], remarks = [], debug } = evidence;
  const vector = trustworthinessOf(subject);
  return {
    // A vector cannot say that somebody wanted other code than the one it does not recognise.
    "ear.status": violations.length > 0 ? "contraindicated" : statusOf(vector),
    "ear.trustworthiness-vector": vector,
    "ear.appraisal-policy-id": policyId,
    dbgstat: debug ? "enabled" : "disabled-since-boot",
    "carrara.evidence": {
      assurance,
      tee,
      ...(status !== undefined && { status }),
      advisoryIds,
      warnings: [...warnings, ...remarks],
      violations: violations.map(({ code }) => code),
      deviations,
    },
  };
}

function secondsOf(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

function nonceText(nonce: Uint8Array): string {
  const { min, max } = NONCE_BYTES;
  if (nonce.length < min || nonce.length > max) {
    throw new TypeError(`nonce has ${nonce.length} bytes, ${min} to ${max} needed`);
  }
  return toBase64Url(nonce);
}
