import { encodePem, fromHex, toHex, utf8 } from "@carrara/encoding";
import { PLATFORM } from "./platform-credentials.ts";
import type { QuotingTee } from "./quoting-enclave.ts";
import type { SimulatedVendor } from "./vendor.ts";
import { chainHeader, failure, jsonAnswer, type VendorAnswer } from "./vendor-answer.ts";

const ROUTE = /^\/(sgx|tdx)\/certification\/v4\/([a-z/]+)$/;
const EVALUATION_NUMBER = /^\d{1,9}$/;

/** What Intel's PCS and its cache answer to GET `url` (attestation specification 3.1 and 3.2). */
export async function answerPcs(url: URL, vendor: SimulatedVendor): Promise<VendorAnswer> {
  if (url.pathname === "/IntelSGXRootCA.der") {
    const { rootCaCrl } = await vendor.collateral("sgx");
    return { status: 200, type: "application/pkix-crl", body: fromHex(rootCaCrl) };
  }
  const [, tee, path = ""] = ROUTE.exec(url.pathname) ?? [];
  if (tee !== "sgx" && tee !== "tdx") return failure(404);
  switch (path) {
    case "tcb":
      return await tcbInfo(tee, url.searchParams, vendor);
    case "qe/identity":
      return await qeIdentity(tee, url.searchParams, vendor);
    case "tcbevaluationdatanumbers": {
      const { body, chain } = vendor.evaluationNumbers(tee);
      return jsonAnswer(body, { "TCB-Evaluation-Data-Numbers-Issuer-Chain": chain });
    }
  }
  if (tee === "tdx") return failure(404);
  if (path === "pckcrl") return await pckCrl(url.searchParams, vendor);
  if (path !== "rootcacrl") return failure(404);
  const { rootCaCrl } = await vendor.collateral("sgx");
  return { status: 200, type: "text/plain", body: utf8(rootCaCrl) };
}

async function tcbInfo(
  tee: QuotingTee,
  query: URLSearchParams,
  vendor: SimulatedVendor,
): Promise<VendorAnswer> {
  const fmspc = query.get("fmspc");
  if (fmspc === null || !/^[0-9a-fA-F]{12}$/.test(fmspc)) return failure(400);
  if (fmspc.toLowerCase() !== toHex(PLATFORM.fmspc)) return failure(404);
  const refusal = refuseUpdate(query, vendor);
  if (refusal !== undefined) return refusal;
  const collateral = await vendor.collateral(tee);
  return jsonAnswer(collateral.tcbInfo, {
    "TCB-Info-Issuer-Chain": collateral.tcbInfoIssuerChain,
  });
}

async function qeIdentity(
  tee: QuotingTee,
  query: URLSearchParams,
  vendor: SimulatedVendor,
): Promise<VendorAnswer> {
  const refusal = refuseUpdate(query, vendor);
  if (refusal !== undefined) return refusal;
  const collateral = await vendor.collateral(tee);
  return jsonAnswer(collateral.qeIdentity, {
    "SGX-Enclave-Identity-Issuer-Chain": collateral.qeIdentityIssuerChain,
  });
}

/** An update type or an evaluation number may be asked for, not both; old numbers are gone: 410. */
function refuseUpdate(
  query: URLSearchParams,
  { scenario }: SimulatedVendor,
): VendorAnswer | undefined {
  const update = query.get("update");
  const number = query.get("tcbEvaluationDataNumber");
  if (update !== null && (number !== null || !["standard", "early"].includes(update))) {
    return failure(400);
  }
  if (number === null) return undefined;
  if (!EVALUATION_NUMBER.test(number)) return failure(400);
  const wanted = Number(number);
  if (wanted === scenario.tcbEvaluationDataNumber) return undefined;
  return failure(wanted < scenario.tcbEvaluationDataNumber ? 410 : 404);
}

async function pckCrl(query: URLSearchParams, vendor: SimulatedVendor): Promise<VendorAnswer> {
  const ca = query.get("ca");
  const encoding = query.get("encoding") ?? "der";
  if (ca !== "platform" && ca !== "processor") return failure(400);
  if (encoding !== "der" && encoding !== "pem") return failure(400);
  // The simulated platform family has a platform CA only.
  if (ca === "processor") return failure(404);
  const collateral = await vendor.collateral("sgx");
  const der = fromHex(collateral.pckCrl);
  return {
    status: 200,
    type: encoding === "der" ? "application/pkix-crl" : "application/x-pem-file",
    body: encoding === "der" ? der : utf8(encodePem("X509 CRL", der)),
    headers: chainHeader({ "SGX-PCK-CRL-Issuer-Chain": collateral.pckCrlIssuerChain }),
  };
}
