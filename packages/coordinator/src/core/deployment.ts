import { createHash, X509Certificate } from "node:crypto";
import { EncodingError, parsePem, toHex } from "@carrara/encoding";
import {
  type Manifest,
  ManifestError,
  type Permissions,
  parseManifest,
  permissionsOf,
} from "@carrara/manifest";
import { CoordinatorError } from "../error.ts";

/** A user of the manifest. */
export interface MeshUser {
  readonly name: string;
  /** DER; who shows exactly this certificate is the user. */
  readonly certificate: Uint8Array;
  readonly permissions: Permissions;
}

/** A manifest in force. */
export interface Deployment {
  /** The bytes as they were uploaded. */
  readonly manifestBytes: Uint8Array;
  /** Lower-case hex SHA-256 of them. */
  readonly fingerprint: string;
  /** ASN.1 ECDSA of the root key over their SHA-256. */
  readonly signature: Uint8Array;
  /** What they say, except that package updates have raised security versions of its packages. */
  readonly manifest: Manifest;
  readonly users: readonly MeshUser[];
}

/** The fingerprint of a manifest: lower-case hex SHA-256 of the exact bytes (section 2.7). */
export function manifestFingerprint(bytes: Uint8Array): string {
  return toHex(createHash("sha256").update(bytes).digest());
}

/**
 * Reads the bytes of a manifest that was set once into its deployment, with `packages` in place of its
 * own where package updates have changed them. Throws `MANIFEST_INVALID`; rules are not checked.
 */
export function readDeployment(
  manifestBytes: Uint8Array,
  signature: Uint8Array,
  packages?: Manifest["packages"],
): Deployment {
  const written = readManifest(manifestBytes);
  const manifest = packages === undefined ? written : { ...written, packages };
  return deploymentOf(manifest, manifestBytes, signature);
}

/**
 * The deployment of a manifest whose rules were checked (section 4.5: users come after them). Throws
 * `MANIFEST_INVALID` for a user's certificate that cannot be read.
 */
export function deploymentOf(
  manifest: Manifest,
  manifestBytes: Uint8Array,
  signature: Uint8Array,
): Deployment {
  const fingerprint = manifestFingerprint(manifestBytes);
  return { manifestBytes, fingerprint, signature, manifest, users: readUsers(manifest) };
}

/** Parses a manifest. Throws `MANIFEST_INVALID`; rules are not checked. */
export function readManifest(bytes: Uint8Array): Manifest {
  return asManifestError("parse", () => parseManifest(bytes));
}

/** Runs a step of the manifest package; its errors become the cause of `MANIFEST_INVALID`. */
export function asManifestError<T>(step: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (!(cause instanceof ManifestError)) throw cause;
    throw new CoordinatorError("MANIFEST_INVALID", `${step} manifest: ${cause.message}`, { cause });
  }
}

function readUsers(manifest: Manifest): readonly MeshUser[] {
  return [...manifest.users].map(([name, user]) => ({
    name,
    certificate: readUserCertificate(name, user.certificate),
    permissions: asManifestError("check", () => permissionsOf(manifest, user)),
  }));
}

function readUserCertificate(name: string, pem: string): Uint8Array {
  try {
    // Text after the first block is of no concern, so that a broken second one does not count.
    const end = /-----END [A-Z0-9 ]+-----/.exec(pem);
    const [block] = parsePem(pem.slice(0, end === null ? 0 : end.index + end[0].length));
    if (block === undefined) throw new EncodingError("PEM_MALFORMED", "no PEM block");
    return new X509Certificate(block.bytes).raw;
  } catch (cause) {
    throw new CoordinatorError("MANIFEST_INVALID", `user ${name}: certificate cannot be read`, {
      cause,
    });
  }
}
