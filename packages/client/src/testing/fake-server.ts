import { utf8 } from "@carrara/encoding";
import type { Transport, TransportRequest } from "../transport.ts";

/** One canned answer. */
export interface FakeAnswer {
  readonly status: number;
  readonly body: string;
}

/** `data` in a success envelope. */
export function success(data: unknown): FakeAnswer {
  return { status: 200, body: `${JSON.stringify({ status: "success", data })}\n` };
}

/** An error envelope. */
export function failure(status: number, message: string): FakeAnswer {
  return { status, body: `${JSON.stringify({ status: "error", data: null, message })}\n` };
}

/** What old servers say of routes they do not know. */
const UNKNOWN_ROUTE: FakeAnswer = {
  status: 405,
  body: '{"status":"error","data":null}\n',
};

/** A transport that answers from `routes` (`METHOD path`, query included) and keeps what was sent. */
export function createFakeTransport(routes: Readonly<Record<string, FakeAnswer>>): {
  readonly transport: Transport;
  readonly requests: readonly TransportRequest[];
} {
  const requests: TransportRequest[] = [];
  const transport: Transport = (request) => {
    requests.push(request);
    const { status, body } = routes[`${request.method} ${request.path}`] ?? UNKNOWN_ROUTE;
    return Promise.resolve({ status, statusText: "Status", body: utf8(body) });
  };
  return { transport, requests };
}
