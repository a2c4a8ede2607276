import { createHash } from "node:crypto";
import { encodeSgxReportBody, encodeTdReport, type TdReportVersion } from "@carrara/attestation";
import { fromHex, utf8 } from "@carrara/encoding";
import type { EnclaveIdentity } from "../image/verify-image.ts";
import { PLATFORM } from "./platform-credentials.ts";
import type { PlatformScenario } from "./scenario.ts";
import { teeTcbSvns } from "./tee-tcb-svn.ts";

/** SGX: INIT and MODE64BIT, x87 and SSE state. */
const SGX_ATTRIBUTES = fromHex("05000000000000000300000000000000");
const SGX_DEBUG = 2;
/** TDX: SEPT_VE_DISABLE, bit 28. */
const TD_ATTRIBUTES = fromHex("0000001000000000");
const TD_DEBUG = 1;
/** TDX: the state that a current guest kernel enables, AVX-512 and AMX included. */
const XFAM = fromHex("e702060000000000");

/** The report of an enclave. */
export function sgxReportBody(identity: EnclaveIdentity, reportData: Uint8Array): Uint8Array {
  const { mrEnclave, mrSigner, isvProdId, isvSvn, debug } = identity;
  return encodeSgxReportBody({
    mrEnclave,
    mrSigner,
    isvProdId,
    isvSvn,
    cpuSvn: PLATFORM.cpuSvn,
    attributes: withFlag(SGX_ATTRIBUTES, debug ? SGX_DEBUG : 0),
    reportData,
  });
}

/**
 * The report of a TD (section 8.7). MROWNER and its like stay zero: on hardware the host chooses
 * them, so they prove nothing. Throws a TypeError for an identity without the registers of a TD.
 */
export function tdReport(
  version: TdReportVersion,
  identity: EnclaveIdentity,
  scenario: PlatformScenario,
  reportData: Uint8Array,
): Uint8Array {
  const { td, debug } = identity;
  if (td === undefined) throw new TypeError("the identity has no registers of a td");
  const { atLaunch, now } = teeTcbSvns(scenario);
  const module = `SIMULATED TDX module ${scenario.moduleVersion}.${atLaunch[0]}`;
  return encodeTdReport(version, {
    teeTcbSvn: atLaunch,
    mrSeam: new Uint8Array(createHash("sha384").update(utf8(module)).digest()),
    tdAttributes: withFlag(TD_ATTRIBUTES, debug ? TD_DEBUG : 0),
    xfam: XFAM,
    ...td,
    reportData,
    ...(version === "1.0" ? {} : { teeTcbSvn2: now }),
  });
}

/** A copy of little-endian attributes with more bits set in the first byte. */
function withFlag(attributes: Uint8Array, flag: number): Uint8Array {
  return attributes.with(0, (attributes[0] ?? 0) | flag);
}
