import type { SnpProduct, SnpTcb } from "@carrara/attestation";
import { toHex } from "@carrara/encoding";
import type { AmdCertificateRequest, AmdKey, DcapCollateralRequest } from "./provider.ts";

/** A chip's id in bytes: SHA-512 of its key before Turin, a number since. */
const HW_ID_BYTES = 64;
const TURIN_HW_ID_BYTES = 8;

/** A request in the one form that keys and URLs are made of. */
export type ExactDcapRequest = Required<DcapCollateralRequest>;

/** Lower case and all defaults. Throws TypeError for what no service could be asked. */
export function exactDcapRequest(request: DcapCollateralRequest): ExactDcapRequest {
  const { fmspc, tee, ca, update = "standard" } = request;
  if (!/^[0-9a-fA-F]{12}$/.test(fmspc)) throw new TypeError("fmspc is not 12 hex digits");
  checkOneOf("tee", tee, ["sgx", "tdx"]);
  checkOneOf("ca", ca, ["processor", "platform"]);
  checkOneOf("update type", update, ["standard", "early"]);
  return { fmspc: fmspc.toLowerCase(), tee, ca, update };
}

/** A VCEK request in one form: hex of the id as KDS wants it, patch levels in KDS's order. */
export interface ExactAmdRequest {
  readonly product: SnpProduct;
  /** Lower-case hex: 128 digits, 16 on Turin. */
  readonly hwId: string;
  readonly tcb: SnpTcb;
  /** `blSPL` and so on with their values, `fmcSPL` first where there is one (section 3.3). */
  readonly levels: readonly (readonly [name: string, level: number])[];
}

/** Throws TypeError for a product, id or patch level that cannot be. */
export function exactAmdRequest({ product, hwId, tcb }: AmdCertificateRequest): ExactAmdRequest {
  checkAmdProduct(product);
  const turin = product === "Turin";
  if (turin !== (tcb.fmc !== undefined)) throw new TypeError("turin alone has an fmc level");
  const levels = [
    ...(tcb.fmc === undefined ? [] : [["fmcSPL", tcb.fmc] as const]),
    ["blSPL", tcb.bootloader] as const,
    ["teeSPL", tcb.tee] as const,
    ["snpSPL", tcb.snp] as const,
    ["ucodeSPL", tcb.microcode] as const,
  ];
  if (!levels.every(([, level]) => Number.isInteger(level) && level >= 0 && level <= 255)) {
    throw new TypeError("a patch level is no integer from 0 to 255");
  }
  return {
    product,
    hwId: toHex(turin ? turinHwId(hwId) : fullHwId(hwId)),
    tcb: { ...tcb },
    levels,
  };
}

function fullHwId(hwId: Uint8Array): Uint8Array {
  if (hwId.length === HW_ID_BYTES) return hwId;
  throw new TypeError(`hardware id has ${hwId.length} bytes, ${HW_ID_BYTES} needed`);
}

/** A Turin report has the id of 8 bytes in the field of 64, with zeros after it. */
function turinHwId(hwId: Uint8Array): Uint8Array {
  const padding = hwId.subarray(TURIN_HW_ID_BYTES);
  const long = hwId.length === HW_ID_BYTES && padding.every((byte) => byte === 0);
  if (!long && hwId.length !== TURIN_HW_ID_BYTES) {
    throw new TypeError(`hardware id is not ${TURIN_HW_ID_BYTES} bytes, with or without padding`);
  }
  return hwId.subarray(0, TURIN_HW_ID_BYTES);
}

/** These go into URLs and file names, and untyped code can hand in anything. */
function checkOneOf(what: string, value: string, known: readonly string[]): void {
  if (!known.includes(value)) throw new TypeError(`${what} is none of ${known.join(", ")}`);
}

/** Throws TypeError for a product without SEV-SNP. */
export function checkAmdProduct(product: SnpProduct): void {
  checkOneOf("product", product, ["Milan", "Genoa", "Turin"]);
}

/** Throws TypeError for what is neither of AMD's keys. */
export function checkAmdKey(key: AmdKey): void {
  checkOneOf("key", key, ["vcek", "vlek"]);
}

/** Names the answer to a request, in a cache and as a file: letters, digits and hyphens. */
export function dcapKey({ fmspc, tee, ca, update }: ExactDcapRequest): string {
  return `dcap-${tee}-${fmspc}-${ca}-${update}`;
}

/** Names a VCEK as {@link dcapKey} does collateral. */
export function vcekKey({
  product,
  hwId,
  tcb,
}: Pick<ExactAmdRequest, "product" | "hwId" | "tcb">): string {
  const levels = [
    tcb.bootloader,
    tcb.tee,
    tcb.snp,
    tcb.microcode,
    ...(tcb.fmc === undefined ? [] : [tcb.fmc]),
  ];
  return `vcek-${product.toLowerCase()}-${levels.join("-")}-${hwId}`;
}

/** Names a CRL of AMD as {@link dcapKey} does collateral. */
export function crlKey(product: SnpProduct, key: AmdKey): string {
  return `crl-${product.toLowerCase()}-${key}`;
}
