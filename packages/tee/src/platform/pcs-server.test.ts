import { verify, X509Certificate } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromHex, parsePem, toHex, utf8 } from "@carrara/encoding";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PAPER_NODE } from "../testing/signed-image.ts";
import type { PcsServer } from "./pcs-server.ts";
import { createSimulatedPlatform, type SimulatedPlatform } from "./simulated-platform.ts";

const BASE = "/sgx/certification/v4";

let dir = "";
let platform: SimulatedPlatform;
let pcs: PcsServer;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "carrara-pcs-"));
  platform = await createSimulatedPlatform({ dir, node: PAPER_NODE });
  pcs = await platform.servePcs({ host: "127.0.0.1", port: 0 });
});

afterAll(async () => {
  await platform.close();
  await rm(dir, { recursive: true });
});

describe("the simulated PCS", () => {
  test.each([
    ["tcb info", `${BASE}/tcb?fmspc=53494d000000`, "TCB-Info-Issuer-Chain", "tcbInfo"],
    ["qe identity", `${BASE}/qe/identity`, "SGX-Enclave-Identity-Issuer-Chain", "qeIdentity"],
  ] as const)("serves %s with its chain percent-encoded", async (_, path, header, part) => {
    const response = await fetch(pcs.url + path);
    const chain = response.headers.get(header) ?? "";
    const collateral = await platform.collateral();
    expect(await response.text()).toBe(collateral[part]);
    expect(chain).not.toMatch(/[\s+]/);
    expect(decodeURIComponent(chain)).toBe(collateral[`${part}IssuerChain`]);
  });

  test("serves the PCK CRL as DER and as PEM", async () => {
    const { pckCrl } = await platform.collateral();
    const der = await fetch(`${pcs.url}${BASE}/pckcrl?ca=platform&encoding=der`);
    expect(toHex(new Uint8Array(await der.arrayBuffer()))).toBe(pckCrl);
    const pem = await fetch(`${pcs.url}${BASE}/pckcrl?ca=platform&encoding=pem`);
    expect(parsePem(await pem.text())).toEqual([{ label: "X509 CRL", bytes: fromHex(pckCrl) }]);
  });

  test("serves the root CRL in hex as a PCCS and as DER as Intel's host", async () => {
    const { rootCaCrl } = await platform.collateral();
    expect(await (await fetch(`${pcs.url}${BASE}/rootcacrl`)).text()).toBe(rootCaCrl);
    const der = await fetch(`${pcs.url}/IntelSGXRootCA.der`);
    expect(toHex(new Uint8Array(await der.arrayBuffer()))).toBe(rootCaCrl);
  });

  test.each([
    ["GET", "/", 404],
    ["GET", `${BASE}/tcb`, 400],
    ["GET", `${BASE}/tcb?fmspc=zz`, 400],
    ["GET", `${BASE}/tcb?fmspc=00906ed50000`, 404],
    ["GET", `${BASE}/pckcrl?ca=processor`, 404],
    ["GET", `${BASE}/pckcrl?ca=other`, 400],
    ["GET", `${BASE}/pckcrl?ca=platform&encoding=text`, 400],
    ["GET", "/tdx/certification/v4/pckcrl?ca=platform", 404],
    ["GET", "/tdx/certification/v4/rootcacrl", 404],
    ["GET", "/sgx/certification/v3/qe/identity", 404],
    ["GET", `${BASE}/qe/identity?update=early`, 200],
    ["GET", `${BASE}/qe/identity?update=soon`, 400],
    ["GET", `${BASE}/qe/identity?update=early&tcbEvaluationDataNumber=1`, 400],
    ["GET", `${BASE}/qe/identity?tcbEvaluationDataNumber=x`, 400],
    ["GET", `${BASE}/qe/identity?tcbEvaluationDataNumber=0`, 410],
    ["GET", `${BASE}/tcb?fmspc=53494d000000&tcbEvaluationDataNumber=1`, 200],
    ["GET", `${BASE}/tcb?fmspc=53494d000000&tcbEvaluationDataNumber=2`, 404],
    ["GET", "/vcek/v1/Milan/cert_chain", 404],
    ["POST", `${BASE}/qe/identity`, 405],
  ])("answers %s %s with %i", async (method, path, status) => {
    expect((await fetch(pcs.url + path, { method })).status).toBe(status);
  });

  test("serves SGX and TDX side by side, each its own", async () => {
    const documents = ["tcb?fmspc=53494d000000", "qe/identity"].flatMap((path) =>
      ["sgx", "tdx"].map(async (tee) => {
        const response = await fetch(`${pcs.url}/${tee}/certification/v4/${path}`);
        return /"id":"([A-Z_]+)"/.exec(await response.text())?.[1];
      }),
    );
    expect(await Promise.all(documents)).toEqual(["SGX", "TDX", "QE", "TD_QE"]);
  });

  test.each(["sgx", "tdx"])("says which evaluation numbers it serves for %s", async (tee) => {
    const response = await fetch(`${pcs.url}/${tee}/certification/v4/tcbevaluationdatanumbers`);
    const chain = response.headers.get("TCB-Evaluation-Data-Numbers-Issuer-Chain") ?? "";
    const [signer, root, ...more] = parsePem(decodeURIComponent(chain));
    expect([root?.bytes, more]).toEqual([platform.anchor.certificate, []]);
    const body = await response.text();
    const [, text = "", signature = ""] = /^\{"\w+":(.*),"signature":"(\w+)"\}$/.exec(body) ?? [];
    const { publicKey: key } = new X509Certificate(signer?.bytes ?? "");
    const form = { key, dsaEncoding: "ieee-p1363" } as const;
    expect(verify("sha256", utf8(text), form, fromHex(signature))).toBe(true);
    expect(JSON.parse(body)).toMatchObject({
      tcbEvaluationDataNumbers: {
        id: tee.toUpperCase(),
        tcbEvalNumbers: [{ tcbEvaluationDataNumber: 1 }],
      },
    });
  });

  test.each([404, 410, 429, 500, 503] as const)("fails with %i when told to", async (status) => {
    platform.setScenario({ serviceFailure: { status, retryAfterSeconds: 7 } });
    const response = await fetch(`${pcs.url}${BASE}/qe/identity`);
    platform.setScenario({});
    expect([response.status, response.headers.get("retry-after")]).toEqual([status, "7"]);
    expect((await fetch(`${pcs.url}${BASE}/qe/identity`)).status).toBe(200);
  });

  test("may be closed twice", async () => {
    const other = await platform.servePcs({ host: "127.0.0.1", port: 0 });
    await other.close();
    await other.close();
    await expect(fetch(other.url)).rejects.toThrow();
  });
});
