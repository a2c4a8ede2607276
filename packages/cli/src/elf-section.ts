/** The first bytes of an ELF file of 64 bits, little endian (System V ABI, chapter 4). */
const ELF64_LE = [0x7f, 0x45, 0x4c, 0x46, 2, 1];
const HEADER_BYTES = 64;
const SECTION_BYTES = 64;

/** Whether `bytes` is an ELF file as {@link elfSection} reads it. */
export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= HEADER_BYTES && ELF64_LE.every((byte, index) => bytes[index] === byte);
}

/**
 * The content of the first section called `name` in an ELF file of 64 bits, a view; undefined where
 * there is none. A file that contradicts itself has no sections.
 */
export function elfSection(bytes: Uint8Array, name: string): Uint8Array | undefined {
  if (!isElf(bytes)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const sections = sectionsOf(view);
  const names = sections[view.getUint16(62, true)];
  if (names === undefined) return undefined;
  const wanted = new TextEncoder().encode(`${name}\0`);
  const found = sections.find((section) => {
    const at = names.offset + section.name;
    return wanted.every((byte, index) => bytes[at + index] === byte);
  });
  if (found === undefined || found.offset + found.size > bytes.length) return undefined;
  return bytes.subarray(found.offset, found.offset + found.size);
}

interface Section {
  /** Offset of the name in the section of names. */
  readonly name: number;
  readonly offset: number;
  readonly size: number;
}

function sectionsOf(view: DataView): readonly Section[] {
  const start = Number(view.getBigUint64(40, true));
  const entryBytes = view.getUint16(58, true);
  const count = view.getUint16(60, true);
  const end = start + count * SECTION_BYTES;
  if (entryBytes !== SECTION_BYTES || end > view.byteLength) return [];
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * SECTION_BYTES;
    return {
      name: view.getUint32(at, true),
      offset: Number(view.getBigUint64(at + 24, true)),
      size: Number(view.getBigUint64(at + 32, true)),
    };
  });
}
