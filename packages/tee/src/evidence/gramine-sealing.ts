import { hkdfSync } from "node:crypto";
import { utf8 } from "@carrara/encoding";
import { TeeError } from "../error.ts";
import type { SealingPolicy } from "../tee.ts";
import type { FileOps } from "./file-ops.ts";
import { ioError } from "./io-error.ts";
import { readWhole } from "./whole-file.ts";

const RAW_KEY_BYTES = 16;
const KEY_BYTES = 32;
const LABEL = "carrara-gramine-sealing-v1";

/** The signer's key is the product's: the processor mixes ISVPRODID into every sealing key. */
const KEY_FILES: Readonly<Record<SealingPolicy, string>> = {
  unique: "_sgx_mrenclave",
  product: "_sgx_mrsigner",
};

/**
 * 32 secret bytes from a sealing key of Gramine (attestation specification section 7.1): HKDF-SHA256
 * with a label for the policy. The processor's key itself is wiped and never leaves. Throws
 * `EVIDENCE_IO`, which says nothing of the content.
 */
export async function deriveGramineSealingKey(
  ops: FileOps,
  policy: SealingPolicy,
): Promise<Uint8Array> {
  const raw = await readRawKey(ops, KEY_FILES[policy]);
  try {
    if (raw.length !== RAW_KEY_BYTES) {
      const message = `sealing key has ${raw.length} bytes, ${RAW_KEY_BYTES} needed`;
      throw new TeeError("EVIDENCE_IO", message);
    }
    const info = utf8(`${LABEL} ${policy}`);
    return new Uint8Array(hkdfSync("sha256", raw, new Uint8Array(), info, KEY_BYTES));
  } finally {
    raw.fill(0);
  }
}

async function readRawKey(ops: FileOps, name: string): Promise<Uint8Array> {
  try {
    return await readWhole(ops, `/dev/attestation/keys/${name}`, RAW_KEY_BYTES);
  } catch (cause) {
    throw ioError("reading the sealing key", cause, {
      ENOENT: "gramine gives sealing keys to SGX enclaves only",
      EACCES: "gramine could not derive the key",
    });
  }
}
