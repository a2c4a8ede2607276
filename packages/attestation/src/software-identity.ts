import { concatBytes, toHex, utf8 } from "@carrara/encoding";
import { sha256 } from "./crypto.ts";
import type { TdReport } from "./dcap/td-report.ts";
import type { VerifiedQuote } from "./dcap/verified-quote.ts";

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

/** The identity that verified evidence proves. */
export async function softwareIdentityOf(verified: VerifiedQuote): Promise<SoftwareIdentity> {
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
