import {
  type AmdEndorsementsText,
  AttestationError,
  amdEndorsementsOfText,
  type Endorsements,
} from "@carrara/attestation";
import { equalBytes, fromHex, toBase64, toHex, utf8 } from "@carrara/encoding";
import {
  encodeGoJson,
  goArray,
  goBytes,
  goInt,
  goMap,
  goNullable,
  goObject,
  goString,
  ManifestError,
  readGoJson,
} from "@carrara/manifest";
import { ClientError } from "./error.ts";
import { type MarbleRoutes, marbleRoutes } from "./marble-routes.ts";
import { type RecoveryRoutes, recoveryRoutes } from "./recovery-routes.ts";
import { createRouteCaller } from "./route-caller.ts";
import { type SecretRoutes, secretRoutes } from "./secret-routes.ts";
import type { ClientIdentity, ServerTrust, Transport } from "./transport.ts";
import { type UpdateRoutes, updateRoutes } from "./update-routes.ts";

/** The Coordinator's state (spec marblerun section 1.4). */
export interface CoordinatorStatus {
  /** 1 recovery, 2 accepting a manifest, 3 accepting marbles. */
  readonly code: number;
  readonly message: string;
}

/** The manifest in force. */
export interface ActiveManifest {
  /** The bytes that were set. */
  readonly manifest: Uint8Array;
  /** Lower-case hex SHA-256 of `manifest`, recomputed here. */
  readonly fingerprint: string;
  /** ECDSA by the Root key over the fingerprint, DER. */
  readonly signature: Uint8Array;
}

/** A Coordinator's evidence as it travels; nothing in it is verified. */
export interface CoordinatorQuote {
  /** Intermediate, then Root, as PEM. */
  readonly chainPem: string;
  /** In Open Enclave form; undefined outside an enclave. */
  readonly quote: Uint8Array | undefined;
}

