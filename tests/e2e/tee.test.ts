import { readFile } from "node:fs/promises";
import type { TeeKind } from "@carrara/attestation";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  callWeb,
  carrara,
  startEmojivoto,
  type TestMesh,
  verifyOwnEvidence,
  vote,
} from "./support/mesh.ts";

interface Package {
  readonly UniqueID?: string;
  readonly SignerID?: string;
}

/** What a mesh looks like on each kind of virtual machine; the other end-to-end tests run on SGX. */
const GUESTS: readonly [tee: TeeKind, anchor: RegExp, named: keyof Package, digits: number][] = [
  ["tdx", /^SIMULATION SGX Root CA$/, "UniqueID", 64],
  ["snp", /^ARK-/, "SignerID", 96],
];

describe.each(GUESTS)("a mesh on simulated %s", (tee, anchor, named, digits) => {
  let running: TestMesh;
  const host = (): string => `localhost:${running.mesh.ports.coordinator}`;
  const cert = (): string[] => ["--coordinator-cert", `${running.stateDir}/verified.pem`];

  beforeAll(async () => {
    running = await startEmojivoto({ tee });
  });

  afterAll(async () => {
    await running.stop();
  });

  test("attests every marble and counts a vote", async () => {
    expect(await vote(running, "joy")).toEqual({ status: 200, body: "" });
    const board = JSON.parse((await callWeb(running, "GET", "/api/leaderboard")).body) as unknown[];
    expect(board).toContainEqual({ shortcode: ":joy:", unicode: "😂", votes: "1" });
  });

  test("names its packages by what this TEE proves", async () => {
    const manifest = JSON.parse(await readFile(running.mesh.files.manifest, "utf8")) as {
      Packages: Record<string, Package>;
    };
    for (const pkg of Object.values(manifest.Packages)) {
      expect(pkg[named]).toMatch(new RegExp(`^[0-9a-f]{${digits}}$`));
    }
  });

  test("is verified by the command line, as a simulation of this kind", async () => {
    const { manifest } = running.mesh.files;
    const refused = await carrara("manifest", "verify", manifest, host(), ...cert());
    expect(refused).toMatchObject({ code: 3 });
    expect(refused.stderr).toContain("EVIDENCE_SIMULATED");
    const accepted = await carrara(
      ...["manifest", "verify", manifest, host(), "--insecure", "--json", ...cert()],
    );
    expect(accepted).toMatchObject({ code: 0 });
    expect(accepted.stderr).toContain("SIMULATION: not protected by hardware");
    const { assurance, coordinator } = JSON.parse(accepted.stdout) as {
      assurance: string;
      coordinator: { tee: string; uniqueId: string; trustAnchor: string };
    };
    expect(assurance).toBe("simulation");
    expect(coordinator.tee).toBe(tee);
    expect(coordinator.trustAnchor).toMatch(anchor);
    expect(coordinator.uniqueId).toBe(running.mesh.coordinator.attested.identity.uniqueId);
  });

  test("keeps the collateral that its evidence is verified with", async () => {
    const accepted = await verifyOwnEvidence(running, "--insecure");
    expect(accepted).toMatchObject({
      code: 0,
      stderr: "SIMULATION: not protected by hardware\n",
    });
    expect(accepted.stdout).toContain(`ACCEPTED AS A SIMULATION: ${tee.toUpperCase()} evidence`);
    expect(accepted.stdout).not.toContain("REVOCATION_NOT_CHECKED");
    expect(await verifyOwnEvidence(running)).toMatchObject({ code: 3 });
  });

  test("does not let in an image that was not named", async () => {
    const { bytes: foreign } = await running.mesh.images.get("emoji-svc");
    const child = await running.mesh.launchMarble("voting-svc", {
      image: foreign,
      instance: "impostor",
      supervised: false,
    });
    await child.exited;
    const log = await readFile(running.mesh.files.log("impostor"), "utf8");
    expect(log).toMatch(tee === "tdx" ? /PACKAGE_UNIQUE_ID/ : /PACKAGE_PRODUCT_ID/);
  });
});
