import { createPrivateKey, X509Certificate } from "node:crypto";
import { createMarbleIdentity } from "@carrara/marble";
import { parseCertificate, parseCertificateRequest } from "@carrara/pki";
import { beforeAll, describe, expect, test } from "vitest";
import { type Authority, authorityNames, createAuthority } from "./authority.ts";
import { issueMarbleCertificate, MARBLE_TYPE_OID } from "./marble-certificate.ts";

const now = new Date("2026-08-03T09:15:00Z");
let authority: Authority;
let root: X509Certificate;
let intermediate: X509Certificate;
let marbleRoot: X509Certificate;

beforeAll(async () => {
  authority = await createAuthority(authorityNames(["b.example", "a.example"], ["10.0.0.7"]), now);
  root = new X509Certificate(authority.root.certificate);
  intermediate = new X509Certificate(authority.intermediate.certificate);
  marbleRoot = new X509Certificate(authority.marbleRoot);
});

describe("the mesh authority", () => {
  test("has the names of section 1.5", () => {
    expect(root.subject).toBe("CN=MarbleRun Coordinator");
    expect(intermediate.subject).toBe("CN=MarbleRun Coordinator - Intermediate CA");
    expect(intermediate.issuer).toBe(root.subject);
    expect(marbleRoot.issuer).toBe(intermediate.subject);
    const names =
      "DNS:b.example, DNS:a.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:10.0.0.7";
    for (const each of [root, intermediate, marbleRoot]) expect(each.subjectAltName).toBe(names);
  });

  test("chains the intermediate to the root, and the marble root has its key", () => {
    expect(intermediate.verify(root.publicKey)).toBe(true);
    expect(marbleRoot.verify(intermediate.publicKey)).toBe(true);
    expect(root.verify(root.publicKey)).toBe(true);
    expect(root.ca && intermediate.ca && marbleRoot.ca).toBe(true);
    expect(root.publicKey.asymmetricKeyDetails?.namedCurve).toBe("secp384r1");
  });

  test("is valid for 292 years and has the extensions in Go's order", () => {
    expect(new Date(root.validFrom)).toEqual(now);
    expect(new Date(root.validTo).getUTCFullYear()).toBe(2318);
    const oids = (der: Uint8Array) => parseCertificate(der).extensions.map(({ oid }) => oid);
    const common = ["2.5.29.15", "2.5.29.37", "2.5.29.19", "2.5.29.14"];
    expect(oids(authority.root.certificate)).toEqual([...common, "2.5.29.17"]);
    expect(oids(authority.intermediate.certificate)).toEqual([...common, "2.5.29.35", "2.5.29.17"]);
  });
});

describe("a marble certificate", () => {
  test("has the subject of the request with the uuid, the raw type and no organization", async () => {
    const uuid = "f6b2414a-ec07-47ab-a5eb-afe399dae79e";
    const identity = await createMarbleIdentity({
      dnsNames: ["voting-svc"],
      ipAddresses: ["127.0.0.1"],
      now,
    });
    const request = await parseCertificateRequest(identity.certificateRequest);
    const subject = [
      { type: "2.5.4.10", value: "Org" },
      { type: "2.5.4.3", value: "chosen" },
      { type: "2.5.4.6", value: "DE" },
    ];
    const issued = await issueMarbleCertificate(
      authority,
      { ...request, subject },
      { uuid, marbleType: "voting", now },
    );
    const leaf = new X509Certificate(issued.certificate);
    expect(leaf.subject).toBe(`C=DE\nCN=${uuid}`);
    expect(leaf.issuer).toBe(marbleRoot.subject);
    expect(leaf.subjectAltName).toBe("DNS:voting-svc, IP Address:127.0.0.1");
    expect(leaf.ca).toBe(false);
    expect(leaf.verify(marbleRoot.publicKey)).toBe(true);
    expect(leaf.checkIssued(marbleRoot) && leaf.checkIssued(intermediate)).toBe(true);
    const key = createPrivateKey({ key: Buffer.from(issued.pkcs8), format: "der", type: "pkcs8" });
    expect(leaf.checkPrivateKey(key)).toBe(true);
    const type = parseCertificate(issued.certificate).extensions.find(
      ({ oid }) => oid === MARBLE_TYPE_OID,
    );
    expect(type).toMatchObject({ critical: false, value: new TextEncoder().encode("voting") });
  });
});
