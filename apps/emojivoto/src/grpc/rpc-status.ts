import { EmojivotoError } from "../service/emojivoto-error.ts";

/** The names of the 17 gRPC status codes as Go prints them; the index is the code. */
export const statusNames: readonly string[] = [
  "OK",
  "Canceled",
  "Unknown",
  "InvalidArgument",
  "DeadlineExceeded",
  "NotFound",
  "AlreadyExists",
  "PermissionDenied",
  "ResourceExhausted",
  "FailedPrecondition",
  "Aborted",
  "OutOfRange",
  "Unimplemented",
  "Internal",
  "Unavailable",
  "DataLoss",
  "Unauthenticated",
];

/** The gRPC status codes the demo names (gRPC status code registry). */
export const rpcCode = {
  ok: 0,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

/** The message of the failed doughnut vote: a fact of the wire. */
export const DOUGHNUT_MESSAGE = "ERROR";

/** A call that ended with a status other than OK. `grpcCode` is 1..16; `details` may name internal addresses: for logs only. */
export class RpcError extends EmojivotoError {
  override readonly name: string = "RpcError";
  readonly grpcCode: number;
  readonly details: string;

  constructor(grpcCode: number, details: string, options?: ErrorOptions) {
    super("RPC_FAILED", goErrorText(grpcCode, details), options);
    this.grpcCode = grpcCode;
    this.details = details;
  }
}

/** How a Go client prints a status; clients of the original read this text. */
export function goErrorText(grpcCode: number, details: string): string {
  const name = statusNames[grpcCode] ?? `Code(${grpcCode})`;
  return `rpc error: code = ${name} desc = ${details}`;
}
