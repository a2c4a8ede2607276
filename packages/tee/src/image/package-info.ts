import { type TeeKind, tdUniqueId } from "@carrara/attestation";
import { toHex } from "@carrara/encoding";
import { loadNodeExecutable, type NodeExecutable } from "./node-executable.ts";
import { type MeasuredIdentity, verifyImage } from "./verify-image.ts";

/** Identity of a signed image in the terms of MarbleRun's manifest; ids in lower-case hex. */
export interface PackageInfo {
  /** MRENCLAVE (64 digits), or of an SNP guest the launch measurement (96). */
  readonly UniqueID: string;
  /** MRSIGNER (64 digits), or of an SNP guest the ID key's digest (96). */
  readonly SignerID: string;
  readonly ProductID: number;
  readonly SecurityVersion: number;
  readonly Debug: boolean;
}

/** What a TD proves of an image: nobody signs for a TD, so its unique id is all there is. */
export type TdPackageInfo = Pick<PackageInfo, "UniqueID" | "Debug">;

/**
 * Identity of a signed image, verified as by `verifyImage` under the running Node binary or the one
 * given, in the terms of `tee` (`sgx` unless set).
 */
export async function readPackageInfo(
  bytes: Uint8Array,
  node?: NodeExecutable,
  tee?: "sgx" | "snp",
): Promise<PackageInfo>;
export async function readPackageInfo(
  bytes: Uint8Array,
  node: NodeExecutable | undefined,
  tee: "tdx",
): Promise<TdPackageInfo>;
export async function readPackageInfo(
  bytes: Uint8Array,
  node: NodeExecutable | undefined,
  tee: TeeKind,
): Promise<PackageInfo | TdPackageInfo>;
export async function readPackageInfo(
  bytes: Uint8Array,
  node?: NodeExecutable,
  tee: TeeKind = "sgx",
): Promise<PackageInfo | TdPackageInfo> {
  const { identity } = await verifyImage(bytes, node ?? (await loadNodeExecutable()));
  if (tee === "tdx") return { UniqueID: await tdUniqueId(identity.td), Debug: identity.debug };
  return packageInfoOf(identity, tee);
}

function packageInfoOf(identity: MeasuredIdentity, tee: "sgx" | "snp"): PackageInfo {
  return {
    UniqueID: toHex(tee === "sgx" ? identity.mrEnclave : identity.snpMeasurement),
    SignerID: toHex(tee === "sgx" ? identity.mrSigner : identity.idKeyDigest),
    ProductID: identity.isvProdId,
    SecurityVersion: identity.isvSvn,
    Debug: identity.debug,
  };
}
