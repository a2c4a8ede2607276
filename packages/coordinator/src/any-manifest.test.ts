import { generateKeyPairSync } from "node:crypto";
import { createMarbleIdentity, type MarbleIdentity } from "@carrara/marble";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { type ActivationContext, activateMarble } from "./core/activate.ts";
import { authorityNames, createAuthority } from "./core/authority.ts";
import { setManifest } from "./core/set-manifest.ts";
import { freshState, type MeshState } from "./core/state.ts";
import { decodeState, encodeState } from "./core/state-codec.ts";
import { CoordinatorError, reasonOf } from "./error.ts";
import { anyManifestNear } from "./testing/any-manifest.ts";
import { stateManifest, TEST_CONTEXT, TEST_NOW } from "./testing/test-state.ts";
import { createTestUser } from "./testing/test-user.ts";

const RUNS = 400;
/** Milliseconds: RSA keys are made. */
const TIMEOUT_MS = 120_000;
const UUID = "f6b2414a-ec07-47ab-a5eb-afe399dae79e";

let fresh: MeshState;
let manifest: Uint8Array;
let marble: MarbleIdentity;

beforeAll(async () => {
  const authority = await createAuthority(authorityNames(["localhost"], []), TEST_NOW);
  fresh = freshState("accepting-manifest", authority, TEST_CONTEXT.randomBytes(32));
  const names = { dnsNames: ["m"], ipAddresses: [], now: TEST_NOW };
  const user = await createTestUser();
  marble = await createMarbleIdentity(names);
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const owner = publicKey.export({ type: "spki", format: "pem" }).toString();
  manifest = stateManifest({
    Infrastructures: { azure: { CPUSVN: "AAAA", QESVN: 1, PCESVN: 2, RootCA: "AAAA" } },
    Packages: {
      p: { Debug: true, SecurityVersion: 3, AcceptedTCBStatuses: ["UpToDate"] },
      q: { UniqueID: "00".repeat(32), AcceptedAdvisories: ["INTEL-SA-00001"] },
    },
    Marbles: {
      web: {
        Package: "p",
        MaxActivations: 3,
        TLS: ["t"],
        Parameters: {
          Files: {
            "/a": "{{ pem .MarbleRun.RootCA.Cert }}{{ raw .Secrets.key }}",
            "/b": { Data: "AQID", Encoding: "base64", NoTemplates: true },
          },
          Env: { X: "{{ hex .Secrets.own }}", Y: "{{ base64 .Previous.Secrets.key }}" },
          Argv: ["a", "b"],
        },
      },
      other: { Package: "q", DisableSecretBinding: true, Parameters: { Env: { Z: "z" } } },
    },
    Secrets: {
      key: { Type: "symmetric-key", Size: 128, Shared: true },
      own: { Type: "symmetric-key", Size: 256 },
      cert: {
        Type: "cert-ecdsa",
        Size: 256,
        Shared: true,
        ValidFor: 7,
        Cert: {
          Subject: {
            CommonName: "x",
            Organization: ["o"],
            ExtraNames: [{ Type: [2, 5, 4, 3], Value: "v" }],
          },
          DNSNames: ["localhost"],
          IPAddresses: ["10.0.0.1"],
          URIs: [{ Scheme: "https", Host: "x", Path: "/" }],
          KeyUsage: 1,
          ExtKeyUsage: [1],
          ExtraExtensions: [{ Id: [1, 2, 3], Critical: false, Value: "AAAA" }],
        },
      },
      text: { Type: "plain", UserDefined: true },
    },
    Users: { anna: { Certificate: user.pem, Roles: ["all", "raise", "secrets"] } },
    Roles: {
      all: { ResourceType: "Manifest", Actions: ["UpdateManifest"] },
      raise: { ResourceType: "Packages", ResourceNames: ["p"], Actions: ["UpdateSecurityVersion"] },
      secrets: { ResourceType: "Secrets", ResourceNames: ["text"], Actions: ["WriteSecret"] },
    },
    TLS: {
      t: {
        Incoming: [{ Port: "443", Cert: "cert", DisableClientAuth: true }, { Port: "80" }],
        Outgoing: [{ Port: "80", Addr: "x" }],
      },
    },
    RecoveryKeys: { owner },
    Config: {
      SealMode: "ProductKey",
      FeatureGates: ["MonotonicCounter"],
      UpdateThreshold: 1,
      RecoveryThreshold: 0,
      RotateRootSecret: false,
    },
  });
});

const context: ActivationContext = {
  ...TEST_CONTEXT,
  acceptUnattested: true,
  verifyQuote: async () => await Promise.reject(new TypeError("no quote is sent")),
  step: async (_, work) => await work(),
};

/** Activates a Marble of each type: parameters, or a code that is no bug. */
async function activateAll(state: MeshState): Promise<void> {
  for (const marbleType of state.deployment?.manifest.marbles.keys() ?? []) {
    const { certificate: peerCertificate, certificateRequest: csr } = marble;
    const request = { peerCertificate, csr, marbleType, uuid: UUID, quote: new Uint8Array() };
    await codeOf(async () => await activateMarble(state, request, context));
  }
}

/** The code that `run` was refused with; anything else that it throws fails the test. */
async function codeOf(run: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(CoordinatorError);
    const code = reasonOf(error);
    expect(code).not.toBe("INTERNAL");
    return code;
  }
}

test("the manifest that others are made of is set, and marbles activate", async () => {
  const { state } = await setManifest(fresh, manifest, TEST_CONTEXT);
  await activateAll(state);
});

test("any manifest is set as a whole or refused with a code", { timeout: TIMEOUT_MS }, async () => {
  const codes = new Map<string, number>();
  const frozen = encodeState(fresh);
  await fc.assert(
    fc.asyncProperty(anyManifestNear(manifest), async (bytes) => {
      const code = await codeOf(async () => {
        const { state } = await setManifest(fresh, bytes, TEST_CONTEXT);
        expect(state.phase).toBe("accepting-marbles");
        // Whatever was accepted can be stored, read again, and used.
        const again = await decodeState(encodeState(state));
        expect(again.deployment?.fingerprint).toBe(state.deployment?.fingerprint);
        await activateAll(again);
      });
      codes.set(code ?? "set", (codes.get(code ?? "set") ?? 0) + 1);
    }),
    { numRuns: RUNS },
  );
  expect(encodeState(fresh)).toEqual(frozen);
  // The property is about something: many are set, and many are refused in different ways.
  expect(codes.get("set")).toBeGreaterThan(RUNS / 20);
  expect(codes.size).toBeGreaterThan(8);
});
