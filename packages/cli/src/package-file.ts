import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { SIGSTRUCT_BYTES, verifySigstruct } from "@carrara/attestation";
import { type ExpectedIdentity, parseEraConfig } from "@carrara/client";
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

/** A brace: the first byte of what `oesign eradump` prints, and of nothing else here. */
const JSON_START = 0x7b;
/** A signature file that Gramine's tools write beside a manifest. */
const GRAMINE_SIGNATURE = /\.sig$/;

/** A package's identity, and whether a signature vouches for it. */
export interface PackageFile {
  readonly info: PackageInfo;
  readonly verified: boolean;
}

/**
 * The identity of a signed package, its signature verified: an image of ours, an ELF file that was
 * signed for EGo, Open Enclave or the SGX SDK, a SIGSTRUCT as Gramine writes it (`.sig`), or the
 * directory of an Occlum instance or with one `.sig` of Gramine. What `oesign eradump` printed is taken
 * as it says. Throws `PACKAGE_UNSIGNED`, `ERA_CONFIG_INVALID`, the codes of images and of SIGSTRUCTs.
 */
export async function readPackageFile(path: string): Promise<PackageFile> {
  const bytes = await loadImage(await fileOf(path));
  if (bytes[0] === JSON_START) {
    return { info: infoOfEra(parseEraConfig(bytes).identity, path), verified: false };
  }
  if (isElf(bytes)) return { info: await infoOf(sigstructIn(bytes, path)), verified: true };
  const isSigstruct = SIGSTRUCT_HEADER.equals(bytes.subarray(0, SIGSTRUCT_HEADER.length));
  return { info: await (isSigstruct ? infoOf(bytes) : readPackageInfo(bytes)), verified: true };
}

/** The file that counts where `path` is a directory. */
async function fileOf(path: string): Promise<string> {
  const entries = await readdir(path).catch(() => undefined);
  if (entries === undefined) return path;
  const [signature, ...more] = entries.filter((name) => GRAMINE_SIGNATURE.test(name));
  const isGramine = signature !== undefined && more.length === 0;
  return join(path, isGramine ? signature : OCCLUM_LIBRARY);
}

function infoOfEra(identity: ExpectedIdentity, path: string): PackageInfo {
  const { uniqueId, signerId, productId, securityVersion, debug } = identity;
  if (uniqueId === undefined || signerId === undefined) {
    throw new CliError("PACKAGE_UNSIGNED", `${path} names no UniqueID and SignerID of a package`);
  }
  return {
    UniqueID: toHex(uniqueId),
    SignerID: toHex(signerId),
    ProductID: productId,
    SecurityVersion: securityVersion,
    Debug: debug,
  };
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
