import { toBase64 } from "@carrara/encoding";
import {
  type GoJsonValue,
  goBytes,
  goObject,
  goString,
  goUint64,
  secretJson,
} from "@carrara/manifest";
import type { Coordinator } from "../../coordinator.ts";
import type { Deployment } from "../../core/deployment.ts";
import { userSecretsDecoder } from "../../core/user-secrets.ts";
import { CoordinatorError } from "../../error.ts";
import { MalformedRequestError } from "./envelope.ts";
import { type ApiRequest, readBase64Url, readBody } from "./request.ts";
import {
  acknowledgmentData,
  CANCELLED,
  forecastData,
  isDryRun,
  pendingData,
  updateData,
} from "./update-answers.ts";

/** A route: returns the data of the success envelope, or throws. */
export type RouteHandler = (request: ApiRequest) => Promise<GoJsonValue> | GoJsonValue;

/** Where a handler is and how much it reads. */
export interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly maxBodyBytes: number;
  readonly handle: RouteHandler;
}

/** Largest manifest, in bytes: it may carry whole files. */
export const MAX_MANIFEST_BYTES: number = 4 * 1024 * 1024;
/** The same in base64 inside JSON. */
const MAX_MANIFEST_BODY_BYTES = Math.ceil((MAX_MANIFEST_BYTES * 4) / 3) + 1024;
/** Largest upload of secrets, in bytes. */
export const MAX_SECRETS_BODY_BYTES: number = 1024 * 1024;
/** Largest recovery request, in bytes (section 2.4). */
export const MAX_RECOVERY_BODY_BYTES = 20_480;
/** Quotes and counter requests are far below, in bytes. */
const MAX_SMALL_BODY_BYTES = 64 * 1024;

const manifestBody = goObject({ manifest: goBytes });
const secretsBody = goObject({ secrets: userSecretsDecoder });
const recoverBody = goObject({ recoverySecret: goBytes, recoverySecretSignature: goBytes });
const signQuoteBody = goObject({ sgxQuote: goBytes });
const counterBody = goObject({ name: goString, value: goUint64 });

