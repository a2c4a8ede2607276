import { createHash, sign } from "node:crypto";
import {
  encodeGuestPolicy,
  encodeSnpReport,
  encodeSnpTcb,
  SNP_SIGNED_BYTES,
  type SnpReportFields,
  withSnpSignature,
} from "@carrara/attestation";
import type { EcKey } from "@carrara/pki";
import type { EnclaveIdentity } from "../image/verify-image.ts";
import type { AmdCredentials } from "./amd-credentials.ts";
import { privateKey } from "./quoting-enclave.ts";
import type { PlatformScenario } from "./scenario.ts";
import { paddedChipId, SNP_MACHINES, snpTcb } from "./snp-machine.ts";

const CHIP_ID_BYTES = 64;
const FAMILY_ID_BYTES = 16;
/** SMT, ECC memory, alias check complete. */
const PLATFORM_INFO = 0x25n;
/** Firmware 1.55, build 40. */
const FIRMWARE = { major: 1, minor: 55, build: 40 };

/** What a report says of a guest and its machine, unsigned (section 8.7); a TypeError as below. */
export function snpReportFields(
  identity: EnclaveIdentity,
  scenario: PlatformScenario,
  reportData: Uint8Array,
): SnpReportFields {
  const { snpMeasurement: measurement } = identity;
  if (measurement === undefined) throw new TypeError("the identity has no snp measurement");
  const { product, snpReportVersion: version, snpKey } = scenario;
  const tcb = snpTcb(scenario);
  const raw = encodeSnpTcb(tcb, product);
  const older = scenario.snpProvisional ? { ...tcb, microcode: tcb.microcode - 1 } : tcb;
  const familyId = new Uint8Array(FAMILY_ID_BYTES);
  new DataView(familyId.buffer).setUint16(0, identity.isvProdId, true);
  return {
    version,
    guestSvn: identity.isvSvn,
    policy: encodeGuestPolicy({ smt: true, debug: identity.debug, abiMinor: 31 }),
    familyId,
    vmpl: 0,
    platformInfo: PLATFORM_INFO,
    signerInfo: { authorKeyEn: false, maskChipKey: false, signingKey: snpKey },
    reportData,
    measurement,
    ...(identity.hostData === undefined ? {} : { hostData: identity.hostData }),
    ...(identity.idKeyDigest === undefined ? {} : { idKeyDigest: identity.idKeyDigest }),
    reportId: new Uint8Array(createHash("sha256").update(measurement).digest()),
    reportIdMa: new Uint8Array(32).fill(0xff),
    ...(version === 2 ? {} : { cpuid: SNP_MACHINES[product].cpuid }),
    chipId: snpKey === "VLEK" ? new Uint8Array(CHIP_ID_BYTES) : paddedChipId(product),
    currentTcb: raw,
    reportedTcb: raw,
    committedTcb: encodeSnpTcb(older, product),
    launchTcb: raw,
    currentVersion: FIRMWARE,
    committedVersion: FIRMWARE,
  };
}

/** A copy of a report with the signature of `key` (section 8.6). */
export function signSnpReport(report: Uint8Array, key: EcKey): Uint8Array {
  const signature = sign("sha384", report.subarray(0, SNP_SIGNED_BYTES), {
    key: privateKey(key.pkcs8),
    dsaEncoding: "ieee-p1363",
  });
  return withSnpSignature(report, new Uint8Array(signature));
}

/** A signed report of 1184 bytes. Throws a TypeError for an identity without SNP measurement. */
export function snpReportFor(
  credentials: AmdCredentials,
  scenario: PlatformScenario,
  identity: EnclaveIdentity,
  reportData: Uint8Array,
): Uint8Array {
  const report = encodeSnpReport(snpReportFields(identity, scenario, reportData));
  return signSnpReport(report, scenario.snpKey === "VCEK" ? credentials.vcek : credentials.vlek);
}
