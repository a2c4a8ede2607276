import { randomUUID } from "node:crypto";
import {
  type ActivationReq,
  type ActivationResp,
  type RenewalProof,
  renewalProofFrom,
} from "@carrara/marble";
import {
  type handleUnaryCall,
  Metadata,
  type ServerErrorResponse,
  type ServerUnaryCall,
  status,
} from "@grpc/grpc-js";
import type { ActivationScope, Coordinator } from "../../coordinator.ts";
import type { MarbleParameters } from "../../core/marble-parameters.ts";
import { CoordinatorError, reasonOf } from "../../error.ts";
import { type Log, withFields } from "../../log.ts";
import { reportActivation, reportRefusal } from "../../observe/report-activation.ts";
import type { Telemetry } from "../../observe/telemetry.ts";
import { UNTRACED } from "../../observe/tracing.ts";
import { ERROR_ANSWERS } from "../error-table.ts";
import { peerOf } from "./mesh-peer.ts";

/** Trailing metadata with the most exact code known for a refusal. */
export const CODE_METADATA = "carrara-code";

/** Longest caller-chosen text in a log line. */
const MAX_LOGGED_TEXT = 128;

/** What {@link activateHandler} needs. */
export interface ActivateHandlerDeps {
  readonly coordinator: Coordinator;
  readonly log: Log;
  readonly telemetry?: Telemetry;
}

type ActivateCall = ServerUnaryCall<ActivationReq, ActivationResp>;

/**
 * The handler of `Activate`, and with `renew` that of `Renew`: decodes, lets the Coordinator decide,
 * encodes.
 */
export function activateHandler(
  deps: ActivateHandlerDeps,
  renew = false,
): handleUnaryCall<ActivationReq, ActivationResp> {
  const { coordinator, telemetry = {} } = deps;
  return (call, callback) => {
    const finished = telemetry.metrics?.grpc.started();
    const log = withFields(deps.log, { requestId: randomUUID() });
    traced(deps, call, log, renew).then(
      (parameters) => {
        if (renew) log.info(namesOf(call.request), "marble renewed");
        else reportActivation(telemetry, call.request);
        finished?.(status.OK);
        callback(null, encodeReply(parameters));
      },
      (error: unknown) => {
        const failure = activationFailure(error);
        logRefusal(log, call, error, renew);
        if (!renew) {
          reportRefusal(telemetry, coordinator.deployment(), call.request, reasonOf(error));
        }
        finished?.(failure.code ?? status.UNKNOWN);
        callback(failure);
      },
    );
  };
}

/** Decides in a span that continues the caller's trace, where traces are on. */
async function traced(
  { coordinator, telemetry }: ActivateHandlerDeps,
  call: ActivateCall,
  log: Log,
  renew: boolean,
): Promise<MarbleParameters> {
  const tracing = telemetry?.tracing;
  if (tracing === undefined) {
    return await decide(coordinator, call, { log, span: UNTRACED }, renew);
  }
  const header = (name: string) => call.metadata.get(name)[0]?.toString();
  const parent = { traceparent: header("traceparent"), tracestate: header("tracestate") };
  return await tracing.request(renew ? "renew" : "activate", parent, async (span) => {
    const [service, method] = renew ? ["carrara.Marble", "Renew"] : ["rpc.Marble", "Activate"];
    span.set({ "rpc.system": "grpc", "rpc.service": service, "rpc.method": method });
    span.set(namesOf(call.request));
    return await decide(coordinator, call, { log, span }, renew);
  });
}

function logRefusal(log: Log, call: ActivateCall, error: unknown, renew: boolean): void {
  log.warn(
    {
      code: reasonOf(error),
      ...namesOf(call.request),
      peer: call.getPeer(),
      detail: error instanceof CoordinatorError ? error.message : String(error),
    },
    renew ? "renewal refused" : "activation refused",
  );
}

function namesOf({ MarbleType, UUID }: ActivationReq) {
  return {
    marbleType: MarbleType.slice(0, MAX_LOGGED_TEXT),
    uuid: UUID.slice(0, MAX_LOGGED_TEXT),
  };
}

async function decide(
  coordinator: Coordinator,
  call: ActivateCall,
  scope: ActivationScope,
  renew: boolean,
): Promise<MarbleParameters> {
  const peer = peerOf(call);
  if (peer === undefined) {
    throw new CoordinatorError("PEER_CERTIFICATE_MISSING", "peer presented no certificate");
  }
  const { Quote, CSR, MarbleType, UUID } = call.request;
  const shown = { peerCertificate: peer.raw, peerKey: () => peer.key() };
  const request = { ...shown, quote: Quote, csr: CSR, marbleType: MarbleType, uuid: UUID };
  const renewal = renew ? readRenewalProof(call.metadata) : undefined;
  return await coordinator.activate(
    renewal === undefined ? request : { ...request, renewal },
    scope,
  );
}

function readRenewalProof(metadata: Metadata): RenewalProof {
  const proof = renewalProofFrom(metadata);
  if (proof !== undefined) return proof;
  // Without it the call would be a counted activation, which is not what was asked for.
  throw new CoordinatorError("MARBLE_UNAUTHORIZED", "unauthorized marble: renewal without proof");
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
