import { RECOVERY_SECRETS } from "./components.ts";
import type { Operation, QueryParameter } from "./operation.ts";
import {
  bytes,
  bytesOrNull,
  count,
  flag,
  type JsonSchema,
  listOf,
  listOrNull,
  mapOf,
  oneOf,
  record,
  reference,
  text,
} from "./schema.ts";

const MANIFEST_BODY = record({ manifest: bytes("The manifest, byte for byte") });
const USERS = listOrNull({ type: "string" }, "Users who have not yet acknowledged");
const MISSING = count("How many users still have to acknowledge");
const NO_DATA: JsonSchema = { type: "null" };

/** The query parameter of both versions that names secrets. */
export const SECRET_NAMES: QueryParameter = {
  name: "s",
  description: "Name of a secret; repeated for several",
  required: true,
  schema: listOf({ type: "string" }, "Names"),
};

/** The update that waits; the same in both versions. */
export const PENDING_UPDATE: JsonSchema = record({
  manifest: bytes("The pending manifest"),
  message: text("How many acknowledgements are missing"),
  missingUsers: listOf({ type: "string" }, "Users who have not yet acknowledged"),
});

/** What the routes of `/api/v2` mean (spec marblerun section 2.4), by method and path. */
export const OPERATIONS_V2: Readonly<Record<string, Operation>> = {
  "GET /api/v2/openapi.json": {
    id: "getOpenApi",
    summary: "This document, without an envelope",
    tag: "State",
    refusals: [],
  },
  "GET /api/v2/status": {
    id: "getStatus",
    summary: "The state of the Coordinator",
    tag: "State",
    data: record({
      code: {
        type: "integer",
        minimum: 1,
        maximum: 3,
        description: "1 recovery, 2 accepting a manifest, 3 accepting marbles",
      },
      message: text("The same for people"),
    }),
    refusals: [500],
  },
  "GET /api/v2/manifest": {
    id: "getManifest",
    summary: "The manifest in force, signed by the root key",
    tag: "Manifest",
    data: record({
      manifestSignatureRootECDSA: bytes("ASN.1 ECDSA over the manifest's SHA-256"),
      manifestFingerprint: {
        type: "string",
        pattern: "^[0-9a-f]{64}$",
        description: "SHA-256 of the manifest",
      },
      manifest: bytes("The manifest as it was set"),
    }),
    refusals: [500],
  },
  "POST /api/v2/manifest": {
    id: "setManifest",
    summary: "Sets the first manifest, or a new one in recovery mode",
    tag: "Manifest",
    body: MANIFEST_BODY,
    data: record({ RecoverySecrets: RECOVERY_SECRETS }),
    refusals: [400, 500],
  },
  "GET /api/v2/quote": {
    id: "getQuote",
    summary: "Evidence of the Coordinator, over its root certificate",
    tag: "Attestation",
    query: [
      {
        name: "nonce",
        description: "URL-safe base64 with padding; the evidence is made anew and covers it",
        required: false,
        schema: { type: "string", pattern: "^[A-Za-z0-9_-]*={0,2}$" },
      },
    ],
    data: record({
      cert: text("PEM of the intermediate, then of the root"),
      quote: bytesOrNull("The evidence; null where none could be made and that is tolerated"),
    }),
    refusals: [400, 500],
  },
  "GET /api/v2/collateral": {
    id: "getCollateral",
    summary: "What verifies the Coordinator's evidence",
    tag: "Attestation",
    data: { anyOf: [reference("IntelCollateral"), reference("AmdEndorsements")] },
    refusals: [500],
  },
  "GET /api/v2/update": {
    id: "getUpdateLog",
    summary: "What has been changed since the manifest was set",
    tag: "Updates",
    data: record({
      updateLog: listOf({ type: "string" }, "One JSON document a line, oldest first"),
    }),
    refusals: [500],
  },
  "POST /api/v2/update": {
    id: "updateManifest",
    summary: "Updates packages, or proposes a new manifest",
    tag: "Updates",
    security: "userCertificate",
    query: [
      {
        name: "dryRun",
        description: "Checks everything, changes nothing and says what would happen",
        required: false,
        schema: { type: "boolean" },
      },
    ],
    body: MANIFEST_BODY,
    data: record(
      { missingAcknowledgments: MISSING, missingUsers: USERS },
      {
        recoverySecrets: RECOVERY_SECRETS,
        dryRun: flag("True for a dry run, else absent"),
        kind: oneOf("Which kind of update; of a dry run only", "package", "full"),
        renewedRecoveryKeys: listOf({ type: "string" }, "Keys that would get new secrets"),
        changes: listOf(reference("Change"), "What would change"),
        warnings: listOf({ type: "string" }, "What deserves a second look"),
      },
    ),
    refusals: [400, 401, 500],
  },
  "GET /api/v2/secrets": {
    id: "getSecrets",
    summary: "Reads secrets",
    tag: "Secrets",
    security: "userCertificate",
    query: [SECRET_NAMES],
    data: record({ secrets: mapOf(reference("Secret"), "By name") }),
    refusals: [400, 401, 500],
  },
  "POST /api/v2/secrets": {
    id: "setSecrets",
    summary: "Sets user-defined secrets, all or none",
    tag: "Secrets",
    security: "userCertificate",
    body: record({ secrets: mapOf(reference("UserSecret"), "By name") }),
    data: NO_DATA,
    refusals: [400, 401, 500],
  },
  "POST /api/v2/recover": {
    id: "recover",
    summary: "Hands in a recovery secret",
    tag: "Recovery",
    body: record({
      recoverySecret: bytes("Plain, or encrypted to the ephemeral key"),
      recoverySecretSignature: bytes("By the recovery key, over the plain secret"),
    }),
    data: record({
      remaining: count("How many secrets are still missing"),
      message: text("The same for people"),
    }),
    refusals: [400, 500],
  },
  "GET /api/v2/recover/public-key": {
    id: "getRecoveryPublicKey",
    summary: "The ephemeral key that recovery secrets may be encrypted to",
    tag: "Recovery",
    data: record({
      algorithm: oneOf("Kind of key", "RSA"),
      ephemeralPublicKey: bytes("SubjectPublicKeyInfo"),
    }),
    refusals: [500],
  },
  "GET /api/v2/update-manifest": {
    id: "getPendingUpdate",
    summary: "The update that waits for acknowledgements",
    tag: "Updates",
    data: PENDING_UPDATE,
    refusals: [404],
  },
  "POST /api/v2/update-manifest": {
    id: "acknowledgeUpdate",
    summary: "Acknowledges the pending update, which is repeated byte for byte",
    tag: "Updates",
    security: "userCertificate",
    body: MANIFEST_BODY,
    data: record(
      {
        message: text("How many acknowledgements are missing, and whose"),
        missingUsers: USERS,
        missingAcknowledgments: MISSING,
      },
      { recoverySecrets: RECOVERY_SECRETS },
    ),
    refusals: [400, 401, 404, 500],
  },
  "POST /api/v2/update-cancel": {
    id: "cancelUpdate",
    summary: "Drops the pending update",
    tag: "Updates",
    security: "userCertificate",
    data: record({ message: text("That it is done") }),
    refusals: [401, 404, 500],
  },
  "POST /api/v2/sign-quote": {
    id: "signQuote",
    summary: "Verifies a quote and signs the outcome with the root key",
    tag: "Attestation",
    body: record({ sgxQuote: bytes("Raw or in Open Enclave form") }),
    data: record({
      tcbStatus: oneOf(
        "Of the platform",
        "UpToDate",
        "OutOfDate",
        "Revoked",
        "ConfigurationNeeded",
        "OutOfDateConfigurationNeeded",
        "SWHardeningNeeded",
        "ConfigurationAndSWHardeningNeeded",
      ),
      verificationSignature: bytes("ASN.1 ECDSA over SHA-256 of base64 quote and status"),
    }),
    refusals: [400, 403, 500],
  },
  "POST /api/v2/monotonic-counter": {
    id: "advanceCounter",
    summary: "Raises a counter of the calling marble",
    tag: "Marbles",
    security: "marbleCertificate",
    body: record({
      name: text("Of the counter"),
      value: count("The new value, up to 2^64-1; lower ones change nothing"),
    }),
    data: record({ value: count("The value before") }),
    refusals: [400, 401, 403, 500],
  },
};
