import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { DcapCollateral } from "@carrara/attestation";
import { encodePem, fromHex, toHex, utf8 } from "@carrara/encoding";
import { PLATFORM } from "./platform-credentials.ts";

const MAX_HEADER_BYTES = 8 * 1024;
const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 5000;
const PREFIX = "/sgx/certification/v4";

/** Where to listen; port 0 takes a free one. Simulated collateral stays on this machine. */
export interface PcsAddress {
  readonly host: "127.0.0.1" | "::1";
  readonly port: number;
}

/** A listening server. */
export interface PcsServer {
  /** `http://HOST:PORT`, without a path. */
  readonly url: string;
  /** May be called twice. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Serves collateral as Intel's PCS and its cache do (attestation specification 3.1 and 3.2). */
export async function servePcs(
  collateral: () => Promise<DcapCollateral>,
  { host, port }: PcsAddress,
): Promise<PcsServer> {
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on("request", (request, response) => {
    respond(request, response, collateral).catch(() => response.writeHead(502).end());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host === "::1" ? "[::1]" : host}:${address.port}`,
    async close() {
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  collateral: () => Promise<DcapCollateral>,
): Promise<void> {
  request.resume();
  if (request.method !== "GET") {
    response.writeHead(405, { allow: "GET" }).end();
    return;
  }
  const url = new URL(request.url ?? "/", "http://localhost");
  const { status, type, body, headers } = answerPcs(url, await collateral());
  response.writeHead(status, {
    "content-type": type,
    "content-length": body.length,
    "request-id": crypto.randomUUID().replaceAll("-", ""),
    ...headers,
  });
  response.end(body);
}

/** The answer to GET `url`. */
export function answerPcs(url: URL, collateral: DcapCollateral): Answer {
  const query = url.searchParams;
  switch (url.pathname) {
    case `${PREFIX}/tcb`:
      return tcbInfo(query.get("fmspc"), collateral);
    case `${PREFIX}/qe/identity`:
      return json(collateral.qeIdentity, {
        "SGX-Enclave-Identity-Issuer-Chain": collateral.qeIdentityIssuerChain,
      });
    case `${PREFIX}/pckcrl`:
      return pckCrl(query.get("ca"), query.get("encoding") ?? "der", collateral);
    case `${PREFIX}/rootcacrl`:
      return { status: 200, type: "text/plain", body: utf8(collateral.rootCaCrl) };
    case "/IntelSGXRootCA.der":
      return { status: 200, type: "application/pkix-crl", body: fromHex(collateral.rootCaCrl) };
    default:
      return failure(404);
  }
}

function tcbInfo(fmspc: string | null, collateral: DcapCollateral): Answer {
  if (fmspc === null || !/^[0-9a-fA-F]{12}$/.test(fmspc)) return failure(400);
  if (fmspc.toLowerCase() !== toHex(PLATFORM.fmspc)) return failure(404);
  return json(collateral.tcbInfo, { "TCB-Info-Issuer-Chain": collateral.tcbInfoIssuerChain });
}

function pckCrl(ca: string | null, encoding: string, collateral: DcapCollateral): Answer {
  if (ca !== "platform" && ca !== "processor") return failure(400);
  if (encoding !== "der" && encoding !== "pem") return failure(400);
  // The simulated platform family has a platform CA only.
  if (ca === "processor") return failure(404);
  const der = fromHex(collateral.pckCrl);
  return {
    status: 200,
    type: encoding === "der" ? "application/pkix-crl" : "application/x-pem-file",
    body: encoding === "der" ? der : utf8(encodePem("X509 CRL", der)),
    headers: chainHeader({ "SGX-PCK-CRL-Issuer-Chain": collateral.pckCrlIssuerChain }),
  };
}

function json(text: string, chain: Readonly<Record<string, string>>): Answer {
  return { status: 200, type: "application/json", body: utf8(text), headers: chainHeader(chain) };
}

/** Chains travel percent-encoded in a header. */
function chainHeader(chain: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(chain).map(([name, pem]) => [name, encodeURIComponent(pem)]),
  );
}

function failure(status: number): Answer {
  return { status, type: "text/plain", body: new Uint8Array() };
}
