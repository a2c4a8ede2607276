import { createHash } from "node:crypto";
import { utf8 } from "@carrara/encoding";
import type { EnclaveImage } from "./image.ts";
import type { NodeExecutable } from "./node-executable.ts";

const NODE_RECORD = { type: 1, name: "node" } as const;

/** One line of the measurement document (attestation specification section 8.7). */
export interface MeasuredRecord {
  readonly type: number;
  readonly name: string;
  /** Size of the content. */
  readonly bytes: number;
  /** Of the content. */
  readonly sha256: Uint8Array;
}

/**
 * The measurement document of an image. The exact Node binary is the first record, so the same image
 * has another measurement under another Node; the image itself carries no Node.
 */
export function recordsOf(
  image: Pick<EnclaveImage, "records">,
  node: NodeExecutable,
): readonly MeasuredRecord[] {
  const content = image.records.map(({ type, name, content: bytes }) => ({
    type,
    name,
    bytes: bytes.length,
    sha256: new Uint8Array(createHash("sha256").update(bytes).digest()),
  }));
  return [{ ...NODE_RECORD, bytes: node.bytes, sha256: node.sha256 }, ...content];
}

/** Hash of `records` in their order; `label` tells documents of different use apart. */
export function hashRecords(
  algorithm: "sha256" | "sha384",
  label: string,
  records: readonly MeasuredRecord[],
): Uint8Array {
  const hash = createHash(algorithm).update(utf8(`${label}\0`));
  for (const { type, name, bytes, sha256 } of records) {
    const encodedName = utf8(name);
    const numbers = new DataView(new ArrayBuffer(13));
    numbers.setUint8(0, type);
    numbers.setUint32(1, encodedName.length, true);
    numbers.setBigUint64(5, BigInt(bytes), true);
    const header = new Uint8Array(numbers.buffer);
    hash.update(header.subarray(0, 5)).update(encodedName);
    hash.update(header.subarray(5)).update(sha256);
  }
  return new Uint8Array(hash.digest());
}
