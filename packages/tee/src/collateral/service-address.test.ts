import { describe, expect, test } from "vitest";
import { TeeError } from "../error.ts";
import { createDcapProviderFor } from "./pccs-provider.ts";

const SGX = { fmspc: "00906ED50000", tee: "sgx", ca: "processor" } as const;

describe("the address of a service", () => {
  test.each([
    ["https://h:8081", "https://h:8081/sgx/certification/v4"],
    ["https://h/", "https://h/sgx/certification/v4"],
    ["https://h/cache/sgx/certification/v4/", "https://h/cache/sgx/certification/v4"],
    ["https://h/tdx/certification/v4", "https://h/sgx/certification/v4"],
    ["https://h/sgx/certification/v3", "https://h/sgx/certification/v3"],
    [
      "https://api.trustedservices.intel.com",
      "https://api.trustedservices.intel.com/sgx/certification/v4",
    ],
  ])("%s leads to %s", async (url, base) => {
    const asked: string[] = [];
    const provider = createDcapProviderFor({
      url,
      fetch: async (input) => {
        asked.push(String(input));
        return await Promise.reject(new TypeError("no route"));
      },
    });
    await expect(provider.getDcapCollateral(SGX)).rejects.toThrow(TeeError);
    const intel = url.includes("intel");
    expect(asked.toSorted()).toEqual(
      [
        `${base}/tcb?fmspc=00906ed50000`,
        `${base}/qe/identity`,
        `${base}/pckcrl?ca=processor&encoding=der`,
        intel
          ? "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"
          : `${base}/rootcacrl`,
      ].toSorted(),
    );
  });

  test.each(["", "file:///etc/passwd", "https://user@h"])("is refused when it is %j", (url) => {
    expect(() => createDcapProviderFor({ url })).toThrow(TypeError);
  });

  test.each([
    { url: "http://h", ca: "x" },
    { url: "https://h", ca: "x", fetch },
    { url: "https://api.trustedservices.intel.com", ca: "x" },
  ])("goes with no ca that could not be used (%#)", (options) => {
    expect(() => createDcapProviderFor(options)).toThrow(TypeError);
  });
});
