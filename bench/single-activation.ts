import { connect, type TLSSocket } from "node:tls";
import { toBinary } from "@bufbuild/protobuf";
import { concatBytes, utf8 } from "@carrara/encoding";
import { type ActivationCall, ActivationReqSchema } from "@carrara/marble";
import { clientContext } from "./client-context.ts";

const PREFACE = utf8("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const FRAME_HEADER_BYTES = 9;
/** Longest frame a server takes unless it says otherwise (RFC 9113 section 6.5.2). */
const MAX_FRAME_BYTES = 16_384;
const TYPE = { data: 0, headers: 1, settings: 4 } as const;
const FLAG = { ack: 1, endStream: 1, endHeaders: 4 } as const;
const STREAM = 1;
/** Bytes before a gRPC message: whether it is compressed, and its length. */
const GRPC_PREFIX_BYTES = 5;

/**
 * An `Activate` call over a new mutual TLS connection with everything of the marble's own made
 * beforehand: keys, request, quote, the reading of key and certificate, and the frames. What is left
 * for the caller of the result is what reaches the Coordinator: the handshake and the call.
 */
export function prepareSingle({ identity, ...call }: ActivationCall): () => Promise<void> {
  const [host = "", port = ""] = call.coordinatorAddress.split(":");
  const secureContext = clientContext(identity);
  const request = frames(toBinary(ActivationReqSchema, call.request));
  const options = { host, port: Number(port), secureContext, rejectUnauthorized: false };
  return async () => {
    const socket = connect({ ...options, ALPNProtocols: ["h2"] });
    try {
      socket.write(request);
      await answered(socket);
    } finally {
      socket.destroy();
    }
  };
}

/** Preface, settings, headers and message of one unary call. */
function frames(message: Uint8Array): Uint8Array {
  const prefixed = new Uint8Array(GRPC_PREFIX_BYTES + message.length);
  new DataView(prefixed.buffer).setUint32(1, message.length);
  prefixed.set(message, GRPC_PREFIX_BYTES);
  return concatBytes(
    PREFACE,
    frame(TYPE.settings, 0, 0, new Uint8Array()),
    frame(TYPE.headers, FLAG.endHeaders, STREAM, callHeaders()),
    frame(TYPE.data, FLAG.endStream, STREAM, prefixed),
  );
}

function frame(type: number, flags: number, stream: number, payload: Uint8Array): Uint8Array {
  if (payload.length > MAX_FRAME_BYTES) throw new Error(`a frame of ${payload.length} bytes`);
  const header = new DataView(new ArrayBuffer(FRAME_HEADER_BYTES));
  header.setUint32(0, (payload.length << 8) | type);
  header.setUint8(4, flags);
  header.setUint32(5, stream);
  return concatBytes(new Uint8Array(header.buffer), payload);
}

/** HPACK without a table of its own: indexes of the static table (RFC 7541 appendix A), plain text. */
function callHeaders(): Uint8Array {
  const text = (value: string) => concatBytes(new Uint8Array([value.length]), utf8(value));
  return concatBytes(
    new Uint8Array([0x83, 0x87]), // :method POST, :scheme https
    new Uint8Array([0x04]), // :path
    text("/rpc.Marble/Activate"),
    new Uint8Array([0x01]), // :authority
    text("coordinator"),
    new Uint8Array([0x0f, 0x10]), // content-type
    text("application/grpc"),
    new Uint8Array([0x00]),
    text("te"),
    text("trailers"),
  );
}

/** Resolves when the reply is there whole. A refusal is trailers without a message: it rejects. */
async function answered(socket: TLSSocket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let pending: Uint8Array = new Uint8Array();
    let messageBytes = 0;
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the connection ended without a reply")));
    socket.on("data", (chunk: Uint8Array) => {
      pending = concatBytes(pending, chunk);
      for (let next = readFrame(pending); next !== undefined; next = readFrame(pending)) {
        pending = pending.subarray(next.bytes);
        if (next.type === TYPE.settings && (next.flags & FLAG.ack) === 0) {
          socket.write(frame(TYPE.settings, FLAG.ack, 0, new Uint8Array()));
        }
        if (next.type === TYPE.data) messageBytes += next.bytes - FRAME_HEADER_BYTES;
        if (next.type !== TYPE.headers || (next.flags & FLAG.endStream) === 0) continue;
        if (messageBytes > GRPC_PREFIX_BYTES) resolve();
        else reject(new Error("the activation was refused"));
      }
    });
  });
}

interface Frame {
  readonly type: number;
  readonly flags: number;
  /** Header included. */
  readonly bytes: number;
}

/** The frame at the start of `bytes`, once it is there whole. */
function readFrame(bytes: Uint8Array): Frame | undefined {
  if (bytes.length < FRAME_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, FRAME_HEADER_BYTES);
  const head = view.getUint32(0);
  const whole = FRAME_HEADER_BYTES + (head >>> 8);
  if (bytes.length < whole) return undefined;
  return { type: head & 0xff, flags: view.getUint8(4), bytes: whole };
}
