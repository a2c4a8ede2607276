import { concatBytes, fromHex, toHex } from "@carrara/encoding";
import { ByteReader, writeLe } from "../byte-reader.ts";
import { AttestationError } from "../error.ts";

/** Largest table that is read, in bytes: KVM's is four pages, and five certificates are below 10 KiB. */
const MAX_TABLE_BYTES = 64 * 1024;
/** Bytes of an entry: GUID, offset, length. */
const ENTRY_BYTES = 24;
const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Bytes of a GUID by their place in its text: the first three groups are little endian. */
const GUID_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const;

/** What is in a certificate table, by GUID (section 7.2). ASK stands for ASVK too. */
export const CERT_TABLE_GUID = {
  vcek: "63da758d-e664-4564-adc5-f4b93be8accd",
  vlek: "a8074bc2-a25a-483e-aae6-39c045a0b8a1",
  ask: "4ab7b379-bbac-4fe4-a02f-05aef327c782",
  ark: "c0b406a4-a803-4952-9743-3fb6014cd0ae",
} as const;

/** One certificate, or something else, that the host hands to the guest. */
export interface CertTableEntry {
  /** Lower case. */
  readonly guid: string;
  readonly data: Uint8Array;
}

interface Place {
  readonly guid: string;
  readonly start: number;
  readonly end: number;
}

function malformed(message: string): AttestationError {
  return new AttestationError("VEK_FORMAT", `certificate table: ${message}`);
}

/**
 * The entries of a certificate table (`auxblob`), in order; data are views. No bytes are no entries.
 * Nothing may overlap or occur twice. Throws `VEK_FORMAT`.
 */
export function parseCertTable(bytes: Uint8Array): CertTableEntry[] {
  if (bytes.length > MAX_TABLE_BYTES) {
    throw malformed(`${bytes.length} bytes, ${MAX_TABLE_BYTES} allowed`);
  }
  const reader = new ByteReader(bytes, "VEK_FORMAT");
  const places: Place[] = [];
  while (bytes.length > 0) {
    const guid = reader.take(16);
    const start = reader.u32();
    const length = reader.u32();
    if (guid.every((byte) => byte === 0) && start === 0 && length === 0) break;
    places.push({ guid: guidText(guid), start, end: start + length });
  }
  checkPlaces(places, reader.offset, bytes.length);
  return places.map(({ guid, start, end }) => ({ guid, data: bytes.subarray(start, end) }));
}

function checkPlaces(places: readonly Place[], headerEnd: number, size: number): void {
  if (new Set(places.map(({ guid }) => guid)).size < places.length) {
    throw malformed("a guid occurs twice");
  }
  let free = headerEnd;
  for (const { start, end } of places.toSorted((a, b) => a.start - b.start)) {
    if (start < free || end > size) throw malformed("an entry overlaps or leaves the table");
    free = end;
  }
}

function guidText(bytes: Uint8Array): string {
  const hex = toHex(new Uint8Array(GUID_ORDER.map((i) => bytes[i] ?? 0)));
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The certificate table with `entries` one after the other. Throws a TypeError for a malformed GUID. */
export function encodeCertTable(entries: readonly CertTableEntry[]): Uint8Array {
  let offset = (entries.length + 1) * ENTRY_BYTES;
  const header = entries.map(({ guid, data }) => {
    const start = offset;
    offset += data.length;
    return concatBytes(guidBytes(guid), writeLe(start, 4), writeLe(data.length, 4));
  });
  const data = entries.map((entry) => entry.data);
  return concatBytes(...header, new Uint8Array(ENTRY_BYTES), ...data);
}

function guidBytes(guid: string): Uint8Array {
  if (!GUID.test(guid)) throw new TypeError("guid must be lower-case hex in five groups");
  const bytes = fromHex(guid.replaceAll("-", ""));
  return new Uint8Array(GUID_ORDER.map((i) => bytes[i] ?? 0));
}
