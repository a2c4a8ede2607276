import { constants, type X509Certificate } from "node:crypto";
import type { AddressInfo } from "node:net";
import { createServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import { marbleService, renewalService } from "@carrara/marble";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { ListenAddress, LogLevel } from "../../config.ts";
import type { Coordinator } from "../../coordinator.ts";
import { CoordinatorError, reasonOf } from "../../error.ts";
import type { ListeningServer } from "../../listen-for-connections.ts";
import type { Log } from "../../log.ts";
import type { Telemetry } from "../../observe/telemetry.ts";
import { HANDSHAKE_TIMEOUT_MS, handshakeFailure, secureContextOptions } from "../tls-identity.ts";
import { activateHandler } from "./activate-handler.ts";
import { codedRefusals } from "./coded-refusals.ts";
import { showPeer } from "./mesh-peer.ts";

/** Largest message, in bytes: quotes and requests are below 16 KiB each. */
const MAX_MESSAGE_BYTES = 64 * 1024;
/** Largest reply, in bytes: rendered files of a Marble. */
const MAX_REPLY_BYTES = 32 * 1024 * 1024;
/** Milliseconds after which a connection ends: a Marble needs one call. */
const MAX_CONNECTION_AGE_MS = 120_000;
/** Milliseconds that a connection stays without a call. */
const MAX_CONNECTION_IDLE_MS = 60_000;
/** Milliseconds for a whole request: a few kilobytes. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Calls at once on a connection. */
const MAX_STREAMS = 16;
/** Connections at once, handshakes included. */
const MAX_CONNECTIONS = 1024;

/** What {@link serveMeshApi} needs. */
export interface MeshApiDeps {
  readonly coordinator: Coordinator;
  readonly log: Log;
  readonly address: ListenAddress;
  /** Level of failed handshakes and connections. */
  readonly connectionLogLevel: LogLevel;
  /** What calls report to; nothing without. */
  readonly telemetry?: Telemetry;
  /** Overrides for tests. */
  readonly handshakeTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
}

/**
 * Serves `rpc.Marble/Activate` and our `carrara.Marble/Renew` over TLS with the Marble root (sections 1.7 and 3.1). A client
 * certificate is required, but any one does: the quote names it. Therefore TLS ends here and not in
 * grpc-js, which ties asking for a certificate to verifying its chain.
 */
export async function serveMeshApi(deps: MeshApiDeps): Promise<ListeningServer> {
  const { coordinator, log } = deps;
  const grpc = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_REPLY_BYTES,
    "grpc.max_connection_age_ms": MAX_CONNECTION_AGE_MS,
    "grpc.max_connection_idle_ms": MAX_CONNECTION_IDLE_MS,
    "grpc.max_concurrent_streams": MAX_STREAMS,
    "grpc.enable_channelz": 0,
    interceptors: [
      codedRefusals({ log, requestTimeoutMs: deps.requestTimeoutMs ?? REQUEST_TIMEOUT_MS }),
    ],
  });
  grpc.addService({ ...marbleService }, { Activate: activateHandler(deps) });
  // Under a name of its own: upstream knows no renewal, and would count ours as an activation.
  grpc.addService({ ...renewalService }, { Renew: activateHandler(deps, true) });
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<TLSSocket>();
  const server = createServer(
    {
      ...secureContextOptions(coordinator.meshIdentity()),
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ["h2"],
      handshakeTimeout: deps.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS,
      // A Marble connects once: tickets would cost a signature's time for nothing.
      secureOptions: constants.SSL_OP_NO_TICKET,
    },
    (socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", (error) => logConnection(deps, "CONNECTION", error.message));
      const certificate = socket.getPeerX509Certificate();
      const refusal = refusalOf(socket, certificate);
      if (refusal !== undefined) {
        logConnection(deps, reasonOf(refusal), refusal.message);
        socket.destroy();
        return;
      }
      if (certificate !== undefined) showPeer(socket, certificate);
      injector.injectConnection(socket);
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on("tlsClientError", (error, socket) => {
    // Node reports a handshake that takes too long, but leaves its socket open.
    socket.destroy();
    const { code, reason } = handshakeFailure(error);
    logConnection(deps, code, reason);
  });
  const stop = coordinator.onIdentityChange(() => {
    server.setSecureContext(secureContextOptions(coordinator.meshIdentity()));
  });
  const port = await listen(server, deps.address);
  log.info({ port }, "mesh api listening");
  return {
    port,
    close: async () => {
      stop();
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      grpc.forceShutdown();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function refusalOf(
  socket: TLSSocket,
  certificate: X509Certificate | undefined,
): CoordinatorError | undefined {
  if (certificate === undefined) {
    return new CoordinatorError("PEER_CERTIFICATE_MISSING", "peer presented no certificate");
  }
  if (socket.alpnProtocol === "h2") return undefined;
  return new CoordinatorError("REQUEST_MALFORMED", "peer does not speak h2");
}

function logConnection(
  { log, connectionLogLevel }: MeshApiDeps,
  code: string,
  reason: string,
): void {
  log[connectionLogLevel]({ code, reason }, "mesh connection refused");
}

async function listen(server: TlsServer, { host, port }: ListenAddress): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(host === undefined ? { port } : { port, host }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port: bound } = server.address() as AddressInfo; // listens on TCP by construction
  return bound;
}
