import { describe, expect, test } from "vitest";
import { createChainedProvider } from "./chained-provider.ts";
import type { PartialCollateralProvider } from "./provider.ts";
import { type CollateralRefusalKind, collateralRefusalOf, unavailable } from "./refusal.ts";

const CRL = new Uint8Array([1]);
const has: PartialCollateralProvider = { getAmdCrl: async () => await Promise.resolve(CRL) };
const intelOnly: PartialCollateralProvider = {
  getDcapCollateral: async () => await Promise.reject(new TypeError("not asked for")),
};

function refuses(kind: CollateralRefusalKind, retryAfterMs?: number): PartialCollateralProvider {
  const details = retryAfterMs === undefined ? {} : { retryAfterMs };
  return { getAmdCrl: async () => await Promise.reject(unavailable(kind, "no", details)) };
}

async function refusalOf(sources: readonly PartialCollateralProvider[]): Promise<unknown> {
  const { getAmdCrl } = createChainedProvider({ sources });
  return collateralRefusalOf(await getAmdCrl("Milan", "vcek").catch((error: unknown) => error));
}

describe("a chain of providers", () => {
  test.each([
    ["the first", [has, refuses("failed")]],
    ["the next when one refuses", [refuses("failed"), refuses("unknown"), has]],
    ["one that knows the vendor", [intelOnly, has]],
  ])("answers with %s", async (_, sources) => {
    expect(await createChainedProvider({ sources }).getAmdCrl("Milan", "vcek")).toBe(CRL);
  });

  test.each([
    ["unsupported", [], "nobody knows the vendor"],
    ["unsupported", [intelOnly], "nobody knows the vendor"],
    ["unknown", [refuses("unknown"), refuses("unsupported"), refuses("unknown")], "all say no"],
    ["failed", [refuses("unknown"), refuses("failed")], "one may have it later"],
    ["throttled", [refuses("unknown"), refuses("throttled", 5)], "one may have it later"],
    ["unreachable", [refuses("throttled", 5), refuses("unreachable")], "one may have it sooner"],
  ] as const)("refuses as %s %# when %s", async (kind, sources, _) => {
    const refusal = await refusalOf(sources);
    expect(refusal).toMatchObject({ kind });
    if (kind === "throttled") expect(refusal).toMatchObject({ retryAfterMs: 5 });
  });

  test("stops at what is no refusal", async () => {
    const broken = { getAmdCrl: async () => await Promise.reject(new TypeError("mine")) };
    const { getAmdCrl } = createChainedProvider({ sources: [broken, has] });
    await expect(getAmdCrl("Milan", "vcek")).rejects.toThrow("mine");
  });

  test("asks nobody once its caller has left", async () => {
    const { getAmdCrl } = createChainedProvider({ sources: [has] });
    await expect(getAmdCrl("Milan", "vcek", AbortSignal.abort(new Error("bye")))).rejects.toThrow(
      "bye",
    );
  });
});
