import { DER_TAG, DerReader, der, derInteger, derTime, toHex } from "@carrara/encoding";
import { readAs, readSigned, signStructure } from "./certificate.ts";
import { PkiError } from "./error.ts";
import { type Extension, encodeExtension, parseExtensions } from "./extension.ts";
import { encodeName, type NameAttribute } from "./name.ts";
import type { Signer } from "./signature.ts";

/** Largest CRL that is read, in bytes. */
const MAX_CRL_BYTES = 1024 * 1024;

/** A parsed CRL of version 2; nothing is verified. */
export interface Crl {
  readonly tbs: Uint8Array;
  readonly issuerRaw: Uint8Array;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date | undefined;
  /** Hex of the DER INTEGER content octets of every revoked serial. */
  readonly revoked: ReadonlySet<string>;
  readonly extensions: readonly Extension[];
  /** True when an entry carries a critical extension, which nobody here understands. */
  readonly hasCriticalEntryExtension: boolean;
  /** Dotted signature algorithm, and its whole DER AlgorithmIdentifier. */
  readonly signatureAlgorithm: string;
  readonly signatureAlgorithmRaw: Uint8Array;
  readonly signature: Uint8Array;
}

/** Parses a DER CRL of at most 1 MiB (RFC 5280 section 5.1). Throws `CRL_MALFORMED`. */
export function parseCrl(bytes: Uint8Array): Crl {
  return readAs("CRL_MALFORMED", () => {
    if (bytes.length > MAX_CRL_BYTES) {
      throw new PkiError("CRL_MALFORMED", `crl has ${bytes.length} bytes, 1048576 allowed`);
    }
    const signed = readSigned(bytes);
    const tbs = new DerReader(signed.tbs.content);
    if (derInteger(tbs.read(DER_TAG.integer)) !== 1n) {
      throw new PkiError("CRL_MALFORMED", "crl is not of version 2");
    }
    if (toHex(tbs.read(DER_TAG.sequence).raw) !== toHex(signed.algorithmRaw)) {
      throw new PkiError("CRL_MALFORMED", "inner and outer signature algorithm differ");
    }
    const issuerRaw = tbs.read(DER_TAG.sequence).raw;
    const thisUpdate = derTime(tbs.read());
    const next = tbs.readOptional(DER_TAG.utcTime) ?? tbs.readOptional(DER_TAG.generalizedTime);
    const entries = readEntries(tbs);
    const extensions = tbs.nextTag === 0xa0 ? readCrlExtensions(tbs) : [];
    tbs.end();
    return {
      tbs: signed.tbs.raw,
      issuerRaw,
      thisUpdate,
      nextUpdate: next === undefined ? undefined : derTime(next),
      ...entries,
      extensions,
      signatureAlgorithm: signed.algorithm,
      signatureAlgorithmRaw: signed.algorithmRaw,
      signature: signed.signature,
    };
  });
}

function readCrlExtensions(tbs: DerReader): Extension[] {
  const wrapper = tbs.enter(0xa0);
  const extensions = parseExtensions(wrapper.enter());
  wrapper.end();
  return extensions;
}

function readEntries(tbs: DerReader): Pick<Crl, "revoked" | "hasCriticalEntryExtension"> {
  const revoked = new Set<string>();
  let hasCriticalEntryExtension = false;
  if (tbs.nextTag === DER_TAG.sequence) {
    const list = tbs.enter();
    while (!list.done) {
      const entry = list.enter();
      const serial = entry.read(DER_TAG.integer);
      derInteger(serial);
      derTime(entry.read());
      if (!entry.done && parseExtensions(entry.enter()).some(({ critical }) => critical)) {
        hasCriticalEntryExtension = true;
      }
      entry.end();
      revoked.add(toHex(serial.content));
    }
  }
  return { revoked, hasCriticalEntryExtension };
}

/** What a CRL to be issued says. */
export interface CrlTemplate {
  readonly issuer: readonly NameAttribute[];
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly revoked: readonly { readonly serial: Uint8Array; readonly date: Date }[];
  readonly extensions: readonly Extension[];
}

/** Issues a DER CRL of version 2; every entry gives the reason "unspecified" by saying none. */
export async function issueCrl(template: CrlTemplate, signer: Signer): Promise<Uint8Array> {
  const entries = template.revoked.map(({ serial, date }) =>
    der.sequence(
      der.integer(serial.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n)),
      der.time(date),
    ),
  );
  const tbs = der.sequence(
    der.integer(1),
    signer.algorithm,
    encodeName(template.issuer),
    der.time(template.thisUpdate),
    der.time(template.nextUpdate),
    ...(entries.length > 0 ? [der.sequence(...entries)] : []),
    der.context(0, der.sequence(...template.extensions.map(encodeExtension))),
  );
  return await signStructure(tbs, signer);
}

/** Whether the CRL is a delta or an indirect one, which nobody here serves (RFC 5280 section 5.2). */
export function isPartialCrl(crl: Pick<Crl, "extensions">): boolean {
  return crl.extensions.some(({ oid }) => oid === OID_DELTA_CRL || oid === OID_ISSUING_POINT);
}

const OID_DELTA_CRL = "2.5.29.27";
const OID_ISSUING_POINT = "2.5.29.28";
