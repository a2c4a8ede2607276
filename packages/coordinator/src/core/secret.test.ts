import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { utf8 } from "@carrara/encoding";
import { parseManifest, type SecretDefinition } from "@carrara/manifest";
import { beforeAll, describe, expect, test } from "vitest";
import { type Authority, authorityNames, createAuthority } from "./authority.ts";
import { generateMarbleSecret, generateSecret, type SecretContext } from "./secret.ts";

const now = new Date("2026-08-03T09:15:00Z");
let authority: Authority;
let context: SecretContext;

beforeAll(async () => {
  authority = await createAuthority(authorityNames([], []), now);
  context = { authority, now, randomBytes: (n) => new Uint8Array(randomBytes(n)) };
});

function definition(json: object): SecretDefinition {
  const manifest = parseManifest(utf8(JSON.stringify({ Secrets: { s: json } })));
  const found = manifest.secrets.get("s");
  if (found === undefined) throw new TypeError("no definition");
  return found;
}

describe("a shared secret", () => {
  test.each([
    ["cert-rsa", 2048, "rsa"],
    ["cert-ecdsa", 224, "ec"],
    ["cert-ecdsa", 256, "ec"],
    ["cert-ecdsa", 384, "ec"],
    ["cert-ecdsa", 521, "ec"],
    ["cert-ed25519", 0, "ed25519"],
  ])("of type %s and %i bits has a key and a certificate for it", async (Type, Size, kind) => {
    const secret = await generateSecret("s", definition({ Type, Size, Shared: true }), context);
    const certificate = new X509Certificate(secret.cert ?? new Uint8Array());
    const key = createPrivateKey({
      key: Buffer.from(secret.private ?? []),
      format: "der",
      type: "pkcs8",
    });
    expect(key.asymmetricKeyType).toBe(kind);
    expect(certificate.checkPrivateKey(key)).toBe(true);
    expect(certificate.verify(new X509Certificate(authority.marbleRoot).publicKey)).toBe(true);
    expect(certificate.subject).toBe("CN=localhost");
    expect(certificate.subjectAltName).toContain("DNS:localhost, IP Address:127.0.0.1");
    expect(secret.validFor).toBe(365);
    expect(new Date(certificate.validTo)).toEqual(new Date("2027-08-03T09:15:00Z"));
  });

  test("of type symmetric-key has as many random bytes", async () => {
    const secret = await generateSecret(
      "s",
      definition({ Type: "symmetric-key", Size: 128 }),
      context,
    );
    expect(secret.private).toHaveLength(16);
    expect(secret.public).toEqual(secret.private);
  });

  test.each([
    { Type: "symmetric-key" },
    { Type: "symmetric-key", Size: 12 },
    { Type: "symmetric-key", Size: 8 * 8161 },
    { Type: "cert-rsa", Size: 1023 },
    { Type: "cert-rsa", Size: 16_384 },
    { Type: "cert-ecdsa", Size: 255 },
    { Type: "cert-ed25519", Size: 256 },
    { Type: "plain" },
    { Type: "cert-ed25519", Cert: { SignatureAlgorithm: 1 } },
    { Type: "cert-ed25519", Cert: { KeyUsage: 512 } },
    { Type: "cert-ed25519", Cert: { ExtKeyUsage: [99] } },
    { Type: "cert-ed25519", Cert: { IPAddresses: ["nonsense"] } },
    { Type: "cert-ed25519", Cert: { MaxPathLen: 1 } },
    { Type: "cert-ed25519", Cert: { ExtraExtensions: [{ Id: [3, 1] }] } },
  ])("is refused with SECRET_INVALID for %j", async (json) => {
    await expect(generateSecret("s", definition(json), context)).rejects.toMatchObject({
      name: "CoordinatorError",
      code: "SECRET_INVALID",
    });
  });

  test("has the certificate its template describes", async () => {
    const secret = await generateSecret(
      "s",
      definition({
        Type: "cert-ed25519",
        ValidFor: 7,
        Cert: {
          Subject: { Organization: ["Carrara"], SerialNumber: "42" },
          DNSNames: ["a.example", "b.example"],
          EmailAddresses: ["x@example.org"],
          IPAddresses: ["10.1.2.3"],
          URIs: [{ Scheme: "https", Host: "example.org", Path: "/x y" }],
          KeyUsage: 97,
          ExtKeyUsage: [2],
          IsCA: true,
          MaxPathLenZero: true,
          PermittedDNSDomains: ["example.org"],
          OCSPServer: ["http://ocsp.example"],
          CRLDistributionPoints: ["http://crl.example/x"],
          PolicyIdentifiers: [[1, 2, 3, 4]],
          ExtraExtensions: [{ Id: [1, 2, 3], Value: "BQA=" }],
        },
      }),
      context,
    );
    const certificate = new X509Certificate(secret.cert ?? new Uint8Array());
    expect(certificate.subject).toBe(
      "O=Carrara\nCN=MarbleRun Generated Certificate\nserialNumber=42",
    );
    expect(certificate.subjectAltName).toBe(
      "DNS:a.example, DNS:b.example, email:x@example.org, IP Address:10.1.2.3, URI:https://example.org/x%20y",
    );
    expect(certificate.ca).toBe(true);
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    expect(certificate.infoAccess).toContain("OCSP - URI:http://ocsp.example");
    expect(new Date(certificate.validTo)).toEqual(new Date("2026-08-10T09:15:00Z"));
  });
});

describe("a marble's own secret", () => {
  const identity = {
    marbleType: "m",
    uuid: "f6b2414a-ec07-47ab-a5eb-afe399dae79e",
    rootSecret: Uint8Array.from({ length: 32 }, (_, i) => i),
    disableSecretBinding: false,
  };

  test("is the derived key, without the type when binding is off", async () => {
    const key = definition({ Type: "symmetric-key", Size: 128 });
    const bound = await generateMarbleSecret("k", key, identity, context);
    expect(Buffer.from(bound.private ?? []).toString("hex")).toBe(
      "8d0e14609a458108dcd3ff2488182136",
    );
    const unbound = { ...identity, disableSecretBinding: true };
    const other = await generateMarbleSecret("k", key, unbound, context);
    const third = await generateMarbleSecret("k", key, { ...unbound, marbleType: "n" }, context);
    expect(other).not.toEqual(bound);
    expect(third).toEqual(other);
  });
});
