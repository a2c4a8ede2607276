import { SIGSTRUCT_BYTES } from "@carrara/attestation";
import { concatBytes, equalBytes, utf8 } from "@carrara/encoding";
import { TeeError } from "../error.ts";
import {
  encodeLaunchSettings,
  type LaunchSettings,
  parseLaunchSettings,
} from "./launch-settings.ts";

/** First bytes of every image; the last one is the version of the container. */
const MAGIC = concatBytes(utf8("CARRARA-ENCLAVE"), new Uint8Array([1]));
const HEADER_BYTES = MAGIC.length + 4;
/** Largest bundle in bytes: a service with its page is a few MB; the rest is room. */
const MAX_BUNDLE_BYTES = 32 * 1024 * 1024;
const MAX_SETTINGS_BYTES = 64 * 1024;
const RECORD_HEADER_BYTES = 1 + 4;
const RECORD_SIZE_BYTES = 8;

/** Largest image in bytes; check it before a file is read into memory. */
export const MAX_IMAGE_BYTES: number = MAX_BUNDLE_BYTES + MAX_SETTINGS_BYTES + 4096;

/** Kinds of measured records that an image carries (numbers of the measurement document). */
const RECORD_TYPE = { bundle: 3, settings: 7 } as const;

/** One measured part of an image. */
export interface ImageRecord {
  readonly type: number;
  readonly name: string;
  readonly content: Uint8Array;
}

/** What an image is made of. */
export interface ImageContent {
  /** UTF-8 text of one ES module; assets are inside it. */
  readonly bundle: Uint8Array;
  readonly settings: LaunchSettings;
}

/** A parsed image. Byte fields are views of the input; nothing is verified. */
export interface EnclaveImage extends ImageContent {
  /** In the order in which they are measured. */
  readonly records: readonly ImageRecord[];
  /** The whole image without a SIGSTRUCT. */
  readonly unsigned: Uint8Array;
  /** 1808 bytes, absent in an unsigned image. */
  readonly sigstruct: Uint8Array | undefined;
}

/** The shape that every image has: type, name and limit of each record, in order. */
const SHAPE = [
  { type: RECORD_TYPE.bundle, name: "main.mjs", maxBytes: MAX_BUNDLE_BYTES },
  { type: RECORD_TYPE.settings, name: "launch.json", maxBytes: MAX_SETTINGS_BYTES },
] as const;

function malformed(message: string): TeeError {
  return new TeeError("IMAGE_MALFORMED", message);
}

/**
 * The bytes of an unsigned image; they depend on `content` only, so the same source gives the same
 * image on every machine. The Node executable is measured (`measureImage`) but not carried.
 * Throws `IMAGE_MALFORMED` for settings or sizes out of range.
 */
export function encodeImage(content: ImageContent): Uint8Array {
  const parts = [content.bundle, encodeLaunchSettings(content.settings)];
  const records = SHAPE.map(({ type, name, maxBytes }, i) => {
    const bytes = parts[i] ?? new Uint8Array();
    if (bytes.length === 0 || bytes.length > maxBytes) {
      throw malformed(`${name} has ${bytes.length} bytes, 1 to ${maxBytes} allowed`);
    }
    const size = new Uint8Array(RECORD_SIZE_BYTES);
    new DataView(size.buffer).setBigUint64(0, BigInt(bytes.length), true);
    const encodedName = utf8(name);
    return concatBytes(
      new Uint8Array([type]),
      uint32(encodedName.length),
      encodedName,
      size,
      bytes,
    );
  });
  return concatBytes(MAGIC, uint32(SHAPE.length), ...records);
}

/**
 * Parses an image: the fixed records in order, then nothing or one SIGSTRUCT. There is exactly one
 * encoding of every image, so no byte can change unnoticed. Throws `IMAGE_MALFORMED`.
 */
export function parseImage(bytes: Uint8Array): EnclaveImage {
  if (bytes.length > MAX_IMAGE_BYTES) {
    throw malformed(`image has ${bytes.length} bytes, ${MAX_IMAGE_BYTES} allowed`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || !equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) {
    throw malformed("file is no enclave image of version 1");
  }
  if (view.getUint32(MAGIC.length, true) !== SHAPE.length) {
    throw malformed(`image does not have ${SHAPE.length} records`);
  }
  const records: ImageRecord[] = [];
  let offset = HEADER_BYTES;
  for (const expected of SHAPE) {
    const { record, end } = readRecord(view, offset, expected);
    records.push(record);
    offset = end;
  }
  const rest = bytes.length - offset;
  if (rest !== 0 && rest !== SIGSTRUCT_BYTES) {
    throw malformed(`${rest} bytes after the records, 0 or ${SIGSTRUCT_BYTES} needed`);
  }
  const [bundle, settings] = records;
  if (bundle === undefined || settings === undefined) throw malformed("image lacks a record");
  return {
    bundle: bundle.content,
    settings: parseLaunchSettings(settings.content),
    records,
    unsigned: bytes.subarray(0, offset),
    sigstruct: rest === 0 ? undefined : bytes.subarray(offset),
  };
}

function readRecord(
  view: DataView,
  start: number,
  { type, name, maxBytes }: (typeof SHAPE)[number],
): { record: ImageRecord; end: number } {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const encodedName = utf8(name);
  const sizeOffset = start + RECORD_HEADER_BYTES + encodedName.length;
  const contentOffset = sizeOffset + RECORD_SIZE_BYTES;
  if (contentOffset > bytes.length) throw malformed(`record ${name} is cut off`);
  const header = concatBytes(new Uint8Array([type]), uint32(encodedName.length), encodedName);
  if (!equalBytes(bytes.subarray(start, sizeOffset), header)) {
    throw malformed(`record ${name} is missing`);
  }
  const size = view.getBigUint64(sizeOffset, true);
  if (size === 0n || size > BigInt(maxBytes)) {
    throw malformed(`record ${name} has ${size} bytes, 1 to ${maxBytes} allowed`);
  }
  const end = contentOffset + Number(size);
  if (end > bytes.length) throw malformed(`record ${name} is cut off`);
  return { record: { type, name, content: bytes.subarray(contentOffset, end) }, end };
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
