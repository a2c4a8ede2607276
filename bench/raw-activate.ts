import { connect } from "node:http2";
import { toBinary } from "@bufbuild/protobuf";
import { encodePem } from "@carrara/encoding";
import { type ActivationCall, ActivationReqSchema } from "@carrara/marble";

const OK = "0";

/**
 * One `Activate` call with gRPC framing by hand over node:http2: a generator that costs a third of
 * what a gRPC client library costs, so that the Coordinator is what is measured.
 */
export async function rawActivate({
  coordinatorAddress,
  identity,
  request,
}: ActivationCall): Promise<void> {
  const session = connect(`https://${coordinatorAddress}`, {
    cert: encodePem("CERTIFICATE", identity.certificate),
    key: encodePem("PRIVATE KEY", identity.pkcs8),
    rejectUnauthorized: false,
    servername: "",
  });
  try {
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
      stream.resume();
      const message = toBinary(ActivationReqSchema, request);
      const frame = Buffer.alloc(5 + message.length);
      frame.writeUInt32BE(message.length, 1);
      frame.set(message, 5);
      stream.end(frame);
    });
    if (status !== OK) throw new Error(`activation got gRPC status ${String(status)}`);
  } finally {
    session.destroy();
  }
}
