import type { DcapCollateral } from "@carrara/attestation";
import { encodePem, fromHex, toHex, utf8 } from "@carrara/encoding";
import { extension, generateEcKey, issueCertificate, OID, randomSerial } from "@carrara/pki";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { TeeError } from "../error.ts";
import {
  type Disturbance,
  type FakeCollateralService,
  serveFakeCollateral,
} from "../testing/fake-collateral-service.ts";
import { createFakeVendor, type FakeVendor } from "../testing/fake-vendor.ts";
import { TDX_REQUEST as TDX } from "../testing/sample-requests.ts";
import { createPccsProvider } from "./pccs-provider.ts";
import { createPcsProvider } from "./pcs-provider.ts";
import type { DcapCollateralProvider, DcapCollateralRequest } from "./provider.ts";
import { collateralRefusalOf } from "./refusal.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const SGX = { fmspc: "00906ED50000", tee: "sgx", ca: "processor" } as const;
const V3 = "/sgx/certification/v3";
const V4 = "/sgx/certification/v4";

let vendor: FakeVendor;
let service: FakeCollateralService;

beforeAll(async () => {
  vendor = await createFakeVendor();
  service = await serveFakeCollateral({ vendor, now: NOW });
});

afterAll(async () => {
  await service.close();
});

afterEach(() => {
  service.calm();
  service.requests.length = 0;
});

function pcs(): DcapCollateralProvider {
  const { url } = service;
  return createPcsProvider({ url, rootCrlUrl: `${url}/IntelSGXRootCA.der`, timeoutMs: 2000 });
}

function pccs(version: 3 | 4 = 4, timeoutMs = 2000): DcapCollateralProvider {
  return createPccsProvider({ url: service.url, version, timeoutMs });
}

/** Everything of collateral that does not change with each ECDSA signature. */
function essenceOf(collateral: DcapCollateral): unknown {
  const unsigned = (body: string): string => body.replace(/"signature":"[0-9a-f]*"/, "");
  return {
    ...collateral,
    tcbInfo: unsigned(collateral.tcbInfo),
    qeIdentity: unsigned(collateral.qeIdentity),
    pckCrl: collateral.pckCrl.slice(8, 200),
    rootCaCrl: collateral.rootCaCrl.slice(8, 200),
  };
}

async function expected(request: DcapCollateralRequest, number = 17): Promise<unknown> {
  const issue = { issuedAt: NOW, evaluationDataNumber: number };
  return essenceOf(await vendor.dcap(request, issue));
}

async function refusal(work: Promise<unknown>): Promise<unknown> {
  const error: unknown = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(TeeError);
  expect(error).toMatchObject({ code: "COLLATERAL_UNAVAILABLE" });
  return collateralRefusalOf(error);
}

