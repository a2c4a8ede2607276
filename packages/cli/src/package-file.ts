import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { SIGSTRUCT_BYTES, verifySigstruct } from "@carrara/attestation";
import { toHex } from "@carrara/encoding";
import { loadImage } from "@carrara/image";
import { type PackageInfo, readPackageInfo } from "@carrara/tee";
import { CliError } from "./cli-error.ts";
import { elfSection, isElf } from "./elf-section.ts";

/** First 16 bytes of every SIGSTRUCT (Intel SDM volume 3D, table SIGSTRUCT). */
const SIGSTRUCT_HEADER = Buffer.from("06000000e10000000000010000000000", "hex");
/** In the first byte of ATTRIBUTES. */
const DEBUG_BIT = 2;
/** Sections with the signature: of EGo and Open Enclave, and of the SGX SDK and Occlum. */
const SECTIONS: readonly string[] = [".oeinfo", ".note.sgxmeta"];
/** Where an Occlum instance keeps its signed library. */
const OCCLUM_LIBRARY = "build/lib/libocclum-libos.signed.so";

/**
 * The identity of a signed package, its signature verified: an image of ours, an ELF file that was
 * signed for EGo, Open Enclave or the SGX SDK, a SIGSTRUCT as Gramine writes it (`.sig`), or the
 * directory of an Occlum instance. Throws `PACKAGE_UNSIGNED`, the codes of images and of SIGSTRUCTs.
 */
export async function readPackageFile(path: string): Promise<PackageInfo> {
  const entries = await readdir(path).catch(() => undefined);
  const bytes = await loadImage(entries === undefined ? path : join(path, OCCLUM_LIBRARY));
  if (isElf(bytes)) return await infoOf(sigstructIn(bytes, path));
  if (SIGSTRUCT_HEADER.equals(bytes.subarray(0, SIGSTRUCT_HEADER.length))) {
    return await infoOf(bytes);
  }
  return await readPackageInfo(bytes);
}

/** Before it is signed, a section has room for the SIGSTRUCT but no header. */
function sigstructIn(elf: Uint8Array, path: string): Uint8Array {
  for (const name of SECTIONS) {
    const section = elfSection(elf, name) ?? new Uint8Array();
    const at = Buffer.from(section).indexOf(SIGSTRUCT_HEADER);
    if (at >= 0) return section.subarray(at, at + SIGSTRUCT_BYTES);
  }
  throw new CliError(
    "PACKAGE_UNSIGNED",
    `${path} has no enclave signature in ${SECTIONS.join(" or ")}`,
  );
}

async function infoOf(bytes: Uint8Array): Promise<PackageInfo> {
  const { mrEnclave, modulus, isvProdId, isvSvn, attributes } = await verifySigstruct(bytes);
  const mrSigner = await crypto.subtle.digest("SHA-256", Uint8Array.from(modulus));
  return {
    UniqueID: toHex(mrEnclave),
    SignerID: toHex(new Uint8Array(mrSigner)),
    ProductID: isvProdId,
    SecurityVersion: isvSvn,
    Debug: ((attributes[0] ?? 0) & DEBUG_BIT) !== 0,
  };
}
