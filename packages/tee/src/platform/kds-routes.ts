import { toHex, utf8 } from "@carrara/encoding";
import type { PlatformScenario } from "./scenario.ts";
import { chipId, snpTcb } from "./snp-machine.ts";
import type { SimulatedVendor } from "./vendor.ts";
import { failure, type VendorAnswer } from "./vendor-answer.ts";

const ROUTE = /^\/(vcek|vlek)\/v1\/([A-Za-z]+)\/([0-9A-Za-z_]+)$/;
/** Patch levels in a query: 0 to 255 in decimal, small ones with a leading zero or without. */
const LEVEL = /^\d{1,3}$/;
const MAX_LEVEL = 255;

/** Whether AMD's key service has this path, whatever it answers. */
export function isKdsPath(path: string): boolean {
  return ROUTE.test(path);
}

/** What AMD's key service answers to GET `url` (attestation specification 3.3). */
export async function answerKds(
  url: URL,
  { amd, scenario }: SimulatedVendor,
): Promise<VendorAnswer> {
  const [, key, product, what = ""] = ROUTE.exec(url.pathname) ?? [];
  if (amd === undefined || product !== scenario.product) return failure(404);
  switch (what) {
    case "cert_chain": {
      const chain = amd.chain(key === "vcek" ? "VCEK" : "VLEK");
      return { status: 200, type: "application/x-pem-file", body: utf8(chain) };
    }
    case "crl":
      return {
        status: 200,
        type: "application/pkix-crl",
        body: (await amd.endorsements()).crl,
      };
  }
  // A VLEK is handed to its provider and to nobody else.
  if (key === "vlek") return failure(404);
  const status = statusOf(what, url.searchParams, scenario);
  if (status !== 200) return failure(status);
  const { vek } = await amd.endorsements();
  return { status, type: "application/x-x509-ca-cert", body: vek };
}

/** 200 for the VCEK of this chip at the firmware it reports. */
function statusOf(hwId: string, query: URLSearchParams, scenario: PlatformScenario): number {
  const { bootloader, tee, snp, microcode, fmc } = snpTcb(scenario);
  const levels = [
    ...(fmc === undefined ? [] : [["fmcSPL", fmc] as const]),
    ["blSPL", bootloader] as const,
    ["teeSPL", tee] as const,
    ["snpSPL", snp] as const,
    ["ucodeSPL", microcode] as const,
  ];
  const asked = levels.map(([name]) => levelOf(query.get(name)));
  if (asked.includes(undefined)) return 400;
  const same =
    scenario.snpKey === "VCEK" &&
    hwId.toLowerCase() === toHex(chipId(scenario.product)) &&
    levels.every(([, level], i) => asked[i] === level);
  return same ? 200 : 404;
}

function levelOf(text: string | null): number | undefined {
  if (text === null || !LEVEL.test(text)) return undefined;
  const level = Number(text);
  return level <= MAX_LEVEL ? level : undefined;
}
