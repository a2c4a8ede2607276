import type { KeyObject, X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { ServerUnaryCall } from "@grpc/grpc-js";

/** The peer of a connection as its calls see it, whoever signed its certificate. */
export class MeshPeer {
  /** DER of its certificate. */
  readonly raw: Uint8Array;
  #certificate: X509Certificate | undefined;

  constructor(certificate: X509Certificate) {
    this.raw = certificate.raw;
    this.#certificate = certificate;
  }

  /** The certificate's key as TLS has read it; undefined once the connection has ended. */
  key(): KeyObject | undefined {
    return this.#certificate?.publicKey;
  }

  /**
   * Node keeps all that belongs to a connection until a full collection of garbage, and that takes
   * the longer the more of OpenSSL's it has to free.
   */
  forget(): void {
    this.#certificate = undefined;
  }
}

/** Shows the calls of a connection who its peer is. */
export function showPeer(socket: TLSSocket, certificate: X509Certificate): void {
  const peer = new MeshPeer(certificate);
  socket.once("close", () => peer.forget());
  // grpc-js shows a peer certificate only of authorized sockets; by our rule this one is.
  socket.authorized = true;
  // What Node gives otherwise is taken all apart, which showed in profiles.
  Object.defineProperty(socket, "getPeerCertificate", { value: () => peer });
}

/** What {@link showPeer} shows. */
export function peerOf<Q, A>(call: ServerUnaryCall<Q, A>): MeshPeer | undefined {
  const peer: unknown = call.getAuthContext().sslPeerCertificate;
  return peer instanceof MeshPeer ? peer : undefined;
}
