import { fromBase64 } from "@carrara/encoding";
import { commonNameOf, isSignedBy, parseCertificate } from "@carrara/pki";
import { expect, test } from "vitest";
import { AMD_ROOTS } from "../trust-anchor.ts";
import { INTERMEDIATE_CERTIFICATES } from "./intermediate-certificates.ts";

test("AMD's roots issued the certificates that are built in, two each", async () => {
  const names: string[] = [];
  for (const text of INTERMEDIATE_CERTIFICATES) {
    const certificate = parseCertificate(fromBase64(text));
    const name = commonNameOf(certificate.subject);
    const root = AMD_ROOTS.find((anchor) => name.endsWith(anchor.name.slice("ARK".length)));
    expect(await isSignedBy(certificate, root?.spki ?? new Uint8Array())).toBe(true);
    names.push(name);
  }
  expect(names.sort()).toEqual(
    ["Genoa", "Milan", "Turin"]
      .map((p) => `SEV-${p}`)
      .concat(["Genoa", "Milan", "Turin"].map((p) => `SEV-VLEK-${p}`)),
  );
});
