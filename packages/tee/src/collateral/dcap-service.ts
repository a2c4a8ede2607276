import type { DcapCollateral } from "@carrara/attestation";
import { toHex } from "@carrara/encoding";
import { chainOf, derOf, textOf } from "./body.ts";
import { checkAnswers, MAX_JSON_CHARACTERS, readDcapFacts } from "./dcap-facts.ts";
import { type HttpOptions, withHttp } from "./http-get.ts";
import type { DcapCollateralProvider } from "./provider.ts";
import { unavailable } from "./refusal.ts";
import { type ExactDcapRequest, exactDcapRequest } from "./request.ts";

/** Largest CRL body in bytes: 1 MiB of DER, which hex doubles, and white space. */
const MAX_CRL_BYTES = 2 * 1024 * 1024 + 1024;

/** Where the parts of collateral are. */
export interface DcapEndpoints {
  /** What comes before `/sgx/certification` and `/tdx/certification`; no slash at the end. */
  readonly origin: string;
  readonly version: 3 | 4;
  readonly rootCrl: string;
}

/** The part of a service's URL before the API's path. Throws TypeError for no web URL. */
export function originOf(text: string): { readonly origin: string; readonly version?: 3 | 4 } {
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw new TypeError("not a web url");
  if (url.username !== "" || url.password !== "") throw new TypeError("a url may name no user");
  const path = url.pathname.replace(/\/+$/, "");
  const [api, version] = /\/(?:sgx|tdx)\/certification\/v([34])$/.exec(path) ?? [""];
  const origin = `${url.origin}${path.slice(0, path.length - api.length)}`;
  return version === undefined ? { origin } : { origin, version: version === "3" ? 3 : 4 };
}

/** A provider that asks the service at `endpoints` for each collateral anew. */
export function createDcapService(
  endpoints: DcapEndpoints,
  http: HttpOptions,
): DcapCollateralProvider {
  return {
    async getDcapCollateral(request, signal) {
      const exact = exactDcapRequest(request);
      if (endpoints.version === 3 && (exact.tee === "tdx" || exact.update === "early")) {
        throw unavailable("unsupported", "version 3 of the service has neither tdx nor early data");
      }
      const collateral = await fetchCollateral(endpoints, exact, http, signal);
      checkAnswers(readDcapFacts(collateral), exact);
      return collateral;
    },
  };
}

async function fetchCollateral(
  { origin, version, rootCrl }: DcapEndpoints,
  { fmspc, tee, ca, update }: ExactDcapRequest,
  http: HttpOptions,
  signal: AbortSignal | undefined,
): Promise<DcapCollateral> {
  const sgx = `${origin}/sgx/certification/v${version}`;
  const base = `${origin}/${tee}/certification/v${version}`;
  const early = update === "early" ? ["update=early"] : [];
  return await withHttp(http, signal, async (get) => {
    const [tcb, identity, pckCrl, root] = await Promise.all([
      get(`${base}/tcb${query(`fmspc=${fmspc}`, ...early)}`, MAX_JSON_CHARACTERS),
      get(`${base}/qe/identity${query(...early)}`, MAX_JSON_CHARACTERS),
      get(`${sgx}/pckcrl?ca=${ca}&encoding=der`, MAX_CRL_BYTES),
      get(rootCrl, MAX_CRL_BYTES),
    ]);
    return {
      tcbInfo: textOf(tcb.body),
      tcbInfoIssuerChain: chainOf(
        tcb.headers,
        "TCB-Info-Issuer-Chain",
        "SGX-TCB-Info-Issuer-Chain",
      ),
      qeIdentity: textOf(identity.body),
      qeIdentityIssuerChain: chainOf(identity.headers, "SGX-Enclave-Identity-Issuer-Chain"),
      pckCrl: toHex(derOf(pckCrl.body)),
      pckCrlIssuerChain: chainOf(pckCrl.headers, "SGX-PCK-CRL-Issuer-Chain"),
      rootCaCrl: toHex(derOf(root.body)),
    };
  });
}

function query(...parts: readonly string[]): string {
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}
