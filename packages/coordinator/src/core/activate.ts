import type { KeyObject } from "node:crypto";
import type { Marble, Package } from "@carrara/manifest";
import { type CertificateRequest, PkiError, parseCertificateRequest } from "@carrara/pki";
import { CoordinatorError } from "../error.ts";
import { issueMarbleCertificate } from "./marble-certificate.ts";
import { type MarbleParameters, marbleParameters } from "./marble-parameters.ts";
import { secretsOfMarble } from "./marble-secrets.ts";
import { type QuoteClaims, requireAcceptedQuote } from "./quote-policy.ts";
import { type RenewalProof, requireRenewal } from "./renewal.ts";
import { requestVerifier } from "./request-signature.ts";
import type { MeshState, RunningState } from "./state.ts";
import { canonicalUuid } from "./uuid.ts";

/** What a Marble sends (section 3.2); all of it is attacker-controlled. */
export interface ActivationRequest {
  /** DER of the TLS client certificate, whose key the peer has proved to own. */
  readonly peerCertificate: Uint8Array;
  /** The key in the certificate as TLS has read it, as long as TLS knows. */
  readonly peerKey?: () => KeyObject | undefined;
  /** Open Enclave form; empty without attestation. */
  readonly quote: Uint8Array;
  /** DER PKCS#10. */
  readonly csr: Uint8Array;
  readonly marbleType: string;
  readonly uuid: string;
  /** Makes it the renewal of a Marble that runs, which is not counted. */
  readonly renewal?: RenewalProof;
}

/** What {@link activateMarble} needs beside the state. */
export interface ActivationContext {
  readonly now: Date;
  readonly randomBytes: (length: number) => Uint8Array;
  /** Verifies a quote; throws `QUOTE_INVALID` or `COLLATERAL_UNAVAILABLE`. */
  readonly verifyQuote: (quote: Uint8Array) => Promise<QuoteClaims>;
  /** Whether an empty quote is let through. */
  readonly acceptUnattested: boolean;
  /** Runs a step, for whoever measures them. */
  readonly step: <T>(name: string, work: () => Promise<T> | T) => Promise<T>;
}

/** A decided activation; with `limited` it must be counted before the reply leaves. */
export interface Activation {
  readonly parameters: MarbleParameters;
  readonly uuid: string;
  readonly packageName: string;
  readonly limited: boolean;
  /** What was verified, or undefined for a Marble without quote. */
  readonly quote: QuoteClaims | undefined;
}

/**
 * Decides an activation in the order of section 3.3. Throws `ACTIVATION_STATE`,
 * `MARBLE_TYPE_UNKNOWN`, `PACKAGE_UNKNOWN`, `QUOTE_…`, `PACKAGE_…`, `ACTIVATION_LIMIT`,
 * `UUID_INVALID`, `CSR_INVALID`, `SECRET_INVALID`, `PARAMETERS_INVALID`. A renewal passes the same
 * checks but for the limit, and throws `MARBLE_UNAUTHORIZED` and `FEATURE_DISABLED` too.
 */
export async function activateMarble(
  before: MeshState,
  request: ActivationRequest,
  context: ActivationContext,
): Promise<Activation> {
  const state = requireActivating(before);
  const { marbleType } = request;
  const { marble, pkg } = findMarble(state, marbleType);
  const quote = await checkQuote(request, pkg, context);
  const { renewal } = request;
  if (renewal === undefined) requireBudget(state, marbleType, marble);
  const uuid = canonicalUuid(request.uuid);
  const named = { ...request, uuid };
  if (renewal !== undefined)
    await requireRenewal(state, marble, { ...named, renewal }, context.now);
  const parameters = await context.step(
    "issue",
    async () => await issue(state, marble, named, context),
  );
  return {
    parameters,
    uuid,
    packageName: marble.package,
    limited: renewal === undefined && marble.maxActivations > 0,
    quote,
  };
}

/** Certificate, secrets and rendered parameters of a Marble that is let in. */
async function issue(
  state: RunningState,
  marble: Marble,
  activation: ActivationRequest,
  context: ActivationContext,
): Promise<MarbleParameters> {
  const { authority, deployment } = state;
  const { marbleType, uuid } = activation;
  const request = await readRequest(activation);
  const identity = { marbleType, uuid, disableSecretBinding: marble.disableSecretBinding };
  const [credentials, secrets] = await Promise.all([
    issueMarbleCertificate(authority, request, { uuid, marbleType, now: context.now }),
    secretsOfMarble(state, identity, { ...context, authority }),
  ]);
  const material = { authority, credentials, secrets };
  return marbleParameters(deployment.manifest, marbleType, marble, material);
}

/**
 * Counts one activation of `marbleType`, checking the limit again because others may have been
 * counted meanwhile. Throws `ACTIVATION_LIMIT`, `ACTIVATION_STATE`.
 */
export function countActivation(before: MeshState, marbleType: string): MeshState {
  const state = requireActivating(before);
  requireBudget(state, marbleType, findMarble(state, marbleType).marble);
  const count = (state.activations.get(marbleType) ?? 0) + 1;
  return { ...state, activations: new Map(state.activations).set(marbleType, count) };
}

function requireActivating(state: MeshState): RunningState {
  const { deployment } = state;
  if (state.phase !== "accepting-marbles" || deployment === undefined) {
    throw new CoordinatorError("ACTIVATION_STATE", "cannot accept marbles in current state");
  }
  return { ...state, deployment };
}

function findMarble(state: RunningState, type: string): { marble: Marble; pkg: Package } {
  const { marbles, packages } = state.deployment.manifest;
  const marble = marbles.get(type);
  if (marble === undefined) {
    throw new CoordinatorError("MARBLE_TYPE_UNKNOWN", "the manifest has no such marble type");
  }
  const pkg = packages.get(marble.package);
  if (pkg === undefined) {
    throw new CoordinatorError(
      "PACKAGE_UNKNOWN",
      "the manifest has no package for the marble type",
    );
  }
  return { marble, pkg };
}

async function checkQuote(
  { quote, peerCertificate }: ActivationRequest,
  pkg: Package,
  context: ActivationContext,
): Promise<QuoteClaims | undefined> {
  if (quote.length === 0) {
    if (context.acceptUnattested) return undefined;
    throw new CoordinatorError("QUOTE_MISSING", "the marble sent no quote");
  }
  const { step, verifyQuote } = context;
  const verified = await step("verify quote", async () => await verifyQuote(quote));
  await step("appraise", () => requireAcceptedQuote(verified, pkg, peerCertificate));
  return verified;
}

function requireBudget(state: RunningState, type: string, { maxActivations }: Marble): void {
  if (maxActivations > 0 && (state.activations.get(type) ?? 0) >= maxActivations) {
    throw new CoordinatorError(
      "ACTIVATION_LIMIT",
      `reached max activations count (${maxActivations}) for marble type ${type}`,
    );
  }
}

async function readRequest({ csr, ...peer }: ActivationRequest): Promise<CertificateRequest> {
  try {
    return await parseCertificateRequest(csr, requestVerifier(peer));
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new CoordinatorError("CSR_INVALID", `certificate request: ${cause.message}`, { cause });
  }
}
