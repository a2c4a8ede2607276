import { algorithmIdentifier, commonName, issueCertificate, OID, type Signer } from "@carrara/pki";
import { beforeAll, expect, test } from "vitest";
import { authenticateMarble } from "./authenticate.ts";
import { authorityNames, createAuthority, INTERMEDIATE_NAME } from "./authority.ts";
import { p384Signer, spkiOf } from "./elliptic-key.ts";
import type { MeshState } from "./state.ts";

const NOW = new Date("2026-08-03T09:15:00Z");

let state: MeshState;

beforeAll(async () => {
  state = {
    phase: "accepting-manifest",
    authority: await createAuthority(authorityNames([], []), NOW),
    rootSecret: new Uint8Array(32),
    previousRootSecret: undefined,
    deployment: undefined,
    secrets: new Map(),
    previousSecrets: new Map(),
    activations: new Map(),
    counters: new Map(),
    updateLog: [],
    pendingUpdate: undefined,
  };
});

/** A certificate that names this mesh as its issuer, under whatever `signer` makes of it. */
async function marbleCertificate(signer: Signer): Promise<Uint8Array> {
  const template = {
    serial: new Uint8Array([1]),
    issuer: commonName(INTERMEDIATE_NAME),
    subject: commonName("b3b2b1b0-0000-4000-8000-000000000000"),
    notBefore: NOW,
    notAfter: NOW,
    spki: spkiOf(state.authority.intermediate.key),
    extensions: [],
  };
  return await issueCertificate(template, signer);
}

function signedWith(oid: string, signature: Uint8Array): Signer {
  return { algorithm: algorithmIdentifier(oid), sign: () => signature };
}

test.each<[string, () => Signer]>([
  ["a signature that is no DER", () => signedWith(OID.ecdsaWithSha384, new Uint8Array([1, 2, 3]))],
  ["no signature", () => signedWith(OID.ecdsaWithSha384, new Uint8Array())],
  [
    "a number too long for the curve",
    () =>
      signedWith(
        OID.ecdsaWithSha384,
        new Uint8Array([0x30, 0x35, 2, 0x33, ...Array<number>(51).fill(1)]),
      ),
  ],
  ["an algorithm that is not known", () => signedWith("1.2.3", new Uint8Array([1]))],
  [
    "the signature of something else",
    () => {
      const own = p384Signer(state.authority.intermediate.key);
      return { ...own, sign: () => own.sign(new Uint8Array(1)) };
    },
  ],
])("a marble certificate with %s is refused with MARBLE_UNAUTHORIZED", async (_, signer) => {
  const certificate = await marbleCertificate(signer());
  await expect(authenticateMarble(state, certificate, NOW)).rejects.toMatchObject({
    name: "CoordinatorError",
    code: "MARBLE_UNAUTHORIZED",
  });
});
