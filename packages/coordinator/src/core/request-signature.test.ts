import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { createMarbleIdentity } from "@carrara/marble";
import {
  ecdsaFromDer,
  PkiError,
  parseCertificate,
  parseCertificateRequest,
  WEB_ECDSA,
} from "@carrara/pki";
import { describe, expect, test } from "vitest";
import { requestVerifier } from "./request-signature.ts";

/** The key of its connection is none that a request is for. */
const NODE_ECDSA = requestVerifier({ peerCertificate: new Uint8Array() });
const DATA = new Uint8Array(100).fill(7);
const HASHES = ["SHA-256", "SHA-384", "SHA-512"] as const;
const CURVES = [
  { curve: "P-256", octets: 32 },
  { curve: "P-384", octets: 48 },
  { curve: "P-521", octets: 66 },
] as const;

function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((octet, i) => (i === bit >> 3 ? octet ^ (1 << (bit & 7)) : octet));
}

describe.each(CURVES)("a request's signature on $curve", ({ curve, octets }) => {
  const pair = generateKeyPairSync("ec", { namedCurve: curve });
  const spki = new Uint8Array(pair.publicKey.export({ type: "spki", format: "der" }));
  const signed = (hash: (typeof HASHES)[number]) => ({
    ...{ spki, curve, hash, data: DATA },
    signature: ecdsaFromDer(new Uint8Array(sign(hash, DATA, pair.privateKey)), octets),
  });

  test.each(HASHES)("verifies under %s", async (hash) => {
    expect(await NODE_ECDSA(signed(hash))).toBe(true);
  });

  test("does not verify under another hash", async () => {
    expect(await NODE_ECDSA({ ...signed("SHA-256"), hash: "SHA-512" })).toBe(false);
  });

  test("with a flipped bit, or over data with one, does not verify", async () => {
    const check = signed("SHA-384");
    for (let bit = 0; bit < octets * 16; bit += 29) {
      const signature = flipBit(check.signature, bit);
      expect(await NODE_ECDSA({ ...check, signature })).toBe(false);
      expect(await NODE_ECDSA({ ...check, data: flipBit(DATA, bit % 800) })).toBe(false);
    }
  });

  test.each([
    ["zeros", new Uint8Array(2 * octets)],
    ["numbers beyond the order", new Uint8Array(2 * octets).fill(0xff)],
    ["nothing", new Uint8Array(0)],
    ["half of what is needed", new Uint8Array(octets).fill(1)],
  ])("of %s is refused as by WebCrypto", async (_, signature) => {
    const check = { ...signed("SHA-256"), signature };
    expect([await NODE_ECDSA(check), await WEB_ECDSA(check)]).toEqual([false, false]);
  });

  test("by a key that is not on the curve is refused as by WebCrypto", async () => {
    const check = { ...signed("SHA-256"), spki: flipBit(spki, spki.length * 8 - 1) };
    await expect(async () => await NODE_ECDSA(check)).rejects.toThrow();
    await expect(WEB_ECDSA(check)).rejects.toThrow();
  });
});

describe("a request over a connection", () => {
  const connect = async (curve: "P-256" | "P-384") => {
    const names = { dnsNames: ["web"], ipAddresses: [] };
    const identity = await createMarbleIdentity({ ...names, now: new Date(), curve });
    const { spki } = parseCertificate(identity.certificate);
    const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    const taken = { times: 0 };
    const peerKey = () => {
      taken.times += 1;
      return key;
    };
    return { ...identity, taken, verifier: { peerCertificate: identity.certificate, peerKey } };
  };
  const read = async (csr: Uint8Array, peer: Parameters<typeof requestVerifier>[0]) =>
    await parseCertificateRequest(csr, requestVerifier(peer)).then(
      () => "verified",
      (error: unknown) => (error instanceof PkiError ? error.code : error),
    );

  test.each(["P-256", "P-384"] as const)(
    "is checked with the connection's key where it is for that, on %s",
    async (curve) => {
      const { certificateRequest, verifier, taken } = await connect(curve);
      expect(await read(certificateRequest, verifier)).toBe("verified");
      expect(taken.times).toBe(1);
      const damaged = flipBit(certificateRequest, certificateRequest.length * 8 - 1);
      expect(await read(damaged, verifier)).toBe("CSR_SIGNATURE_INVALID");
      expect(taken.times).toBe(2);
    },
  );

  test("for another key is checked with that key alone", async () => {
    const [mine, other] = [await connect("P-256"), await connect("P-256")];
    expect(await read(other.certificateRequest, mine.verifier)).toBe("verified");
    const { spki } = parseCertificate(other.certificate);
    const at = Buffer.from(other.certificateRequest).indexOf(spki);
    const swapped = new Uint8Array(other.certificateRequest);
    swapped.set(parseCertificate(mine.certificate).spki, at);
    expect(await read(swapped, { ...other.verifier, peerKey: mine.verifier.peerKey })).toBe(
      "CSR_SIGNATURE_INVALID",
    );
    expect(mine.taken.times).toBe(0);
  });

  test("that has ended is checked with the request's own key", async () => {
    const { certificateRequest, verifier } = await connect("P-256");
    const ended = { ...verifier, peerKey: () => undefined };
    expect(await read(certificateRequest, ended)).toBe("verified");
    const damaged = flipBit(certificateRequest, certificateRequest.length * 8 - 1);
    expect(await read(damaged, ended)).toBe("CSR_SIGNATURE_INVALID");
  });

  test("is checked with its own key where the certificate cannot be read here", async () => {
    const { certificateRequest, certificate, taken, verifier } = await connect("P-256");
    const peerCertificate = new Uint8Array([...certificate, 0]);
    expect(await read(certificateRequest, { ...verifier, peerCertificate })).toBe("verified");
    expect(taken.times).toBe(0);
  });
});
