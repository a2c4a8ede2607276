import { createPrivateKey, X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { isIP } from "node:net";
import { type CoordinatorHost, formatCoordinatorHost } from "./coordinator-host.ts";
import { ClientError } from "./error.ts";
import type {
  ClientIdentity,
  Transport,
  TransportRequest,
  TransportResponse,
} from "./transport.ts";

/** Bytes of an answer: a manifest of 16 MiB in base64 with its envelope, and some room. */
const MAX_RESPONSE_BYTES = 24 * 1024 * 1024;

/** From the first byte sent to the last received, in ms: a quote or a set manifest takes under one second. */
const DEFAULT_TIMEOUT_MS = 30_000;

/** Names that Node gives to refused certificates, as opposed to lost or refused connections. */
const CERTIFICATE_FAULT = /CERT|SELF_SIGNED|UNABLE_TO_|ISSUER|ALTNAME/;

/**
 * HTTPS/1.1 to one Coordinator, a connection a request. With pinned trust the root is the only
 * anchor and the host name must be in the certificate. Starts nothing.
 */
export function createHttpsTransport(options: {
  readonly host: CoordinatorHost;
  readonly timeoutMs?: number;
}): Transport {
  const { host, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  return (request) =>
    new Promise<TransportResponse>((resolve, reject) => {
      const deadline = AbortSignal.timeout(timeoutMs);
      const signal =
        request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal]);
      const fail = (cause: unknown) => {
        if (request.signal?.aborted === true) reject(request.signal.reason);
        else if (deadline.aborted)
          reject(unreachable(host, `no answer within ${timeoutMs} ms`, cause));
        else reject(toClientError(host, cause));
      };
      const outgoing = httpsRequest({ ...requestOptions(host, request), signal });
      outgoing.on("error", fail);
      outgoing.on("response", (incoming) => {
        readBody(incoming).then((body) => {
          resolve({
            status: incoming.statusCode ?? 0,
            statusText: incoming.statusMessage ?? "",
            body,
          });
        }, fail);
      });
      outgoing.end(request.body);
    });
}

function requestOptions(host: CoordinatorHost, request: TransportRequest): RequestOptions {
  const { body, identity, method, path, trust } = request;
  return {
    host: host.name,
    port: host.port,
    method,
    path,
    agent: false,
    minVersion: "TLSv1.2",
    // RFC 6066 section 3 forbids addresses as server name.
    servername: isIP(host.name) === 0 ? host.name : "",
    headers:
      body === undefined
        ? {}
        : { "content-type": "application/json", "content-length": body.length },
    ...(trust.kind === "pinned"
      ? { ca: pinnedRoot(trust.rootPem) }
      : { rejectUnauthorized: false }),
    ...(identity === undefined ? {} : tlsIdentity(identity)),
  };
}

/** Without a certificate in it Node would believe every public authority. Throws `TLS_NOT_TRUSTED`. */
function pinnedRoot(rootPem: string): string {
  if (rootPem.includes("-----BEGIN CERTIFICATE-----")) return rootPem;
  throw new ClientError("TLS_NOT_TRUSTED", "no root certificate is pinned");
}

/** Certificate and key for TLS, which would leave out an empty one. Throws `IDENTITY_INVALID`. */
function tlsIdentity({ certificatePem, privateKeyPem }: ClientIdentity): {
  readonly cert: string;
  readonly key: string;
} {
  if (belongTogether(certificatePem, privateKeyPem)) {
    return { cert: certificatePem, key: privateKeyPem };
  }
  throw new ClientError(
    "IDENTITY_INVALID",
    "certificate and key need to be PEM, belong together and have no passphrase",
  );
}

function belongTogether(certificatePem: string, privateKeyPem: string): boolean {
  try {
    return new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(privateKeyPem));
  } catch {
    // The library's error may repeat parts of the key.
    return false;
  }
}

async function readBody(incoming: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_RESPONSE_BYTES) {
      incoming.destroy();
      throw new ClientError(
        "RESPONSE_TOO_LARGE",
        `answer has over ${MAX_RESPONSE_BYTES} bytes, the limit`,
      );
    }
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function toClientError(host: CoordinatorHost, cause: unknown): ClientError {
  if (cause instanceof ClientError) return cause;
  const code = codeOf(cause);
  if (CERTIFICATE_FAULT.test(code)) {
    return new ClientError(
      "TLS_NOT_TRUSTED",
      `the certificate of ${formatCoordinatorHost(host)} is not the Coordinator's that was verified before (${code})`,
      { cause },
    );
  }
  return unreachable(host, code, cause);
}

function unreachable(host: CoordinatorHost, detail: string, cause: unknown): ClientError {
  const message = `no Coordinator answers at ${formatCoordinatorHost(host)} (${detail})`;
  return new ClientError("UNREACHABLE", message, { cause });
}

function codeOf(cause: unknown): string {
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string")
    return cause.code;
  return "connection lost";
}
