import {
  bytesOrNull,
  count,
  flag,
  type JsonSchema,
  mapOf,
  oneOf,
  record,
  reference,
  text,
} from "./schema.ts";

const CODE = text("Why, as a constant of docs/errors.md; an addition to MarbleRun's envelope");
const MESSAGE = text("The same for people");
const NO_DATA: JsonSchema = { type: "null" };

/** Schemas that several operations share (spec marblerun sections 2.1 and 2.6). */
export const SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Error: {
    ...record({ status: { const: "error" }, data: NO_DATA }, { message: MESSAGE, code: CODE }),
    description: "A request that was understood and cannot be served",
  },
  Failure: {
    ...record({
      status: { const: "fail" },
      data: { anyOf: [NO_DATA, mapOf(text("What is wrong with it"), "By the name of a field")] },
      message: MESSAGE,
      code: CODE,
    }),
    description: "A request that is wrong in itself",
  },
  Secret: record({
    Type: oneOf(
      "As in the manifest",
      "symmetric-key",
      "cert-rsa",
      "cert-ecdsa",
      "cert-ed25519",
      "plain",
    ),
    Size: count("Bits"),
    Shared: flag("Whether all marbles see the same value"),
    UserDefined: flag("Whether users set the value"),
    Cert: bytesOrNull("DER certificate"),
    ValidFor: count("Days"),
    Private: bytesOrNull("PKCS#8 private key, or the value itself"),
    Public: bytesOrNull("SubjectPublicKeyInfo, or the value itself"),
  }),
  UserSecret: record(
    {},
    {
      Cert: bytesOrNull("DER certificate"),
      Private: bytesOrNull("PKCS#8 private key"),
      Key: bytesOrNull("A symmetric key or a plain value"),
    },
  ),
  RecoverySecrets: mapOf(
    { type: "string", contentEncoding: "base64" },
    "Each encrypted to the recovery key of that name (RSA-OAEP, SHA-256)",
  ),
  Change: record({
    kind: text("What kind of thing it is about"),
    change: oneOf("What becomes of it", "added", "removed", "changed", "follows"),
    subject: text("Its name; empty where there is only one"),
    sentence: text("What changes, in words"),
  }),
  IntelCollateral: {
    ...record(
      {
        tcbInfo: text("Response body of Intel's service, byte for byte"),
        tcbInfoIssuerChain: text("PEM"),
        qeIdentity: text("Response body of Intel's service, byte for byte"),
        qeIdentityIssuerChain: text("PEM"),
        pckCrl: text("Hex of the DER"),
        pckCrlIssuerChain: text("PEM"),
        rootCaCrl: text("Hex of the DER"),
      },
      { pckCertChain: text("PEM, leaf first") },
    ),
    description: "Of a Coordinator on SGX or TDX",
  },
  AmdEndorsements: {
    ...record(
      {},
      {
        vek: text("Hex of the VCEK or VLEK certificate"),
        chain: text("PEM of its issuers"),
        crl: text("Hex of the revocation list"),
      },
    ),
    description: "Of a Coordinator on SEV-SNP",
  },
};

/** The two ways in which callers show who they are; any TLS client certificate may be presented. */
export const SECURITY_SCHEMES = {
  userCertificate: {
    type: "mutualTLS",
    description: "A certificate that the manifest names for a user, byte for byte",
  },
  marbleCertificate: {
    type: "mutualTLS",
    description: "A certificate that an activation gave, under the current Marble root",
  },
} as const;

/** Groups of operations. */
export const TAGS = {
  State: "How the Coordinator is",
  Manifest: "What is in force",
  Attestation: "Why to trust it",
  Secrets: "Values that users read and set",
  Updates: "Changes of what is in force",
  Recovery: "After the sealing key is lost",
  Marbles: "For activated marbles",
} as const;

/** The recovery secrets, by reference. */
export const RECOVERY_SECRETS: JsonSchema = reference("RecoverySecrets");
