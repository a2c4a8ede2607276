import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { DcapCollateral, SnpProduct, SnpTcb } from "@carrara/attestation";
import { fromHex, utf8 } from "@carrara/encoding";
import type { DcapCollateralRequest } from "../collateral/provider.ts";
import type { FakeVendor } from "./fake-vendor.ts";

/** What a request gets instead of its answer. */
export type Disturbance =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: Uint8Array;
    }
  /** The answer's own headers with another body, or without the named header. */
  | { readonly kind: "body"; readonly body: Uint8Array }
  | { readonly kind: "without-header"; readonly name: string }
  | { readonly kind: "silent" }
  | { readonly kind: "truncated" }
  | { readonly kind: "endless" };

/** What the service has; all can be changed at any time. */
interface ServiceState {
  now: Date;
  /** When collateral was issued; `now` unless set. */
  issuedAt: Date | undefined;
  evaluationDataNumber: number;
  earlyEvaluationDataNumber: number;
  fmspcs: readonly string[];
}

/** A PCS, PCCS and KDS in one, on loopback. */
export interface FakeCollateralService {
  readonly url: string;
  readonly state: ServiceState;
  /** Path and query of every request so far. */
  readonly requests: string[];
  /** Requests whose path and query contain `part` are disturbed from now on; `""` is all. */
  disturb(part: string, disturbance: Disturbance): void;
  calm(): void;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What {@link serveFakeCollateral} needs. */
export interface FakeServiceOptions {
  readonly vendor: FakeVendor;
  readonly now: Date;
  /** PEM; plain http without. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

const NOTHING: Answer = { status: 404, headers: {}, body: new Uint8Array() };
const LEVELS = /^(?:fmcSPL=(\d+)&)?blSPL=(\d+)&teeSPL=(\d+)&snpSPL=(\d+)&ucodeSPL=(\d+)$/;

/** Listens on a free port. */
export async function serveFakeCollateral(
  options: FakeServiceOptions,
): Promise<FakeCollateralService> {
  const { vendor, tls } = options;
  const state: ServiceState = {
    now: options.now,
    issuedAt: undefined,
    evaluationDataNumber: 17,
    earlyEvaluationDataNumber: 18,
    fmspcs: ["00906ed50000", "00806f050000"],
  };
  const requests: string[] = [];
  const disturbances: { readonly part: string; readonly disturbance: Disturbance }[] = [];
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const target = request.url ?? "/";
    requests.push(target);
    const found = disturbances.find(({ part }) => target.includes(part))?.disturbance;
    answerTo(new URL(target, "http://localhost"), vendor, state)
      .then((answer) => send(response, answer, found))
      .catch(() => response.destroy());
  };
  const server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    state,
    requests,
    disturb: (part, disturbance) => disturbances.unshift({ part, disturbance }),
    calm: () => disturbances.splice(0),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function send(response: ServerResponse, answer: Answer, how: Disturbance | undefined): void {
  const { status, headers, body } = how?.kind === "answer" ? { ...NOTHING, ...how } : answer;
  if (how?.kind === "silent") return;
  const dropped = how?.kind === "without-header" ? how.name.toLowerCase() : "";
  const kept = Object.entries(headers).filter(([name]) => name.toLowerCase() !== dropped);
  const content = how?.kind === "body" ? how.body : body;
  response.writeHead(status, {
    "request-id": "0123456789abcdef",
    ...(how?.kind === "endless" ? {} : { "content-length": content.length }),
    ...Object.fromEntries(kept),
  });
  if (how?.kind === "truncated") {
    response.write(content.subarray(0, content.length / 2), () => response.destroy());
  } else if (how?.kind === "endless") pour(response);
  else response.end(content);
}

function pour(response: ServerResponse): void {
  const chunk = new Uint8Array(256 * 1024);
  const more = (): void => {
    if (!response.destroyed) response.write(chunk, more);
  };
  more();
}

async function answerTo(url: URL, vendor: FakeVendor, state: ServiceState): Promise<Answer> {
  if (url.pathname === "/IntelSGXRootCA.der") {
    const { rootCaCrl } = await vendor.dcap(requestOf(url, "sgx"), issueOf(url, state));
    return { ...NOTHING, status: 200, body: fromHex(rootCaCrl) };
  }
  const [, tee, version, route] =
    /^\/(sgx|tdx)\/certification\/v([34])\/(.+)$/.exec(url.pathname) ?? [];
  if (route !== undefined && !(tee === "tdx" && version === "3")) {
    const request = requestOf(url, tee === "tdx" ? "tdx" : "sgx");
    if (route === "tcb" && !state.fmspcs.includes(request.fmspc)) return NOTHING;
    const collateral = await vendor.dcap(request, issueOf(url, state));
    return dcapAnswer(route, version === "3", collateral);
  }
  return await amdAnswer(url, vendor, state);
}

function requestOf(url: URL, tee: "sgx" | "tdx"): DcapCollateralRequest {
  const query = url.searchParams;
  const ca = query.get("ca") === "processor" ? "processor" : "platform";
  return { fmspc: query.get("fmspc") ?? "000000000000", tee, ca };
}

function issueOf(url: URL, state: ServiceState): Parameters<FakeVendor["dcap"]>[1] {
  const early = url.searchParams.get("update") === "early";
  return {
    issuedAt: state.issuedAt ?? state.now,
    evaluationDataNumber: early ? state.earlyEvaluationDataNumber : state.evaluationDataNumber,
  };
}

function dcapAnswer(route: string, old: boolean, collateral: DcapCollateral): Answer {
  const { tcbInfo, qeIdentity, pckCrl, rootCaCrl } = collateral;
  const chain = (name: string, pem: string): Record<string, string> => ({
    [name]: encodeURIComponent(pem),
  });
  switch (route) {
    case "tcb": {
      const name = old ? "SGX-TCB-Info-Issuer-Chain" : "TCB-Info-Issuer-Chain";
      return ok(utf8(tcbInfo), chain(name, collateral.tcbInfoIssuerChain));
    }
    case "qe/identity":
      return ok(
        utf8(qeIdentity),
        chain("SGX-Enclave-Identity-Issuer-Chain", collateral.qeIdentityIssuerChain),
      );
    case "pckcrl":
      return ok(
        old ? utf8(pckCrl) : fromHex(pckCrl),
        chain("SGX-PCK-CRL-Issuer-Chain", collateral.pckCrlIssuerChain),
      );
    case "rootcacrl":
      return ok(utf8(rootCaCrl));
    default:
      return NOTHING;
  }
}

async function amdAnswer(url: URL, vendor: FakeVendor, state: ServiceState): Promise<Answer> {
  const [, key, line = "", route = ""] =
    /^\/(vcek|vlek)\/v1\/(Milan|Genoa|Turin)\/([0-9a-z_]+)$/.exec(url.pathname) ?? [];
  const product = line as SnpProduct;
  if (key === undefined) return NOTHING;
  if (route === "crl") return ok(await vendor.amdCrl(product, state.issuedAt ?? state.now));
  const turin = product === "Turin";
  const any = { product, hwId: new Uint8Array(64), tcb: tcbOf(["0", "0", "0", "0", "0"], turin) };
  if (route === "cert_chain") return ok(utf8((await vendor.amdCertificates(any)).chain));
  const levels = LEVELS.exec(url.search.slice(1));
  if (
    levels === null ||
    route.length !== (turin ? 16 : 128) ||
    turin === (levels[1] === undefined)
  ) {
    return { ...NOTHING, status: 400 };
  }
  const request = { product, hwId: fromHex(route), tcb: tcbOf(levels.slice(1), turin) };
  return ok((await vendor.amdCertificates(request)).vek);
}

function tcbOf(levels: readonly (string | undefined)[], turin: boolean): SnpTcb {
  const [fmc = 0, bootloader = 0, tee = 0, snp = 0, microcode = 0] = levels.map(Number);
  return { bootloader, tee, snp, microcode, ...(turin ? { fmc } : {}) };
}

function ok(body: Uint8Array, headers: Record<string, string> = {}): Answer {
  return { status: 200, headers, body };
}