describe("a DCAP provider", () => {
  test.each([
    ["Intel's PCS", pcs, SGX, 17],
    ["Intel's PCS", pcs, TDX, 17],
    ["Intel's PCS", pcs, { ...TDX, update: "early" }, 18],
    ["a PCCS", pccs, SGX, 17],
    ["a PCCS", pccs, TDX, 17],
    ["a PCCS of version 3", () => pccs(3), SGX, 17],
  ] as const)("gets from %s what the vendor signed (%#)", async (_, make, request, number) => {
    const collateral = await make().getDcapCollateral(request);
    expect(essenceOf(collateral)).toEqual(await expected(request, number));
  });

  test.each([
    ["sgx", pcs, SGX, [`${V4}/tcb?fmspc=00906ed50000`, `${V4}/qe/identity`]],
    [
      "tdx, early",
      pcs,
      { ...TDX, update: "early" },
      [
        "/tdx/certification/v4/tcb?fmspc=00806f050000&update=early",
        "/tdx/certification/v4/qe/identity?update=early",
      ],
    ],
  ] as const)("asks a PCS for %s at its paths", async (_, make, request, signed) => {
    await make().getDcapCollateral(request);
    expect(service.requests.toSorted()).toEqual(
      ["/IntelSGXRootCA.der", `${V4}/pckcrl?ca=${request.ca}&encoding=der`, ...signed].toSorted(),
    );
  });

  test("asks a PCCS of version 3 at its paths", async () => {
    await pccs(3).getDcapCollateral(SGX);
    expect(service.requests.toSorted()).toEqual([
      `${V3}/pckcrl?ca=processor&encoding=der`,
      `${V3}/qe/identity`,
      `${V3}/rootcacrl`,
      `${V3}/tcb?fmspc=00906ed50000`,
    ]);
  });

  test.each([[{ ...SGX, tee: "tdx" }], [{ ...SGX, update: "early" }]] as const)(
    "does not ask version 3 for %j",
    async (request) => {
      const refused = await refusal(pccs(3).getDcapCollateral(request));
      expect(refused).toMatchObject({ kind: "unsupported" });
      expect(service.requests).toEqual([]);
    },
  );

  test.each([
    ["PEM", (hex: string) => utf8(encodePem("X509 CRL", fromHex(hex)))],
    [
      "hex in lines",
      (hex: string) => utf8(`${hex.slice(0, 64)}\n${hex.slice(64).toUpperCase()}\n`),
    ],
    ["DER", (hex: string) => fromHex(hex)],
  ])("reads CRLs that come as %s, whatever was asked for", async (_, form) => {
    const { pckCrl, rootCaCrl } = await vendor.dcap(SGX, {
      issuedAt: NOW,
      evaluationDataNumber: 17,
    });
    service.disturb("/pckcrl", { kind: "body", body: form(pckCrl) });
    service.disturb("/rootcacrl", { kind: "body", body: form(rootCaCrl) });
    expect(await pccs().getDcapCollateral(SGX)).toMatchObject({ pckCrl, rootCaCrl });
  });

  test("decodes chains percent by percent: a plus is no space", async () => {
    service.disturb("/tcb", {
      kind: "answer",
      status: 200,
      headers: { "TCB-Info-Issuer-Chain": "a+b%20c%2Bd" },
      body: utf8((await vendor.dcap(SGX, { issuedAt: NOW, evaluationDataNumber: 17 })).tcbInfo),
    });
    const { tcbInfoIssuerChain } = await pccs().getDcapCollateral(SGX);
    expect(tcbInfoIssuerChain).toBe("a+b c+d");
  });

  test.each([
    [400, "failed"],
    [404, "unknown"],
    [410, "unknown"],
    [429, "throttled"],
    [460, "failed"],
    [461, "unknown"],
    [462, "unknown"],
    [500, "failed"],
    [502, "failed"],
    [503, "failed"],
    [204, "failed"],
    [302, "failed"],
  ])("calls status %i %s, and keeps the request's id", async (status, kind) => {
    const headers = { location: `${service.url}${V4}/tcb?fmspc=00906ed50000` };
    service.disturb("/tcb", { kind: "answer", status, headers });
    const refused = await refusal(pccs().getDcapCollateral(SGX));
    expect(refused).toMatchObject({ kind, status, requestId: "0123456789abcdef" });
    expect(service.requests.filter((target) => target.includes("/tcb"))).toHaveLength(1);
  });

  test.each([
    ["7", 7000],
    ["Sat, 21 Nov 2026 12:00:30 GMT", 30_000],
    ["Sat, 21 Nov 2026 11:00:00 GMT", 0],
    ["999999999", 3_600_000],
    ["soon", undefined],
  ])("reads Retry-After %s as %s ms", async (text, retryAfterMs) => {
    const headers = { "retry-after": text };
    service.disturb("/tcb", { kind: "answer", status: 429, headers });
    const provider = createPccsProvider({ url: service.url, now: () => NOW });
    const refused = await refusal(provider.getDcapCollateral(SGX));
    expect(refused).toEqual({
      kind: "throttled",
      status: 429,
      requestId: "0123456789abcdef",
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  });

  test.each<readonly [string, string, Disturbance, string]>([
    ["no answer", "", { kind: "silent" }, "unreachable"],
    ["half an answer", "/tcb", { kind: "truncated" }, "unreachable"],
    ["an answer without end", "/tcb", { kind: "endless" }, "malformed"],
    ["a CRL without end", "/rootcacrl", { kind: "endless" }, "malformed"],
    ["no chain", "/tcb", { kind: "without-header", name: "TCB-Info-Issuer-Chain" }, "malformed"],
    ["no json", "/tcb", { kind: "body", body: utf8("<html>") }, "malformed"],
    ["no utf-8", "/identity", { kind: "body", body: new Uint8Array([0xff]) }, "malformed"],
    ["an empty CRL", "/rootcacrl", { kind: "body", body: new Uint8Array() }, "malformed"],
    ["half a CRL", "/pckcrl", { kind: "body", body: utf8("3082") }, "malformed"],
    ["deep json", "/tcb", { kind: "body", body: utf8("[".repeat(100_000)) }, "malformed"],
  ])("refuses %s", async (_, part, disturbance, kind) => {
    service.disturb(part, disturbance);
    const provider = pccs(4, disturbance.kind === "silent" ? 50 : 5000);
    expect(await refusal(provider.getDcapCollateral(SGX))).toMatchObject({ kind });
  });

  test("refuses text that is not quite utf-8", async () => {
    const { tcbInfo } = await vendor.dcap(SGX, { issuedAt: NOW, evaluationDataNumber: 17 });
    const body = utf8(tcbInfo);
    body[body.length - 10] = 0xff;
    service.disturb("/tcb", { kind: "body", body });
    expect(await refusal(pccs().getDcapCollateral(SGX))).toMatchObject({ kind: "malformed" });
  });

  test("ends what it still waits for when one part is refused", async () => {
    const signals: (AbortSignal | null | undefined)[] = [];
    const provider = createPccsProvider({
      url: "http://pccs.test",
      fetch: async (input, init) => {
        if (String(input).includes("/tcb")) return new Response(null, { status: 404 });
        signals.push(init?.signal);
        return await new Promise(() => undefined);
      },
    });
    await refusal(provider.getDcapCollateral(SGX));
    expect(signals.map((signal) => signal?.aborted)).toEqual([true, true, true]);
  });

  test("refuses a service that nobody runs", async () => {
    const provider = createPccsProvider({ url: "http://127.0.0.1:1" });
    expect(await refusal(provider.getDcapCollateral(SGX))).toMatchObject({ kind: "unreachable" });
  });

  test.each([
    ["another platform", { ...SGX, fmspc: "00806f050000" }],
    ["another tee", { ...SGX, tee: "tdx" }],
    ["another CA", { ...SGX, ca: "platform" }],
  ] as const)("refuses collateral of %s", async (_, other) => {
    const issue = { issuedAt: NOW, evaluationDataNumber: 17 };
    const collateral = await vendor.dcap(other, issue);
    service.disturb("/tcb", { kind: "body", body: utf8(collateral.tcbInfo) });
    service.disturb("/identity", { kind: "body", body: utf8(collateral.qeIdentity) });
    service.disturb("/pckcrl", { kind: "body", body: fromHex(collateral.pckCrl) });
    expect(await refusal(pccs().getDcapCollateral(SGX))).toMatchObject({ kind: "malformed" });
  });

  test("stops when its caller does, with the caller's reason", async () => {
    service.disturb("", { kind: "silent" });
    const abort = new AbortController();
    const waiting = pccs().getDcapCollateral(SGX, abort.signal);
    abort.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await expect(pccs().getDcapCollateral(SGX, abort.signal)).rejects.toThrow("enough");
  });

  test.each([
    { ...SGX, fmspc: "x&y" },
    { ...SGX, tee: "snp" as "sgx" },
    { ...SGX, ca: "other" as "platform" },
    { ...SGX, update: "late" as "early" },
  ])("refuses the request %j with a TypeError", async (request) => {
    await expect(pccs().getDcapCollateral(request)).rejects.toThrow(TypeError);
    expect(service.requests).toEqual([]);
  });

  test("gives collateral or our error for any bodies and headers", async () => {
    const genuine = await vendor.dcap(SGX, { issuedAt: NOW, evaluationDataNumber: 17 });
    const bodies = [genuine.tcbInfo, genuine.qeIdentity, genuine.pckCrl, '{"tcbInfo":{}}'];
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.constantFrom(...bodies).map(utf8),
      fc
        .tuple(fc.constantFrom(...bodies), fc.nat(), fc.string({ maxLength: 4 }))
        .map(([text, at, put]) => utf8(text.slice(0, at % text.length) + put + text.slice(at))),
    );
    const header = fc.oneof(
      fc.constantFrom("%", "%zz", "%c3%28", "", encodeURIComponent(genuine.tcbInfoIssuerChain)),
      fc.stringMatching(/^[\x21-\x7e]{0,40}$/),
    );
    const answer = fc.record({
      status: fc.oneof(
        { weight: 5, arbitrary: fc.constant(200) },
        fc.integer({ min: 201, max: 599 }),
      ),
      body,
      header,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(answer, { minLength: 4, maxLength: 4 }), async (answers) => {
        let next = 0;
        const provider = createPccsProvider({
          url: "http://pccs.test",
          fetch: async () => {
            const { status, body: bytes, header: value } = answers[next++ % 4] ?? answer0;
            const headers = CHAINS.map((name): [string, string] => [name, value]);
            const noBody = status === 204 || status === 205 || status === 304;
            return await Promise.resolve(
              new Response(noBody ? null : Buffer.from(bytes), { status, headers }),
            );
          },
        });
        try {
          expect(typeof (await provider.getDcapCollateral(SGX)).tcbInfo).toBe("string");
        } catch (error) {
          expect(collateralRefusalOf(error)).toBeDefined();
        }
      }),
    );
  });
});

const answer0 = { status: 200, body: new Uint8Array(), header: "" };
const CHAINS = [
  "TCB-Info-Issuer-Chain",
  "SGX-Enclave-Identity-Issuer-Chain",
  "SGX-PCK-CRL-Issuer-Chain",
  "Request-ID",
  "Retry-After",
];

describe("a PCCS with a certificate of its own making", () => {
  let tls: { key: string; cert: string };
  let secure: FakeCollateralService;

  async function selfSigned(): Promise<{ key: string; cert: string }> {
    const key = await generateEcKey("P-256");
    const name = [{ type: OID.commonName, value: "pccs" }];
    const certificate = await issueCertificate(
      {
        serial: randomSerial(),
        issuer: name,
        subject: name,
        notBefore: new Date("2020-01-01T00:00:00Z"),
        notAfter: new Date("2049-01-01T00:00:00Z"),
        spki: key.spki,
        extensions: [
          extension.basicConstraints(true),
          extension.subjectAlternativeName({ dnsNames: [], ipAddresses: ["127.0.0.1"] }),
        ],
      },
      key.signer,
    );
    const cert = encodePem("CERTIFICATE", certificate);
    return { key: encodePem("PRIVATE KEY", key.pkcs8), cert };
  }

  beforeAll(async () => {
    tls = await selfSigned();
    secure = await serveFakeCollateral({ vendor, now: NOW, tls });
  });

  afterAll(async () => {
    await secure.close();
  });

  test("is believed under the ca that is named", async () => {
    const provider = createPccsProvider({ url: secure.url, ca: tls.cert });
    expect(essenceOf(await provider.getDcapCollateral(SGX))).toEqual(await expected(SGX));
  });

  test.each<readonly [Disturbance, string]>([
    [{ kind: "answer", status: 461 }, "unknown"],
    [{ kind: "answer", status: 999 }, "unreachable"],
    [{ kind: "answer", status: 302, headers: { location: "/" } }, "failed"],
    [{ kind: "truncated" }, "unreachable"],
    [{ kind: "endless" }, "malformed"],
    [{ kind: "silent" }, "unreachable"],
  ])("is refused as over plain http: %j is %s", async (disturbance, kind) => {
    secure.disturb("/tcb", disturbance);
    const timeoutMs = disturbance.kind === "silent" ? 200 : 5000;
    const provider = createPccsProvider({ url: secure.url, ca: tls.cert, timeoutMs });
    expect(await refusal(provider.getDcapCollateral(SGX))).toMatchObject({ kind });
    secure.calm();
  });

  test.each([
    ["without it", async () => await Promise.resolve({})],
    ["under another", async () => ({ ca: (await selfSigned()).cert })],
  ])("is not believed %s", async (_, options) => {
    const provider = createPccsProvider({ url: secure.url, ...(await options()) });
    expect(await refusal(provider.getDcapCollateral(SGX))).toMatchObject({ kind: "unreachable" });
  });
});

test("hex is lower case in collateral", async () => {
  const { pckCrl } = await pccs().getDcapCollateral(SGX);
  expect(pckCrl).toBe(toHex(fromHex(pckCrl)));
});
