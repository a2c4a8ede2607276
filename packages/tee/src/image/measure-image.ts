import { createHash } from "node:crypto";
import { concatBytes } from "@carrara/encoding";
import type { EnclaveImage } from "./image.ts";
import { hashRecords, type MeasuredRecord, recordsOf } from "./measurement-document.ts";
import type { NodeExecutable } from "./node-executable.ts";

const REGISTER_BYTES = 48;

/** Which types of records each measurement register of a TD has; together they have all. */
const TD_RECORDS = {
  mrTd: [1, 2],
  rtMr0: [7],
  rtMr1: [6],
  rtMr2: [3, 4, 5],
} as const;

/** What a TD's report says of the software in it, 48 bytes each. */
export type TdMeasurements = Readonly<Record<keyof typeof TD_RECORDS, Uint8Array>>;

/**
 * The simulated MRENCLAVE, 32 bytes: SHA-256 over the measurement document of attestation
 * specification section 8.7.
 */
export function measureImage(
  image: Pick<EnclaveImage, "records">,
  node: NodeExecutable,
): Uint8Array {
  return measureEnclave(recordsOf(image, node));
}

/** {@link measureImage} of records that are known already. */
export function measureEnclave(records: readonly MeasuredRecord[]): Uint8Array {
  return hashRecords("sha256", "sim-mrenclave-v1", records);
}

/**
 * The simulated registers of a TD (section 8.7). Each RTMR starts at zero and is extended once, as
 * hardware does it, also where no record belongs to it.
 */
export function measureTd(records: readonly MeasuredRecord[]): TdMeasurements {
  const hashOf = (name: keyof TdMeasurements): Uint8Array => {
    const types: readonly number[] = TD_RECORDS[name];
    const own = records.filter(({ type }) => types.includes(type));
    return hashRecords("sha384", `sim-${name.toLowerCase()}-v1`, own);
  };
  return {
    mrTd: hashOf("mrTd"),
    rtMr0: extend(hashOf("rtMr0")),
    rtMr1: extend(hashOf("rtMr1")),
    rtMr2: extend(hashOf("rtMr2")),
  };
}

function extend(digest: Uint8Array): Uint8Array {
  const register = new Uint8Array(REGISTER_BYTES);
  return new Uint8Array(createHash("sha384").update(concatBytes(register, digest)).digest());
}

/** The simulated launch measurement of an SNP guest, 48 bytes: all records (section 8.7). */
export function measureSnp(records: readonly MeasuredRecord[]): Uint8Array {
  return hashRecords("sha384", "sim-measurement-v1", records);
}
