import { readFileSync } from "node:fs";
import { signEar, toEar } from "@carrara/attestation";
import { toHex, utf8 } from "@carrara/encoding";
import { commonName, createCertificateRequest, importEcKey } from "@carrara/pki";
import { encodeImage, generateSigningKey, signImage } from "@carrara/tee";
import { createBallotCase } from "./ballot-world.ts";
import { loadGenuine } from "./genuine.ts";
import { partSeeds, syntheticSeeds } from "./seeds.ts";
import { createSigningPlatform } from "./signing-platform.ts";
import { createSimulated } from "./simulated.ts";
import type { FuzzWorld, Seeds, SigningPlatform } from "./world.ts";

const MANIFESTS = ["manifest.json", "update-manifest.json"] as const;
const SIGSTRUCT_BYTES = 1808;
const HOUR_MS = 60 * 60 * 1000;

/** Makes keys and platforms and reads the vectors: seconds of work. */
export async function createWorld(): Promise<FuzzWorld> {
  const genuine = loadGenuine();
  const [simulated, signing, images, poll] = await Promise.all([
    createSimulated(),
    createSigningPlatform(),
    createImages(),
    createBallotCase(),
  ]);
  const dcap = [...simulated.dcap, ...genuine.dcap];
  const snp = [...simulated.snp, ...genuine.snp];
  const raTls = [...simulated.raTls, ...genuine.raTls];
  const made: Seeds = {
    image: images,
    sigstruct: images.slice(1).map((image) => image.slice(-SIGSTRUCT_BYTES)),
    request: [await createRequest(signing)],
    manifest: MANIFESTS.map(readManifest),
  };
  const parts = partSeeds(dcap, snp, raTls);
  const seeds = merge(genuine.seeds, parts, syntheticSeeds(snp), made, poll.seeds);
  const ear = await createEar(signing);
  return { dcap, snp, raTls, signing, ear, ballots: poll.ballots, seeds };
}

function merge(...all: readonly Seeds[]): Seeds {
  const names = new Set(all.flatMap((seeds) => Object.keys(seeds)));
  const unique = (inputs: readonly Uint8Array[]): Uint8Array[] => [
    ...new Map(inputs.map((bytes) => [toHex(bytes), bytes])).values(),
  ];
  return Object.fromEntries(
    [...names].map((name) => [name, unique(all.flatMap((seeds) => seeds[name] ?? []))]),
  );
}

/** An image without and one with a signature. */
async function createImages(): Promise<Uint8Array[]> {
  const unsigned = encodeImage({
    bundle: utf8("export const answer = 42;\n"),
    settings: {
      productId: 1,
      securityVersion: 2,
      debug: false,
      execArgv: ["--max-old-space-size=512"],
      envAllow: ["EDG_*"],
      env: { MODE: "test" },
    },
  });
  const node = { path: "/node", bytes: 1, sha256: new Uint8Array(32) };
  const date = new Date("2026-06-01T00:00:00Z");
  return [unsigned, await signImage(unsigned, await generateSigningKey(), { date, node })];
}

async function createRequest({ pkcs8, spki }: SigningPlatform): Promise<Uint8Array> {
  const { signer } = await importEcKey("P-256", pkcs8, spki);
  const names = { dnsNames: ["marble.example"], ipAddresses: ["127.0.0.1", "2001:db8::1"] };
  return await createCertificateRequest({ subject: commonName("marble"), spki, ...names }, signer);
}

async function createEar({ pkcs8, spki, now }: SigningPlatform): Promise<FuzzWorld["ear"]> {
  const evidence = { tee: "sgx", assurance: "simulation", debug: false } as const;
  const subject = {
    evidence,
    violations: [],
    measurement: "listed",
    policyId: "policy",
    deviations: ["none"],
  } as const;
  const claims = toEar({
    developer: "carrara",
    build: "test",
    subjects: new Map([["enclave", subject]]),
    issuedAt: now,
    expiresAt: new Date(now.getTime() + HOUR_MS),
    nonce: new Uint8Array(8),
  });
  const jws = await signEar(claims, await importEcKey("P-256", pkcs8, spki));
  return { payload: utf8(JSON.stringify(claims)), jws: utf8(jws), now };
}

function readManifest(name: string): Uint8Array {
  const path = new URL(`../../apps/emojivoto/${name}`, import.meta.url);
  return new Uint8Array(readFileSync(path));
}
