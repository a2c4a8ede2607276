import { encodePem, fromHex, type PemBlock, parsePem } from "@carrara/encoding";
import { commonNameOf, parseCertificate, parseCrl } from "@carrara/pki";
import { readAmdChain, readAmdCrl, readVekFacts, vekKeyOf } from "./amd-facts.ts";
import { type CollateralBundle, EMPTY_BUNDLE, parseCollateralBundle } from "./bundle.ts";
import { readDcapFacts } from "./dcap-facts.ts";
import { collateralRefusalOf, readingCollateral, unavailable } from "./refusal.ts";

/** First byte of a DER SEQUENCE. */
const DER_SEQUENCE = 0x30;
/** Longest common name that a message repeats, in characters. */
const MAX_NAME_CHARACTERS = 64;

/**
 * The collateral in one file, told by its content: a bundle document or DcapCollateral object, a VCEK
 * or VLEK, a chain of ASK or ASVK and ARK, or a CRL of an ARK, whose `name` must have `vcek` or
 * `vlek` in it; the last three as DER, PEM or hex. Throws `COLLATERAL_UNAVAILABLE` that says what it
 * is not.
 */
export function readCollateralItem(name: string, bytes: Uint8Array): CollateralBundle {
  if (bytes[0] === DER_SEQUENCE && !isText(bytes)) return derItem(name, bytes);
  const text = isText(bytes) ? new TextDecoder().decode(bytes) : "";
  if (/^\s*\{/.test(text)) return parseCollateralBundle(bytes);
  if (text.includes("-----BEGIN ")) {
    return pemItem(
      name,
      readingCollateral("the pem cannot be read", () => parsePem(text)),
    );
  }
  const digits = text.replace(/\s+/g, "");
  if (/^(?:[0-9a-fA-F]{2})+$/.test(digits)) return derItem(name, fromHex(digits));
  throw unavailable("malformed", "it is no collateral: neither json, der, pem nor hex");
}

/** Refuses an item that does not say what it is for. Throws `COLLATERAL_UNAVAILABLE`. */
export function checkCollateralItem({ dcap, veks, chains, crls }: CollateralBundle): void {
  dcap.forEach((collateral) => void readDcapFacts(collateral));
  veks.forEach((vek) => void readVekFacts(vek));
  chains.forEach((chain) => void readAmdChain(chain));
  crls.forEach(({ crl }) => void readAmdCrl(crl));
}

function isText(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte >= 0x20 || (byte >= 9 && byte <= 13));
}

function derItem(name: string, der: Uint8Array): CollateralBundle {
  if (isCrl(der)) return crlItem(name, der);
  if (vekKeyOf(der) !== undefined) return { ...EMPTY_BUNDLE, veks: [der] };
  throw unavailable("malformed", `a certificate of ${holderOf(der)} alone is no collateral`);
}

function pemItem(name: string, blocks: readonly PemBlock[]): CollateralBundle {
  const [first, second] = blocks;
  if (first !== undefined && second === undefined) return derItem(name, first.bytes);
  const certificates = blocks.map(({ bytes }) => bytes);
  const veks = certificates.filter((der) => vekKeyOf(der) !== undefined);
  const issuers = certificates.filter((der) => !veks.includes(der));
  const chain = issuers.map((der) => encodePem("CERTIFICATE", der)).join("");
  if (issuers.length > 0) readAmdChain(chain);
  return { ...EMPTY_BUNDLE, veks, chains: issuers.length > 0 ? [chain] : [] };
}

function isCrl(der: Uint8Array): boolean {
  try {
    readingCollateral("", () => parseCrl(der));
    return true;
  } catch (error) {
    if (collateralRefusalOf(error) === undefined) throw error;
    return false;
  }
}

/** Which keys a CRL is about, it does not say: its name does. */
function crlItem(name: string, crl: Uint8Array): CollateralBundle {
  const { product } = readAmdCrl(crl);
  const key = (["vcek", "vlek"] as const).find((word) => name.toLowerCase().includes(word));
  if (key !== undefined) return { ...EMPTY_BUNDLE, crls: [{ product, key, crl }] };
  throw unavailable("malformed", "the name of a crl of amd's has vcek or vlek in it");
}

function holderOf(der: Uint8Array): string {
  const { subject } = readingCollateral("the certificate cannot be read", () =>
    parseCertificate(der),
  );
  return JSON.stringify(commonNameOf(subject).slice(0, MAX_NAME_CHARACTERS));
}
