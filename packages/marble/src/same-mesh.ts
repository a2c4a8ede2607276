import { equalBytes, parsePem } from "@carrara/encoding";
import {
  type Certificate,
  commonNameOf,
  isSignedBy,
  PkiError,
  parseCertificate,
} from "@carrara/pki";
import { MarbleError } from "./error.ts";
import type { MeshCredentials } from "./mesh-credentials.ts";
import type { ProcessParameters } from "./parameters.ts";

/**
 * Throws `RENEWAL_INVALID` unless renewed credentials are of the mesh this marble is in. Nothing
 * verifies the Coordinator's connection, so whoever answers it could move a running marble, with all
 * it knows, to a mesh of its own: the intermediate must be signed by the root of the first activation,
 * be no older than the one in use, and everything else must follow from it.
 */
export async function requireSameMesh(
  before: MeshCredentials,
  after: MeshCredentials,
  { tls }: Pick<ProcessParameters, "tls">,
): Promise<void> {
  const [root, oldIssuer, issuer, oldLeaf, leaf, marbleRoot] = [
    before.coordinatorRoot,
    before.intermediate,
    after.intermediate,
    before.leaf,
    after.leaf,
    after.marbleRoot,
  ].map(parse) as [Certificate, Certificate, Certificate, Certificate, Certificate, Certificate];
  demand(await isIssued(issuer, root), "intermediate is not signed by the root of this mesh");
  demand(issuer.notBefore >= oldIssuer.notBefore, "intermediate is older than the one in use");
  demand(equalBytes(marbleRoot.spki, issuer.spki), "marble root has another key");
  demand(await isIssued(leaf, issuer), "certificate is not signed by its intermediate");
  const uuid = commonNameOf(leaf.subject);
  demand(uuid === commonNameOf(oldLeaf.subject), "certificate is of another marble");
  for (const { caCert } of [...(tls?.incoming.values() ?? []), ...(tls?.outgoing.values() ?? [])]) {
    const roots = parsePem(caCert);
    const own = roots.every(({ bytes }) => equalBytes(bytes, after.marbleRoot));
    demand(own, "a tls entry has another root");
  }
}

function parse(der: Uint8Array): Certificate {
  return orInvalid(() => parseCertificate(der));
}

function orInvalid<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new MarbleError("RENEWAL_INVALID", "a renewed certificate cannot be read", { cause });
  }
}

async function isIssued(certificate: Certificate, issuer: Certificate): Promise<boolean> {
  try {
    return await isSignedBy(certificate, issuer.spki);
  } catch (cause) {
    if (cause instanceof PkiError) return false;
    throw cause;
  }
}

function demand(condition: boolean, why: string): void {
  if (!condition) throw new MarbleError("RENEWAL_INVALID", `renewed credentials refused: ${why}`);
}
