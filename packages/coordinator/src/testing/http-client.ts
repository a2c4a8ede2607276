import { request } from "node:https";
import { encodePem } from "@carrara/encoding";

/** A client certificate with its key, both DER. */
export interface ClientIdentity {
  readonly certificate: Uint8Array;
  readonly pkcs8: Uint8Array;
}

/** A request to a client API of a test. */
export interface HttpCall {
  readonly method?: string;
  readonly path: string;
  readonly body?: string | Uint8Array;
  readonly client?: ClientIdentity;
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM of the only certificate that is trusted; unverified without. */
  readonly root?: string;
}

/** What came back. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Milliseconds until a test gives up. */
const TIMEOUT_MS = 20_000;

/** Makes one HTTPS request to `port` on the loopback address. */
export async function callHttps(port: number, call: HttpCall): Promise<HttpAnswer> {
  const {
    method = call.body === undefined ? "GET" : "POST",
    path,
    body,
    client,
    root,
    headers = {},
  } = call;
  const identity =
    client === undefined
      ? {}
      : {
          cert: encodePem("CERTIFICATE", client.certificate),
          key: encodePem("PRIVATE KEY", client.pkcs8),
        };
  const trust = root === undefined ? { rejectUnauthorized: false } : { ca: root };
  return await new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        servername: "localhost",
        port,
        method,
        path,
        headers,
        agent: false,
        timeout: TIMEOUT_MS,
        ...identity,
        ...trust,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    outgoing.on("error", reject);
    outgoing.on("timeout", () => outgoing.destroy(new Error("request timed out")));
    outgoing.end(body);
  });
}
