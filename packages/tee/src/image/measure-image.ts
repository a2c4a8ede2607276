import { createHash, type Hash } from "node:crypto";
import { utf8 } from "@carrara/encoding";
import type { EnclaveImage } from "./image.ts";
import type { NodeExecutable } from "./node-executable.ts";

const DOMAIN = utf8("sim-mrenclave-v1\0");
const NODE_RECORD = { type: 1, name: "node" } as const;

/**
 * The simulated MRENCLAVE, 32 bytes: SHA-256 over the canonical measurement document of
 * attestation specification section 8.7. The exact Node binary is the first record, so the same
 * image has another measurement under another Node; the image itself carries no Node.
 */
export function measureImage(
  image: Pick<EnclaveImage, "records">,
  node: NodeExecutable,
): Uint8Array {
  const hash = createHash("sha256").update(DOMAIN);
  addRecord(hash, { ...NODE_RECORD, bytes: node.bytes, sha256: node.sha256 });
  for (const { type, name, content } of image.records) {
    const sha256 = createHash("sha256").update(content).digest();
    addRecord(hash, { type, name, bytes: content.length, sha256 });
  }
  return new Uint8Array(hash.digest());
}

interface MeasuredRecord {
  readonly type: number;
  readonly name: string;
  readonly bytes: number;
  readonly sha256: Uint8Array;
}

function addRecord(hash: Hash, { type, name, bytes, sha256 }: MeasuredRecord): void {
  const encodedName = utf8(name);
  const numbers = new DataView(new ArrayBuffer(13));
  numbers.setUint8(0, type);
  numbers.setUint32(1, encodedName.length, true);
  numbers.setBigUint64(5, BigInt(bytes), true);
  const header = new Uint8Array(numbers.buffer);
  hash.update(header.subarray(0, 5)).update(encodedName).update(header.subarray(5)).update(sha256);
}
