import { type ClientHttp2Session, connect } from "node:http2";
import { toBinary } from "@bufbuild/protobuf";
import { encodePem } from "@carrara/encoding";
import { type ActivationCall, ActivationReqSchema } from "@carrara/marble";

const OK = "0";
/** Calls at once on a connection, with some to spare. */
const MAX_CALLS = 32;

/** A connection to the mesh API with the marble's certificate. */
export function openSession({ coordinatorAddress, identity }: ActivationCall): ClientHttp2Session {
  const session = connect(`https://${coordinatorAddress}`, {
    cert: encodePem("CERTIFICATE", identity.certificate),
    key: encodePem("PRIVATE KEY", identity.pkcs8),
    rejectUnauthorized: false,
    servername: "",
  });
  // Each call under way listens for the end of the session.
  return session.setMaxListeners(MAX_CALLS);
}

/** One of many `Activate` calls on a connection, with gRPC framing by hand over node:http2. */
export async function activateOn(
  session: ClientHttp2Session,
  request: ActivationCall["request"],
): Promise<void> {
  const status = await new Promise<unknown>((resolve, reject) => {
    session.once("error", reject);
    const stream = session.request({
      ":method": "POST",
      ":path": "/rpc.Marble/Activate",
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.once("response", (headers) => {
      if (headers["grpc-status"] !== undefined) resolve(headers["grpc-status"]);
    });
    stream.once("trailers", (trailers) => resolve(trailers["grpc-status"]));
    stream.once("error", reject);
    stream.once("close", () => session.off("error", reject));
    stream.resume();
    stream.end(framed(toBinary(ActivationReqSchema, request)));
  });
  if (status !== OK) throw new Error(`activation got gRPC status ${String(status)}`);
}

function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}
