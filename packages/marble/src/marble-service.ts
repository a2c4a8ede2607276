import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { MethodDefinition } from "@grpc/grpc-js";
import {
  type ActivationReq,
  ActivationReqSchema,
  type ActivationResp,
  ActivationRespSchema,
} from "./gen/rpc/coordinator_pb.ts";

/** The methods of {@link marbleService}. */
export type MarbleServiceDefinition = {
  readonly Activate: MethodDefinition<ActivationReq, ActivationResp>;
};

/** The gRPC service `rpc.Marble` for grpc-js servers and clients (spec marblerun section 3.1). */
export const marbleService: MarbleServiceDefinition = Object.freeze({
  Activate: {
    path: "/rpc.Marble/Activate",
    requestStream: false,
    responseStream: false,
    requestSerialize: (request: ActivationReq) =>
      bufferOver(toBinary(ActivationReqSchema, request)),
    requestDeserialize: (bytes: Buffer) => fromBinary(ActivationReqSchema, bytesOf(bytes)),
    responseSerialize: (response: ActivationResp) =>
      bufferOver(toBinary(ActivationRespSchema, response)),
    responseDeserialize: (bytes: Buffer) => fromBinary(ActivationRespSchema, bytesOf(bytes)),
  },
});

/** The methods of {@link renewalService}. */
export type RenewalServiceDefinition = {
  readonly Renew: MethodDefinition<ActivationReq, ActivationResp>;
};

/**
 * Our addition to the mesh API: the messages of `Activate`, with a proof in the metadata. A service of
 * its own, so that a Coordinator without it refuses instead of counting one more activation.
 */
export const renewalService: RenewalServiceDefinition = Object.freeze({
  Renew: { ...marbleService.Activate, path: "/carrara.Marble/Renew" },
});

function bufferOver({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Plain bytes, so that decoded fields are not Buffers. */
function bytesOf({ buffer, byteOffset, byteLength }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
