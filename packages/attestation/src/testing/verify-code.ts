import { utf8 } from "@carrara/encoding";
import type { DcapVerification } from "../dcap/verifier.ts";
import { AttestationError } from "../error.ts";
import type { TestPlatform, TestQuoteOptions } from "./test-platform.ts";

/** Report data of the quotes that {@link inputOf} makes. */
export const REPORT_DATA: Uint8Array = utf8("report data");

/** All that a verification of a quote of `platform` needs. */
export async function inputOf(
  platform: TestPlatform,
  options?: TestQuoteOptions,
): Promise<DcapVerification> {
  const { collateral, anchor, now } = platform;
  return { quote: await platform.quote(REPORT_DATA, options), collateral, anchor, now };
}

/** The code of what `work` throws, or `accepted`; anything without a code is thrown on. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "accepted";
  } catch (error) {
    if (error instanceof AttestationError) return error.code;
    throw error;
  }
}
