import type { DcapCollateral } from "@carrara/attestation";
import { fromHex, parsePem, toHex } from "@carrara/encoding";
import { TeeError } from "../error.ts";
import type { PlatformFamily } from "./pccs-client.ts";

const API_PATH = "/sgx/certification/v4";
const INTEL_PCS_HOST = "api.trustedservices.intel.com";
const INTEL_ROOT_CRL = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";
/** Largest body in bytes: a CRL of the profile; hex doubles it. */
const MAX_BODY_BYTES = 2 * 1024 * 1024 + 1024;

/** Where the parts of collateral are. */
export interface PccsEndpoints {
  readonly base: string;
  readonly rootCrl: string;
}

interface FetchOptions {
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
}

interface Part {
  readonly body: Uint8Array;
  readonly headers: Headers;
}

/** Endpoints of a PCCS, or of Intel's PCS, whose root CRL lies elsewhere. Throws TypeError. */
export function pccsEndpoints(text: string, rootCrlUrl?: string): PccsEndpoints {
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw new TypeError("not a web url");
  const path = url.pathname.replace(/\/+$/, "");
  const base = `${url.origin}${path.endsWith(API_PATH) ? path : `${path}${API_PATH}`}`;
  const known = url.hostname === INTEL_PCS_HOST ? INTEL_ROOT_CRL : `${base}/rootcacrl`;
  return { base, rootCrl: rootCrlUrl ?? known };
}

/** Fetches the parts at once. Throws `COLLATERAL_UNAVAILABLE`; cause 404 for an unknown platform. */
export async function fetchCollateral(
  { base, rootCrl }: PccsEndpoints,
  { fmspc, ca }: PlatformFamily,
  options: FetchOptions,
): Promise<DcapCollateral> {
  const [tcb, identity, pckCrl, rootCaCrl] = await Promise.all([
    get(`${base}/tcb?fmspc=${fmspc}`, options),
    get(`${base}/qe/identity`, options),
    get(`${base}/pckcrl?ca=${ca}&encoding=der`, options),
    get(rootCrl, options),
  ]);
  return {
    tcbInfo: textOf(tcb.body),
    tcbInfoIssuerChain: chainOf(tcb, "TCB-Info-Issuer-Chain", "SGX-TCB-Info-Issuer-Chain"),
    qeIdentity: textOf(identity.body),
    qeIdentityIssuerChain: chainOf(identity, "SGX-Enclave-Identity-Issuer-Chain"),
    pckCrl: toHex(crlOf(pckCrl.body)),
    pckCrlIssuerChain: chainOf(pckCrl, "SGX-PCK-CRL-Issuer-Chain"),
    rootCaCrl: toHex(crlOf(rootCaCrl.body)),
  };
}

async function get(url: string, { fetch, signal }: FetchOptions): Promise<Part> {
  let response: Response;
  try {
    response = await fetch(url, { signal, redirect: "error" });
  } catch (cause) {
    throw unavailable("the service cannot be reached", cause);
  }
  if (response.status !== 200) {
    await response.body?.cancel();
    throw unavailable(`the service answered ${response.status}`, response.status);
  }
  return { body: await readBounded(response), headers: response.headers };
}

async function readBounded({ body }: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  try {
    for await (const chunk of body ?? []) {
      total += chunk.length;
      if (total > MAX_BODY_BYTES) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw unavailable("the service broke off its answer", cause);
  }
  if (total > MAX_BODY_BYTES) throw unavailable(`answer is longer than ${MAX_BODY_BYTES} bytes`);
  return new Uint8Array(Buffer.concat(chunks));
}

/** A PEM chain from the first of the headers that is there; `+` is never a space. */
function chainOf({ headers }: Part, ...names: readonly string[]): string {
  const value = names.map((name) => headers.get(name)).find((found) => typeof found === "string");
  if (typeof value !== "string") throw unavailable("the answer has no issuer chain");
  try {
    return decodeURIComponent(value);
  } catch (cause) {
    throw unavailable("the issuer chain is not percent-encoded", cause);
  }
}

/** DER of a CRL that comes as DER, PEM or hex; the content says which (section 3.2). */
function crlOf(body: Uint8Array): Uint8Array {
  // A SEQUENCE starts with 0x30, its hex with the digit 3, which is 0x33.
  if (body[0] === 0x30) return body;
  const text = textOf(body);
  try {
    if (!text.includes("-----BEGIN ")) return fromHex(text.replace(/\s+/g, ""));
    const [block] = parsePem(text);
    if (block !== undefined) return block.bytes;
  } catch (cause) {
    throw unavailable("the answer is no crl", cause);
  }
  throw unavailable("the answer is no crl");
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function unavailable(message: string, cause?: unknown): TeeError {
  return new TeeError("COLLATERAL_UNAVAILABLE", message, { cause });
}
