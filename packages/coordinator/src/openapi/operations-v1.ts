import { RECOVERY_SECRETS } from "./components.ts";
import type { Operation } from "./operation.ts";
import { PENDING_UPDATE, SECRET_NAMES } from "./operations-v2.ts";
import { bytesOrNull, count, type JsonSchema, mapOf, record, reference, text } from "./schema.ts";

const NO_DATA: JsonSchema = { type: "null" };

/** What the deprecated routes mean (spec marblerun section 2.5), by method and path. */
export const OPERATIONS_V1: Readonly<Record<string, Operation>> = {
  "GET /status": {
    id: "getStatusV1",
    summary: "The state of the Coordinator",
    tag: "State",
    data: record({
      StatusCode: count("As in v2"),
      StatusMessage: text("The same for people"),
    }),
    refusals: [500],
  },
  "GET /manifest": {
    id: "getManifestV1",
    summary: "The manifest in force; empty values where none is",
    tag: "Manifest",
    data: record({
      ManifestSignatureRootECDSA: bytesOrNull("ASN.1 ECDSA over the manifest's SHA-256"),
      ManifestSignature: text("SHA-256 of the manifest in hex"),
      Manifest: bytesOrNull("The manifest as it was set"),
    }),
    refusals: [500],
  },
  "POST /manifest": {
    id: "setManifestV1",
    summary: "Sets the manifest",
    tag: "Manifest",
    body: "raw",
    data: { anyOf: [NO_DATA, record({ RecoverySecrets: RECOVERY_SECRETS })] },
    refusals: [400],
  },
  "GET /quote": {
    id: "getQuoteV1",
    summary: "Evidence of the Coordinator",
    tag: "Attestation",
    data: record({
      Cert: text("PEM of the intermediate, then of the root"),
      Quote: bytesOrNull("The evidence"),
    }),
    refusals: [500],
  },
  "GET /update": {
    id: "getUpdateLogV1",
    summary: "What has been changed since the manifest was set",
    tag: "Updates",
    data: text("One JSON document a line"),
    refusals: [500],
  },
  "POST /update": {
    id: "updateManifestV1",
    summary: "Updates packages, or proposes a new manifest",
    tag: "Updates",
    security: "userCertificate",
    body: "raw",
    data: NO_DATA,
    refusals: [400, 401],
  },
  "GET /secrets": {
    id: "getSecretsV1",
    summary: "Reads secrets",
    tag: "Secrets",
    security: "userCertificate",
    query: [SECRET_NAMES],
    data: mapOf(reference("Secret"), "By name"),
    refusals: [400, 401],
  },
  "POST /secrets": {
    id: "setSecretsV1",
    summary: "Sets user-defined secrets",
    tag: "Secrets",
    security: "userCertificate",
    body: mapOf(reference("UserSecret"), "By name"),
    data: NO_DATA,
    refusals: [400, 401],
  },
  "POST /recover": {
    id: "recoverV1",
    summary: "Gone: recovery is at /api/v2/recover",
    tag: "Recovery",
    refusals: [410],
  },
  "GET /update-manifest": {
    id: "getPendingUpdateV1",
    summary: "The update that waits for acknowledgements",
    tag: "Updates",
    data: PENDING_UPDATE,
    refusals: [404],
  },
  "POST /update-manifest": {
    id: "acknowledgeUpdateV1",
    summary: "Acknowledges the pending update, which is repeated byte for byte",
    tag: "Updates",
    security: "userCertificate",
    body: "raw",
    data: text("How many acknowledgements are missing"),
    refusals: [401, 404, 500],
  },
  "POST /update-cancel": {
    id: "cancelUpdateV1",
    summary: "Drops the pending update",
    tag: "Updates",
    security: "userCertificate",
    data: text("That it is done"),
    refusals: [401, 404, 500],
  },
};
