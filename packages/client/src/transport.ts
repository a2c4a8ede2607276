/** Whom a connection believes: one pinned root certificate, or anybody. */
export type ServerTrust =
  | { readonly kind: "pinned"; readonly rootPem: string }
  | { readonly kind: "unverified" };

/** Who asks: the certificate that TLS shows, and its key, which stays here. Both PEM. */
export interface ClientIdentity {
  readonly certificatePem: string;
  /** Secret. */
  readonly privateKeyPem: string;
}

/** One request to a Coordinator. */
export interface TransportRequest {
  readonly method: "GET" | "POST";
  /** Path and query, starting with `/`. */
  readonly path: string;
  readonly body?: Uint8Array;
  readonly trust: ServerTrust;
  readonly identity?: ClientIdentity;
  readonly signal?: AbortSignal | undefined;
}

/** What came back: any HTTP status. */
export interface TransportResponse {
  readonly status: number;
  readonly statusText: string;
  readonly body: Uint8Array;
}

/**
 * Sends one request and reads the whole, bounded answer. Rejects with `UNREACHABLE`,
 * `TLS_NOT_TRUSTED`, `IDENTITY_INVALID` or `RESPONSE_TOO_LARGE`, or with the signal's reason.
 */
export type Transport = (request: TransportRequest) => Promise<TransportResponse>;
