import { concatBytes, toHex, utf8 } from "@carrara/encoding";
import { readLe } from "./byte-reader.ts";
import { sha256 } from "./crypto.ts";
import type { TdReport } from "./dcap/td-report.ts";
import type { VerifiedEvidence } from "./evidence-verifier.ts";
import type { SnpClaims } from "./snp/verified-report.ts";

/** Bytes of FAMILY_ID that hold a product id, little endian. */
const PRODUCT_ID_BYTES = 2;
const TD_UNIQUE_ID = utf8("carrara-td-v1\0");

/** Who the software behind evidence is, in the words of a manifest's package; hex is lower case. */
export interface SoftwareIdentity {
  /**
   * What exactly runs: MRENCLAVE, {@link tdUniqueId}, or the SNP measurement.
   */
  readonly uniqueId: string;
  /**
   * Who vouches for it: MRSIGNER, or the SNP ID key's digest. Undefined for a TD: its owner fields
   * are the host's to choose and prove nothing.
   */
  readonly signer?: {
    readonly signerId: string;
    readonly productId: number;
    readonly securityVersion: number;
  };
  readonly debug: boolean;
  /** 64 bytes. */
  readonly reportData: Uint8Array;
}

/**
 * One id for a TD: SHA-256 over a label, MRTD and RTMR 0 to 2, in hex. RTMR 3 is left out since the
 * application itself extends it while it runs.
 */
export async function tdUniqueId(
  registers: Pick<TdReport, "mrTd" | "rtMr0" | "rtMr1" | "rtMr2">,
): Promise<string> {
  const { mrTd, rtMr0, rtMr1, rtMr2 } = registers;
  return toHex(await sha256(concatBytes(TD_UNIQUE_ID, mrTd, rtMr0, rtMr1, rtMr2)));
}

/** An ID block signs who vouches for a guest: the ID key, FAMILY_ID as product and GUEST_SVN. */
function identityOfReport(claims: SnpClaims): SoftwareIdentity {
  const { measurement, idKeyDigest, familyId, guestSvn, policyBits, reportData } = claims;
  // A family id that holds more than a product id is not ours to read as one.
  const signed =
    idKeyDigest.some((byte) => byte !== 0) &&
    familyId.subarray(PRODUCT_ID_BYTES).every((byte) => byte === 0);
  const signer = {
    signerId: toHex(idKeyDigest),
    productId: readLe(familyId.subarray(0, PRODUCT_ID_BYTES)),
    securityVersion: guestSvn,
  };
  return {
    uniqueId: toHex(measurement),
    ...(signed ? { signer } : {}),
    debug: policyBits.debug,
    reportData,
  };
}

/** The identity that verified evidence proves. */
export async function softwareIdentityOf(verified: VerifiedEvidence): Promise<SoftwareIdentity> {
  if (verified.tee === "snp") return identityOfReport(verified.claims);
  const { debug, reportData } = verified.body;
  if (verified.tee === "tdx") {
    return { uniqueId: await tdUniqueId(verified.body), debug, reportData };
  }
  const { mrEnclave, mrSigner, isvProdId, isvSvn } = verified.body;
  return {
    uniqueId: toHex(mrEnclave),
    signer: { signerId: toHex(mrSigner), productId: isvProdId, securityVersion: isvSvn },
    debug,
    reportData,
  };
}