/** The routes of `/api/v2` (spec marblerun section 2.4). */
export function routesV2(coordinator: Coordinator): readonly Route[] {
  const get = (path: string, handle: RouteHandler): Route => ({
    method: "GET",
    path: `/api/v2/${path}`,
    maxBodyBytes: 0,
    handle,
  });
  const post = (path: string, maxBodyBytes: number, handle: RouteHandler): Route => ({
    method: "POST",
    path: `/api/v2/${path}`,
    maxBodyBytes,
    handle,
  });
  const user = ({ clientCertificate }: ApiRequest) =>
    coordinator.authenticateUser(clientCertificate);
  return [
    get("status", () => ({ ...coordinator.status() })),
    get("manifest", manifestReader(coordinator)),
    post("manifest", MAX_MANIFEST_BODY_BYTES, async ({ body }) => {
      const { manifest } = readBody(body, manifestBody, "stream");
      return { RecoverySecrets: await coordinator.setManifest(manifest) };
    }),
    get("quote", async ({ query }) => {
      const nonce = readBase64Url(query("nonce")[0] ?? "");
      const { certificateChain, quote } = await coordinator.quote(nonce);
      return { cert: certificateChain, quote: quote ?? null };
    }),
    get("collateral", async () => ({ ...(await coordinator.collateral()) })),
    get("update", () => ({ updateLog: coordinator.updateLog() })),
    post("update", MAX_MANIFEST_BODY_BYTES, async (request) => {
      const authenticated = user(request);
      const { manifest } = readBody(request.body, manifestBody, "stream");
      return isDryRun(request)
        ? forecastData(await coordinator.forecastUpdate(authenticated, manifest))
        : updateData(await coordinator.updateManifest(authenticated, manifest));
    }),
    get("secrets", (request) => {
      const authenticated = user(request);
      const names = request.query("s");
      if (names.length === 0 || names.includes("")) {
        throw new CoordinatorError("REQUEST_MALFORMED", "query parameter s names no secret");
      }
      const secrets = coordinator.readSecrets(authenticated, names);
      return { secrets: new Map([...secrets].map(([name, value]) => [name, secretJson(value)])) };
    }),
    post("secrets", MAX_SECRETS_BODY_BYTES, async (request) => {
      const authenticated = user(request);
      const { secrets } = readBody(request.body, secretsBody, "stream");
      await coordinator.writeSecrets(authenticated, secrets);
      return null;
    }),
    post("recover", MAX_RECOVERY_BODY_BYTES, async ({ body }) => {
      const fields = readBody(body, recoverBody, "stream");
      const { recoverySecret, recoverySecretSignature } = fields;
      const remaining = await coordinator.recover(recoverySecret, recoverySecretSignature);
      return { remaining, message: recoveryMessage(remaining) };
    }),
    get("recover/public-key", async () => ({
      algorithm: "RSA",
      ephemeralPublicKey: await coordinator.recoveryPublicKey(),
    })),
    get("update-manifest", () => pendingData(coordinator.pendingUpdate())),
    post("update-manifest", MAX_MANIFEST_BODY_BYTES, async (request) => {
      const authenticated = user(request);
      const { manifest } = readBody(request.body, manifestBody, "stream");
      return acknowledgmentData(await coordinator.acknowledgeUpdate(authenticated, manifest));
    }),
    post("update-cancel", MAX_SMALL_BODY_BYTES, async (request) => {
      await coordinator.cancelUpdate(user(request));
      return { message: CANCELLED };
    }),
    post(
      "sign-quote",
      MAX_SMALL_BODY_BYTES,
      async ({ body }) => await signQuote(coordinator, body),
    ),
    post("monotonic-counter", MAX_SMALL_BODY_BYTES, async ({ body, clientCertificate }) => {
      const owner = await coordinator.authenticateMarble(clientCertificate);
      const { name, value } = readBody(body, counterBody, "stream");
      return { value: await coordinator.advanceCounter(owner, name, value) };
    }),
  ];
}

/** The manifest's answer, put into base64 once: that costs four times as much as all else. */
function manifestReader(coordinator: Coordinator): () => GoJsonValue {
  let latest: { readonly of: Deployment; readonly data: GoJsonValue } | undefined;
  return () => {
    const deployment = coordinator.deployment();
    if (deployment === undefined) {
      throw new CoordinatorError("MANIFEST_UNSET", "requested value not set");
    }
    if (latest?.of !== deployment) latest = { of: deployment, data: manifestData(deployment) };
    return latest.data;
  };
}

function manifestData({ signature, fingerprint, manifestBytes }: Deployment): GoJsonValue {
  return {
    manifestSignatureRootECDSA: toBase64(signature),
    manifestFingerprint: fingerprint,
    manifest: toBase64(manifestBytes),
  };
}

function recoveryMessage(remaining: number): string {
  return remaining === 0
    ? "Recovery successful."
    : `Secret was processed successfully. Upload the next secret. Remaining secrets: ${remaining}`;
}

async function signQuote(coordinator: Coordinator, body: Uint8Array): Promise<GoJsonValue> {
  coordinator.requireSignQuote();
  const refuse = (cause: unknown): never => {
    if (!(cause instanceof CoordinatorError)) throw cause;
    const known = cause.code === "REQUEST_MALFORMED" || cause.code === "QUOTE_INVALID";
    if (!known) throw cause;
    const message = `failed to verify the quote: ${cause.message}`;
    throw new MalformedRequestError(message, { sgxQuote: cause.message }, { cause });
  };
  try {
    const { sgxQuote } = readBody(body, signQuoteBody, "stream");
    const { tcbStatus, signature } = await coordinator.signQuote(sgxQuote);
    return { tcbStatus, verificationSignature: signature };
  } catch (cause) {
    return refuse(cause);
  }
}
