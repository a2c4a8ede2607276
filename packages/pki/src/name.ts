import { DER_TAG, DerReader, der, derOid } from "@carrara/encoding";
import { OID } from "./oid.ts";

/** One attribute of a distinguished name: dotted type and text. */
export interface NameAttribute {
  readonly type: string;
  readonly value: string;
}

const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;
const TEXT_TAGS: ReadonlySet<number> = new Set([
  DER_TAG.utf8String,
  DER_TAG.printableString,
  DER_TAG.teletexString,
  DER_TAG.ia5String,
]);

/** A distinguished name with only a common name. */
export function commonName(value: string): readonly NameAttribute[] {
  return [{ type: OID.commonName, value }];
}

/** DER of a Name, one attribute a set; PrintableString where the text allows, else UTF8String. */
export function encodeName(attributes: readonly NameAttribute[]): Uint8Array {
  return der.sequence(
    ...attributes.map(({ type, value }) =>
      der.set(
        der.sequence(
          der.oid(type),
          PRINTABLE.test(value) ? der.printableString(value) : der.utf8String(value),
        ),
      ),
    ),
  );
}

/**
 * Attributes of a DER Name in order; values of types other than text come out as hex after `#`
 * (RFC 4514 section 2.4). Throws EncodingError `DER_MALFORMED`.
 */
export function parseName(raw: Uint8Array): NameAttribute[] {
  const outer = new DerReader(raw);
  const sets = outer.enter();
  outer.end();
  const attributes: NameAttribute[] = [];
  while (!sets.done) {
    const set = sets.enter(DER_TAG.set);
    while (!set.done) {
      const pair = set.enter();
      const type = derOid(pair.read(DER_TAG.oid));
      const { tag, content } = pair.read();
      pair.end();
      const value = TEXT_TAGS.has(tag)
        ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(content)
        : `#${Array.from(content, (octet) => octet.toString(16).padStart(2, "0")).join("")}`;
      attributes.push({ type, value });
    }
  }
  return attributes;
}

/** The first common name, or the empty text. */
export function commonNameOf(attributes: readonly NameAttribute[]): string {
  return attributes.find(({ type }) => type === OID.commonName)?.value ?? "";
}
