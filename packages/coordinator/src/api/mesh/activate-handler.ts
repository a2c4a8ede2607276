import type { ActivationReq, ActivationResp } from "@carrara/marble";
import { type handleUnaryCall, Metadata, type ServerErrorResponse, status } from "@grpc/grpc-js";
import type { Coordinator } from "../../coordinator.ts";
import type { MarbleParameters } from "../../core/marble-parameters.ts";
import { CoordinatorError, reasonOf } from "../../error.ts";
import type { Log } from "../../log.ts";
import { ERROR_ANSWERS } from "../error-table.ts";

/** Trailing metadata with the most exact code known for a refusal. */
export const CODE_METADATA = "carrara-code";

/** Longest caller-chosen text in a log line. */
const MAX_LOGGED_TEXT = 128;

/** The handler of `Activate`: decodes, lets the Coordinator decide, encodes. */
export function activateHandler({
  coordinator,
  log,
}: {
  readonly coordinator: Coordinator;
  readonly log: Log;
}): handleUnaryCall<ActivationReq, ActivationResp> {
  return (call, callback) => {
    const { request } = call;
    const peerCertificate = call.getAuthContext().sslPeerCertificate?.raw;
    decide(coordinator, request, peerCertificate).then(
      (parameters) => callback(null, encodeReply(parameters)),
      (error: unknown) => {
        log.warn(
          {
            code: reasonOf(error),
            marbleType: request.MarbleType.slice(0, MAX_LOGGED_TEXT),
            uuid: request.UUID.slice(0, MAX_LOGGED_TEXT),
            peer: call.getPeer(),
            detail: error instanceof CoordinatorError ? error.message : String(error),
          },
          "activation refused",
        );
        callback(activationFailure(error));
      },
    );
  };
}

async function decide(
  coordinator: Coordinator,
  request: ActivationReq,
  peerCertificate: Uint8Array | undefined,
): Promise<MarbleParameters> {
  if (peerCertificate === undefined) {
    throw new CoordinatorError("PEER_CERTIFICATE_MISSING", "peer presented no certificate");
  }
  return await coordinator.activate({
    peerCertificate,
    quote: request.Quote,
    csr: request.CSR,
    marbleType: request.MarbleType,
    uuid: request.UUID,
  });
}

function encodeReply({ files, env, argv }: MarbleParameters): ActivationResp {
  return {
    $typeName: "rpc.ActivationResp",
    Parameters: {
      $typeName: "rpc.Parameters",
      Files: Object.fromEntries(files),
      Env: Object.fromEntries(env),
      Argv: [...argv],
    },
  };
}

/** The gRPC error of a refusal (section 3.3); `carrara-code` has its exact reason. */
export function activationFailure(error: unknown): ServerErrorResponse {
  const metadata = new Metadata();
  metadata.set(CODE_METADATA, reasonOf(error));
  if (!(error instanceof CoordinatorError)) {
    const failure = { code: status.INTERNAL, details: "internal error", metadata };
    return Object.assign(new Error(failure.details), failure);
  }
  const { grpc } = ERROR_ANSWERS[error.code];
  const prefix = grpc === status.PERMISSION_DENIED ? "marble verification failed: " : "";
  const suffix = grpc === status.FAILED_PRECONDITION ? "" : ` [${reasonOf(error)}]`;
  const details = `${prefix}${error.message}${suffix}`;
  return Object.assign(new Error(details), { code: grpc, details, metadata });
}