/** The client REST API of one Coordinator, v2 with v1 as fallback for old servers. */
export interface CoordinatorClient
  extends UpdateRoutes,
    SecretRoutes,
    RecoveryRoutes,
    MarbleRoutes {
  /** Throws the transport's codes and `SERVER_REFUSED`, as all methods do. */
  status(signal?: AbortSignal): Promise<CoordinatorStatus>;
  /** Also throws `MANIFEST_NOT_SET`. */
  getManifest(signal?: AbortSignal): Promise<ActiveManifest>;
  /** Sets the first manifest; resolves with recovery secrets by key name. */
  setManifest(manifest: Uint8Array, signal?: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>>;
  getQuote(nonce?: Uint8Array, signal?: AbortSignal): Promise<CoordinatorQuote>;
  /** The endorsements for the Coordinator's quote; undefined when the server has no such route. */
  getEndorsements(
    vendor: Endorsements["vendor"],
    signal?: AbortSignal,
  ): Promise<Endorsements | undefined>;
  /** What the server says is its version, unverified; undefined when it does not say. */
  getVersion(signal?: AbortSignal): Promise<string | undefined>;
  /** Lines of the update log, each a JSON document. */
  getUpdateLog(signal?: AbortSignal): Promise<readonly string[]>;
}

const statusV2 = goObject({ code: goInt, message: goString });
const statusV1 = goObject({ statusCode: goInt, statusMessage: goString });
const manifestV2 = goObject({
  manifestSignatureRootECDSA: goBytes,
  manifestFingerprint: goString,
  manifest: goBytes,
});
const manifestV1 = goObject({
  manifestSignatureRootECDSA: goBytes,
  manifestSignature: goString,
  manifest: goBytes,
});
const recoverySecrets = goObject({ recoverySecrets: goMap(goBytes) });
const quote = goObject({ cert: goString, quote: goNullable(goBytes) });
const updateLog = goObject({ updateLog: goArray(goString) });
const openApi = goObject({ info: goObject({ version: goString }) });
const collateralFields = goObject({
  tcbInfo: goString,
  tcbInfoIssuerChain: goString,
  qeIdentity: goString,
  qeIdentityIssuerChain: goString,
  pckCrl: goString,
  pckCrlIssuerChain: goString,
  rootCaCrl: goString,
  pckCertChain: goNullable(goString),
});

const amdFields = goObject({
  vek: goNullable(goString),
  chain: goNullable(goString),
  crl: goNullable(goString),
});

type Nullable<T> = { readonly [Name in keyof T]-?: T[Name] | undefined };

/** Members that are null in JSON are left out. */
function readAmd({ vek, chain, crl }: Nullable<AmdEndorsementsText>): Endorsements {
  try {
    return amdEndorsementsOfText({
      ...(vek === undefined ? {} : { vek }),
      ...(chain === undefined ? {} : { chain }),
      ...(crl === undefined ? {} : { crl }),
    });
  } catch (cause) {
    if (!(cause instanceof AttestationError)) throw cause;
    throw new ClientError("RESPONSE_INVALID", "the Coordinator's endorsements are malformed", {
      cause,
    });
  }
}

/** Creates a client over `transport`; sends nothing yet. */
export function createCoordinatorClient(options: {
  readonly transport: Transport;
  readonly trust: ServerTrust;
  /** Needed by the calls that authenticate a user or a marble. */
  readonly identity?: ClientIdentity | undefined;
}): CoordinatorClient {
  const caller = createRouteCaller(options);
  return {
    ...updateRoutes(caller),
    ...secretRoutes(caller),
    ...recoveryRoutes(caller),
    ...marbleRoutes(caller),

    async status(signal) {
      const v2 = await caller.try(
        { method: "GET", path: "/api/v2/status", decoder: statusV2 },
        signal,
      );
      if (v2 !== undefined) return v2;
      const v1 = await caller.must({ method: "GET", path: "/status", decoder: statusV1 }, signal);
      return { code: v1.statusCode, message: v1.statusMessage };
    },

    async getManifest(signal) {
      const v2 = await manifestOrUnset(() =>
        caller.try({ method: "GET", path: "/api/v2/manifest", decoder: manifestV2 }, signal),
      );
      if (v2 !== undefined) {
        return await activeManifest(
          v2.manifest,
          v2.manifestFingerprint,
          v2.manifestSignatureRootECDSA,
        );
      }
      const v1 = await caller.must(
        { method: "GET", path: "/manifest", decoder: manifestV1 },
        signal,
      );
      return await activeManifest(v1.manifest, v1.manifestSignature, v1.manifestSignatureRootECDSA);
    },

    async setManifest(manifest, signal) {
      const body = utf8(encodeGoJson({ manifest }));
      const decoder = recoverySecrets;
      const v2 = await caller.try(
        { method: "POST", path: "/api/v2/manifest", body, decoder },
        signal,
      );
      const data =
        v2 ??
        (await caller.must({ method: "POST", path: "/manifest", body: manifest, decoder }, signal));
      return data.recoverySecrets;
    },

    async getQuote(nonce, signal) {
      const v2 = await caller.try(
        { method: "GET", path: `/api/v2/quote${nonceQuery(nonce)}`, decoder: quote },
        signal,
      );
      const data =
        v2 ?? (await caller.must({ method: "GET", path: "/quote", decoder: quote }, signal));
      return { chainPem: data.cert, quote: data.quote };
    },

    async getEndorsements(vendor, signal) {
      const route = { method: "GET", path: "/api/v2/collateral" } as const;
      if (vendor === "amd") {
        const text = await caller.try({ ...route, decoder: amdFields }, signal);
        return text && readAmd(text);
      }
      const data = await caller.try({ ...route, decoder: collateralFields }, signal);
      if (data === undefined) return undefined;
      const { pckCertChain, ...bodies } = data;
      const collateral = pckCertChain === undefined ? bodies : { ...bodies, pckCertChain };
      return { vendor, collateral };
    },

    async getVersion(signal) {
      const path = "/api/v2/openapi.json";
      const trusting = { trust: options.trust, signal };
      const response = await options.transport({ method: "GET", path, ...trusting });
      if (response.status === 200) return versionIn(response.body);
      return undefined;
    },

    async getUpdateLog(signal) {
      const v2 = await caller.try(
        { method: "GET", path: "/api/v2/update", decoder: updateLog },
        signal,
      );
      if (v2 !== undefined) return v2.updateLog;
      const v1 = await caller.must({ method: "GET", path: "/update", decoder: goString }, signal);
      return v1.split("\n").filter((line) => line !== "");
    },
  };
}

/** The version of an OpenAPI document, which comes without an envelope. */
function versionIn(document: Uint8Array): string | undefined {
  try {
    return readGoJson(document, openApi, "whole").info.version || undefined;
  } catch (cause) {
    if (!(cause instanceof ManifestError)) throw cause;
    throw new ClientError("RESPONSE_INVALID", "the API description is malformed", { cause });
  }
}

/** Base64url with padding, as Go's URLEncoding reads it; empty without a nonce. */
function nonceQuery(nonce: Uint8Array | undefined): string {
  if (nonce === undefined || nonce.length === 0) return "";
  const text = toBase64(nonce).replaceAll("+", "-").replaceAll("/", "_");
  return `?nonce=${encodeURIComponent(text)}`;
}

/** Turns the Coordinator's 500 for "no manifest" (section 2.4) into our code. */
async function manifestOrUnset<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof ClientError && cause.message.includes("requested value not set")) {
      throw notSet({ cause });
    }
    throw cause;
  }
}

function notSet(options?: ErrorOptions): ClientError {
  return new ClientError("MANIFEST_NOT_SET", "the Coordinator has no manifest yet", options);
}

async function activeManifest(
  manifest: Uint8Array,
  fingerprint: string,
  signature: Uint8Array,
): Promise<ActiveManifest> {
  if (manifest.length === 0 && fingerprint === "") throw notSet();
  const own = await manifestFingerprint(manifest);
  if (!/^[0-9a-fA-F]{64}$/.test(fingerprint) || !equalBytes(fromHex(own), fromHex(fingerprint))) {
    throw new ClientError(
      "RESPONSE_INVALID",
      `manifest has the fingerprint ${own}, the Coordinator named another`,
    );
  }
  return { manifest, fingerprint: own, signature };
}

/** Lower-case hex SHA-256 over the exact bytes of a manifest (spec marblerun section 2.7). */
export async function manifestFingerprint(manifest: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", Uint8Array.from(manifest));
  return toHex(new Uint8Array(digest));
}
