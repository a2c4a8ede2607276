import {
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  ServerListenerBuilder,
  status,
} from "@grpc/grpc-js";
import type { CoordinatorErrorCode } from "../../error.ts";
import type { Log } from "../../log.ts";
import { CODE_METADATA } from "./activate-handler.ts";

/** How a call ends; grpc-js does not export the type. */
type CallStatus = Parameters<ServerInterceptingCallInterface["sendStatus"]>[0];

/** What {@link codedRefusals} needs. */
export interface CodedRefusalsDeps {
  readonly log: Log;
  /** Milliseconds in which a whole request must arrive. */
  readonly requestTimeoutMs: number;
}

/**
 * Ends calls whose request does not arrive in time, and gives what grpc-js refuses by itself (a
 * message that is too large, cut or unreadable) a code of ours, in the answer and in the log.
 */
export function codedRefusals({ log, requestTimeoutMs }: CodedRefusalsDeps): ServerInterceptor {
  return (_method, call) => {
    const send = call.sendStatus.bind(call);
    // On the call itself: grpc-js shows its own refusals to no interceptor.
    call.sendStatus = (answer) => {
      clearTimeout(timer);
      const code = codeOf(answer);
      if (code === undefined) {
        send(answer);
        return;
      }
      log.warn({ code, peer: call.getPeer(), reason: answer.details }, "call refused");
      send(withCode(answer, code));
    };
    const timer = setTimeout(() => {
      call.sendStatus({
        code: status.DEADLINE_EXCEEDED,
        details: `request did not arrive within ${requestTimeoutMs} ms`,
      });
    }, requestTimeoutMs);
    const listener = new ServerListenerBuilder()
      .withOnReceiveHalfClose((next) => {
        clearTimeout(timer);
        next();
      })
      .withOnCancel(() => clearTimeout(timer))
      .build();
    return new ServerInterceptingCall(call, { start: (next) => next(listener) });
  };
}

/** The code that a refusal lacks; undefined for a success and for what has one. */
function codeOf({ code, metadata }: CallStatus): CoordinatorErrorCode | undefined {
  if (code === status.OK || (metadata?.get(CODE_METADATA).length ?? 0) > 0) return undefined;
  if (code === status.RESOURCE_EXHAUSTED) return "REQUEST_TOO_LARGE";
  if (code === status.DEADLINE_EXCEEDED) return "REQUEST_TIMEOUT";
  return "REQUEST_MALFORMED";
}

function withCode(answer: CallStatus, code: CoordinatorErrorCode): CallStatus {
  const metadata = answer.metadata?.clone() ?? new Metadata();
  metadata.set(CODE_METADATA, code);
  return { ...answer, metadata, details: `${answer.details} [${code}]` };
}
