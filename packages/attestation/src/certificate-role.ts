import { type Certificate, commonNameOf } from "@carrara/pki";
import { type ImportedKey, importP256Spki } from "./crypto.ts";
import { AttestationError } from "./error.ts";
import type { Root } from "./root.ts";

/** Refuses a certificate that stands where its name does not belong. Throws `CERT_WRONG_ROLE`. */
export function checkRole({ subject }: Certificate, fits: (name: string) => boolean): void {
  if (fits(commonNameOf(subject))) return;
  throw new AttestationError("CERT_WRONG_ROLE", "certificate stands in the place of another role");
}

/**
 * The vendor in the root's name, which the names of its CAs start with too: `Intel` for the hardware
 * anchor and for no other (section 8.3). Throws `CERT_WRONG_ROLE`.
 */
export function vendorOf({ name, kind }: Root): string {
  const vendor = /^(.+) SGX Root CA$/.exec(name)?.[1];
  if (vendor !== undefined && (vendor === "Intel") === (kind === "hardware")) return vendor;
  throw new AttestationError("CERT_WRONG_ROLE", `a ${kind} root may not have this name`);
}

/** The P-256 key that `certificate` is about. Throws `CERT_MALFORMED`. */
export async function importCertifiedKey({ spki }: Certificate): Promise<ImportedKey> {
  try {
    return await importP256Spki(spki);
  } catch (cause) {
    throw new AttestationError("CERT_MALFORMED", "certified key is not on P-256", { cause });
  }
}
