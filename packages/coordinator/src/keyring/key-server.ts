import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { TLSSocket } from "node:tls";
import { encodePem } from "@carrara/encoding";
import { HANDSHAKE_TIMEOUT_MS, handshakeFailure } from "../api/tls-identity.ts";
import type { ListenAddress } from "../config.ts";
import type { SharedKey } from "../coordinator.ts";
import { CoordinatorError, reasonOf } from "../error.ts";
import { type ListeningServer, listenForConnections } from "../listen-for-connections.ts";
import type { Log } from "../log.ts";
import { encodeKeyAnswer, KEY_PATHS, MAX_KEY_MESSAGE_BYTES } from "./key-message.ts";
import { createPeerIdentity, type PeerAttestation, requirePeer } from "./peer-identity.ts";

/** Milliseconds for a request: one message of some kilobytes. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Milliseconds between looks for requests that take too long. */
const CHECK_INTERVAL_MS = 1000;
/** Connections at once: there are a handful of Coordinators. */
const MAX_CONNECTIONS = 32;

/** What {@link serveKeyApi} needs. */
export interface KeyApiDeps extends PeerAttestation {
  readonly address: ListenAddress;
  readonly log: Log;
  /** The key in force. Throws `KEY_UNAVAILABLE`. */
  readonly sharedKey: () => SharedKey;
}

/**
 * Hands the key of the shared state to other Coordinators (section 8.6): HTTPS 1.1, TLS 1.3 with
 * self-signed certificates on both sides, each bound to its side's evidence. The evidence of the
 * request is verified before anything is answered. Throws `QUOTE_FAILED`, and listen errors.
 */
export async function serveKeyApi(deps: KeyApiDeps): Promise<ListeningServer> {
  const { log, address } = deps;
  const own = await createPeerIdentity(deps);
  const answer = async (request: IncomingMessage): Promise<Uint8Array> => {
    const { policy, key } = deps.sharedKey();
    if (request.method !== "POST" || request.url !== KEY_PATHS[policy]) {
      throw new CoordinatorError("KEY_UNAVAILABLE", "this coordinator has no such key");
    }
    const certificate = peerCertificateOf(request);
    const evidence = await readMessage(request);
    await requirePeer(own, { evidence, certificate }, policy, deps.quotes);
    log.info({ peer: request.socket.remoteAddress, policy }, "shared key handed out");
    return encodeKeyAnswer({ evidence: own.evidence, key });
  };
  const server = createServer(
    {
      cert: encodePem("CERTIFICATE", own.certificate),
      key: encodePem("PRIVATE KEY", own.pkcs8),
      minVersion: "TLSv1.3",
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
    },
    (request, response) => {
      answer(request).then(
        (body) => reply(response, 200, body),
        (error: unknown) => {
          const code = reasonOf(error);
          log.warn({ code, peer: request.socket.remoteAddress }, "shared key refused");
          reply(response, 403, Buffer.from(JSON.stringify({ code })));
        },
      );
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on("tlsClientError", (error, socket) => {
    socket.destroy();
    log.warn(handshakeFailure(error), "key connection refused");
  });
  const listening = await listenForConnections(server, address);
  log.info({ port: listening.port }, "key api listening");
  return listening;
}

function reply(response: ServerResponse, status: number, body: Uint8Array): void {
  response.writeHead(status, { "content-type": "application/json", connection: "close" });
  response.end(body);
}

function peerCertificateOf({ socket }: IncomingMessage): Uint8Array {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (certificate === undefined) {
    throw new CoordinatorError("PEER_CERTIFICATE_MISSING", "peer presented no certificate");
  }
  return new Uint8Array(certificate.raw);
}

/** The body, bounded. Throws `REQUEST_TOO_LARGE`. */
export async function readMessage(message: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > MAX_KEY_MESSAGE_BYTES) {
      const limit = `message exceeds ${MAX_KEY_MESSAGE_BYTES} bytes`;
      throw new CoordinatorError("REQUEST_TOO_LARGE", limit);
    }
    chunks.push(bytes);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
