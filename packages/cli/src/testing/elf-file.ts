import { concatBytes, utf8 } from "@carrara/encoding";

/**
 * An ELF file of 64 bits with one section: section 0 is empty, section 1 the wanted one, section 2 the names.
 */
export function elfWith(name: string, content: Uint8Array): Uint8Array {
  const names = utf8(`\0${name}\0.shstrtab\0`);
  const header = new Uint8Array(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  const view = new DataView(header.buffer);
  view.setBigUint64(40, BigInt(64 + content.length + names.length), true);
  view.setUint16(58, 64, true);
  view.setUint16(60, 3, true);
  view.setUint16(62, 2, true);
  const section = (nameAt: number, offset: number, size: number): Uint8Array => {
    const entry = new DataView(new ArrayBuffer(64));
    entry.setUint32(0, nameAt, true);
    entry.setBigUint64(24, BigInt(offset), true);
    entry.setBigUint64(32, BigInt(size), true);
    return new Uint8Array(entry.buffer);
  };
  const named = section(1, 64, content.length);
  const table = section(name.length + 2, 64 + content.length, names.length);
  return concatBytes(header, content, names, section(0, 0, 0), named, table);
}
