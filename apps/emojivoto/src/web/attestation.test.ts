import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import { testCertificate } from "../testing/test-certificate.ts";
import { attestationFactsOf } from "./attestation.ts";

const HEX = "ab".repeat(32);

describe("what the badge shows", () => {
  test("is unknown when nobody told anything", () => {
    const nothing = { uniqueId: null, signerId: null, productId: null, securityVersion: null };
    expect(attestationFactsOf({})).toEqual({
      assurance: "unknown",
      warning: null,
      image: nothing,
      coordinator: nothing,
      coordinatorRootSha256: null,
      certificateChainSubjects: [],
    });
  });

  test("is what the runtime handed over, with the warning of a simulation", () => {
    const told = {
      assurance: "simulation",
      measurement: HEX.toUpperCase(),
      signer: HEX,
      productId: 4,
      securityVersion: 1,
      coordinator: { measurement: HEX },
    };
    const facts = attestationFactsOf({
      CARRARA_ATTESTATION_JSON: JSON.stringify(told),
      MARBLE_PREDEFINED_COORDINATOR_ROOT_CA: testCertificate.pem,
      MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN: `${testCertificate.pem}\n${testCertificate.pem}`,
    });
    expect(facts).toMatchObject({
      assurance: "simulation",
      warning: "SIMULATION: not protected by hardware",
      image: { uniqueId: HEX, signerId: HEX, productId: 4, securityVersion: 1 },
      coordinator: { uniqueId: HEX, signerId: null },
      certificateChainSubjects: ["CN=localhost", "CN=localhost"],
    });
    expect(facts.coordinatorRootSha256).toBe(testCertificate.sha256);
  });

  test("takes no word but the two it knows for an assurance", () => {
    const json = JSON.stringify({ assurance: "certified", measurement: "xyz", productId: -1 });
    expect(attestationFactsOf({ CARRARA_ATTESTATION_JSON: json })).toMatchObject({
      assurance: "unknown",
      image: { uniqueId: null, productId: null },
    });
  });

  test("is a value or ATTESTATION_MALFORMED for any text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (json) => {
        try {
          attestationFactsOf({ CARRARA_ATTESTATION_JSON: json });
        } catch (error) {
          expect(error).toBeInstanceOf(EmojivotoError);
          expect(error).toMatchObject({ code: "ATTESTATION_MALFORMED" });
        }
      }),
    );
  });

  test.each([
    ["too long", { CARRARA_ATTESTATION_JSON: `"${"x".repeat(20_000)}"` }],
    [
      "no certificate",
      {
        MARBLE_PREDEFINED_COORDINATOR_ROOT_CA:
          "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
      },
    ],
  ])("is refused when it is %s", (_, env) => {
    expect(() => attestationFactsOf(env)).toThrow(
      expect.objectContaining({ code: "ATTESTATION_MALFORMED" }),
    );
  });
});
