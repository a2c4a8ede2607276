import { create } from "@bufbuild/protobuf";
import { encodePem } from "@carrara/encoding";
import {
  type ChannelCredentials,
  Client,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { MarbleError } from "./error.ts";
import {
  type ActivationReq,
  type ActivationResp,
  type Parameters,
  ParametersSchema,
} from "./gen/rpc/coordinator_pb.ts";
import type { MarbleIdentity } from "./marble-identity.ts";
import { marbleService, renewalService } from "./marble-service.ts";
import { oneLine } from "./premain-log.ts";
import { type RenewalProof, renewalMetadata } from "./renewal-proof.ts";

/** What one attempt to activate came to; `retry` means that a later attempt may succeed. */
export type ActivationAttempt =
  | { readonly kind: "accepted"; readonly parameters: Parameters }
  | { readonly kind: "retry"; readonly reason: string };

/** One `Activate` call, or one `Renew` call when it has a proof. */
export interface ActivationCall {
  readonly coordinatorAddress: string;
  readonly identity: Pick<MarbleIdentity, "certificate" | "pkcs8">;
  readonly request: ActivationReq;
  readonly deadline: Date;
  readonly signal: AbortSignal;
  readonly renewal?: RenewalProof;
}

/** One name for every address: nothing verifies it, and TLS has no server name for IP addresses. */
const SERVER_NAME = { "grpc.ssl_target_name_override": "localhost" };

/** Codes after which the same request may be accepted later: not reachable, or not ready yet. */
const RETRIED = new Set([status.UNAVAILABLE, status.FAILED_PRECONDITION]);

/**
 * Calls `Activate` or `Renew` once over TLS. The Coordinator's certificate is not verified: its users verify
 * the Coordinator (spec marblerun section 3.2). Throws `ACTIVATION_REFUSED` with the Coordinator's
 * message, `ACTIVATION_TIMEOUT`, `ACTIVATION_ABORTED`.
 */
export async function callActivate(call: ActivationCall): Promise<ActivationAttempt> {
  call.signal.throwIfAborted();
  // A channel of its own: a kept one would wait a second after its first refused connection.
  const client = new Client(call.coordinatorAddress, credentialsOf(call.identity), {
    // The environment is the host's: it must not choose a proxy.
    "grpc.enable_http_proxy": 0,
    ...SERVER_NAME,
  });
  try {
    const { Parameters } = await unary(client, call);
    return { kind: "accepted", parameters: Parameters ?? create(ParametersSchema) };
  } catch (cause) {
    return classify(cause, call.signal);
  } finally {
    client.close();
  }
}

function credentialsOf({ certificate, pkcs8 }: ActivationCall["identity"]): ChannelCredentials {
  return credentials.createSsl(
    null,
    Buffer.from(encodePem("PRIVATE KEY", pkcs8)),
    Buffer.from(encodePem("CERTIFICATE", certificate)),
    { rejectUnauthorized: false, checkServerIdentity: () => undefined },
  );
}

async function unary(client: Client, call: ActivationCall): Promise<ActivationResp> {
  const { request, deadline, signal, renewal } = call;
  const method = renewal === undefined ? marbleService.Activate : renewalService.Renew;
  const { path, requestSerialize, responseDeserialize } = method;
  return await new Promise((resolve, reject) => {
    const pending = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      renewal === undefined ? new Metadata() : renewalMetadata(renewal),
      { deadline },
      (error, response) => {
        signal.removeEventListener("abort", cancel);
        if (response === undefined) reject(error ?? new Error("no answer"));
        else resolve(response);
      },
    );
    const cancel = (): void => pending.cancel();
    signal.addEventListener("abort", cancel, { once: true });
  });
}

function classify(cause: unknown, signal: AbortSignal): ActivationAttempt {
  if (signal.aborted) {
    throw new MarbleError("ACTIVATION_ABORTED", "activation was aborted", { cause });
  }
  if (!isServiceError(cause)) throw cause;
  const reason = `${status[cause.code]}: ${oneLine(cause.details)}`;
  if (RETRIED.has(cause.code)) return { kind: "retry", reason };
  if (cause.code === status.DEADLINE_EXCEEDED) {
    throw new MarbleError("ACTIVATION_TIMEOUT", "the coordinator did not answer in time", {
      cause,
    });
  }
  throw new MarbleError("ACTIVATION_REFUSED", `the coordinator refused: ${reason}`, { cause });
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && "details" in error;
}
