import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { ServerUnaryCall } from "@grpc/grpc-js";

/** Shows the calls of a connection the certificate of its peer, whoever signed it. */
export function showPeer(socket: TLSSocket, certificate: X509Certificate): void {
  // grpc-js shows a peer certificate only of authorized sockets; by our rule this one is.
  socket.authorized = true;
  // As TLS has read it: what Node gives otherwise is taken all apart, which showed in profiles.
  Object.defineProperty(socket, "getPeerCertificate", { value: () => certificate });
}

/** What {@link showPeer} shows. */
export function peerOf<Q, A>(call: ServerUnaryCall<Q, A>): X509Certificate | undefined {
  const certificate: unknown = call.getAuthContext().sslPeerCertificate;
  return certificate instanceof X509Certificate ? certificate : undefined;
}
