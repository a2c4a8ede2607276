import type { Certificate } from "@carrara/pki";
import {
  checkCertificateTime,
  checkIsLeaf,
  checkIssued,
  checkNotRevoked,
  parseChain,
  type VerifiedCrl,
} from "../certificate-check.ts";
import { checkRole, importCertifiedKey } from "../certificate-role.ts";
import { AttestationError } from "../error.ts";
import { checkEndsIn, type Root } from "../root.ts";
import type { JsonFields } from "./json-fields.ts";
import { type SignedJsonKind, verifySignedJson } from "./signed-json.ts";

/** Signed JSON that was read, together with the certificate of who signed it. */
export interface Endorsement<T> {
  readonly signer: Certificate;
  readonly content: T;
}

/** How one kind of endorsement is named, and read once its signature is known to be good. */
export interface EndorsementKind<T> extends SignedJsonKind {
  readonly read: (fields: JsonFields) => T;
}

/**
 * Steps 6 and 7 of section 2.3 but for times and revocation: chain, the signer's role, signature
 * over the exact text, content. Throws the `CERT_…` codes and those of the kind's prefix.
 */
export async function verifyEndorsement<T>(
  kind: EndorsementKind<T>,
  body: string,
  chain: string,
  root: Root,
): Promise<Endorsement<T>> {
  const [signer, claimedRoot] = parseChain(chain, 2);
  if (signer === undefined || claimedRoot === undefined) {
    throw new AttestationError("CERT_CHAIN_INVALID", "chain is incomplete");
  }
  checkEndsIn(claimedRoot, root);
  checkRole(signer, (name) => name.includes("SGX TCB Signing"));
  await checkIssued(signer, root.certificate, 0);
  checkIsLeaf(signer);
  const fields = await verifySignedJson(body, kind, await importCertifiedKey(signer));
  return { signer, content: kind.read(fields) };
}

/**
 * What depends on the time and on the root's CRL; to be asked again at every use.
 * Throws `CERT_EXPIRED`, `CERT_NOT_YET_VALID`, `CERT_REVOKED`, `<prefix>_EXPIRED`, `…_NOT_YET_VALID`.
 */
export function checkEndorsementNow(
  { signer, content }: Endorsement<{ readonly issueDate: Date; readonly nextUpdate: Date }>,
  { prefix }: SignedJsonKind,
  rootCrl: VerifiedCrl,
  now: Date,
): void {
  checkCertificateTime(signer, now);
  checkNotRevoked(signer, rootCrl);
  const { issueDate, nextUpdate } = content;
  if (now < issueDate) {
    throw new AttestationError(`${prefix}_NOT_YET_VALID`, `issued ${issueDate.toISOString()}`);
  }
  if (now > nextUpdate) {
    throw new AttestationError(`${prefix}_EXPIRED`, `due again ${nextUpdate.toISOString()}`);
  }
}
