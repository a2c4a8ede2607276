import { EmojivotoError } from "../service/emojivoto-error.ts";

/** A field of a protobuf message: bytes are views of the message. */
export interface WireField {
  readonly number: number;
  /** Value of a varint, 32 bits. */
  readonly value: number;
  /** Content of a length-delimited field. */
  readonly bytes: Uint8Array;
}

const VARINT = 0;
const DELIMITED = 2;
const MORE = 0x80;
/** Bytes that the tag and length of a delimited field take at most. */
const MAX_HEADER_BYTES = 6;
const NOTHING = new Uint8Array(0);

/** Writes protobuf fields in order of their numbers, the same bytes as protobuf-es; empty ones are left out. */
export class WireWriter {
  readonly #bytes: Buffer;
  #at = 0;

  /** `payloadBytes` is the length of all delimited contents together. */
  constructor(payloadBytes: number, fields: number) {
    this.#bytes = Buffer.allocUnsafe(payloadBytes + fields * MAX_HEADER_BYTES);
  }

  /** Writes an unsigned number of 32 bits. */
  varint(field: number, value: number): void {
    if (value === 0) return;
    this.#bytes[this.#at++] = (field << 3) | VARINT;
    this.#varint(value);
  }

  /** Writes the header of a field of `length` bytes and returns where they go, to be filled at once. */
  delimited(field: number, length: number): Buffer {
    if (length === 0) return this.#bytes.subarray(this.#at, this.#at);
    this.#bytes[this.#at++] = (field << 3) | DELIMITED;
    this.#varint(length);
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  /** What was written. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= MORE) {
      this.#bytes[this.#at++] = (rest & 0x7f) | MORE;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }
}

/**
 * Reads a message whose fields come once each in ascending order, as every encoder writes them, with
 * numbers of one byte. Attacker-controlled input: anything else throws `BATCH_MALFORMED`.
 */
export function readFields(message: Uint8Array, maxBytes: number): readonly WireField[] {
  if (message.length > maxBytes) {
    throw malformed(`message has ${message.length} bytes, at most ${maxBytes} are allowed`);
  }
  const fields: WireField[] = [];
  let at = 0;
  let last = 0;
  while (at < message.length) {
    const tag = message[at++] ?? 0;
    const number = tag >>> 3;
    if (tag >= MORE || number <= last) throw malformed("unknown or repeated field");
    last = number;
    const [value, next] = readVarint(message, at);
    at = next;
    if ((tag & 7) === VARINT) fields.push({ number, value, bytes: NOTHING });
    else if ((tag & 7) === DELIMITED && value <= message.length - at) {
      fields.push({ number, value: 0, bytes: message.subarray(at, at + value) });
      at += value;
    } else throw malformed("truncated field");
  }
  return fields;
}

/** Why a message is no batch. */
export function malformed(what: string): EmojivotoError {
  return new EmojivotoError("BATCH_MALFORMED", what);
}

function readVarint(bytes: Uint8Array, start: number): [value: number, next: number] {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) throw malformed("truncated number");
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < MORE) {
      if (value > 0xffff_ffff) throw malformed("number is above 32 bits");
      return [value, start + i + 1];
    }
  }
  throw malformed("number is too long");
}
