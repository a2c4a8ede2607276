import { EmojivotoError } from "../service/emojivoto-error.ts";

/** Bytes before each gRPC message: a compression flag and a big-endian length. */
const PREFIX_BYTES = 5;

/** Frames one uncompressed gRPC message (gRPC over HTTP/2, Length-Prefixed-Message). Copies `message`. */
export function encodeFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/** Cuts a byte stream into gRPC messages; keeps at most one unfinished message. */
export interface FrameReader {
  /** Takes the next bytes and returns the messages they complete. Throws `FRAME_MALFORMED`. */
  push(chunk: Uint8Array): readonly Uint8Array[];
}

/** Creates a reader that refuses compressed messages and messages above `maxMessageBytes` before buffering them. */
export function createFrameReader(maxMessageBytes: number): FrameReader {
  let rest: Uint8Array = new Uint8Array(0);
  return {
    push(chunk) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const messages: Uint8Array[] = [];
      let at = 0;
      while (bytes.length - at >= PREFIX_BYTES) {
        const end = at + PREFIX_BYTES + messageLength(bytes, at, maxMessageBytes);
        if (end > bytes.length) break;
        messages.push(bytes.subarray(at + PREFIX_BYTES, end));
        at = end;
      }
      rest = bytes.subarray(at);
      return messages;
    },
  };
}

function messageLength(bytes: Uint8Array, at: number, maxMessageBytes: number): number {
  if (bytes[at] !== 0) throw new EmojivotoError("FRAME_MALFORMED", "message is compressed");
  const length = new DataView(bytes.buffer, bytes.byteOffset + at + 1, 4).getUint32(0);
  if (length > maxMessageBytes) {
    throw new EmojivotoError(
      "FRAME_MALFORMED",
      `message has ${length} bytes, at most ${maxMessageBytes} are allowed`,
    );
  }
  return length;
}
