import { join } from "node:path";
import { manifestFingerprint } from "@carrara/client";
import { utf8 } from "@carrara/encoding";
import { encodeVerifierKey } from "@carrara/transparency";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createBallotLog } from "../testing/ballot-log.ts";
import { type BallotMesh, createBallotMesh } from "../testing/ballot-mesh.ts";
import { evidenceBundle, startBallotSite } from "../testing/ballot-site.ts";
import { type CliWorld, createCliWorld } from "../testing/cli-world.ts";

const board = createBallotLog(5);
let world: CliWorld;
let mesh: BallotMesh;

beforeAll(async () => {
  const place = await createCliWorld();
  mesh = await createBallotMesh(join(place.dir, "a"));
  await place.close();
});
beforeEach(async () => {
  world = await createCliWorld();
  await world.write("evidence.json", await evidenceBundle(mesh, { board }));
});
afterEach(async () => await world.close());

describe.each([["verify"], ["ballot verify"]])("%s", (name) => {
  const verify = async (...args: string[]) => await world.run(...name.split(" "), ...args);

  test("says who runs it, what runs and who can change it, and never that a simulation protects", async () => {
    const { code, stdout, stderr } = await verify("evidence.json", "-i");
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "SIMULATION: not protected by hardware\n",
    });
    expect(stdout).toMatch(/^VERIFIED AS A SIMULATION: nothing here is protected by hardware\n\n/);
    for (const line of [
      "note The Coordinator’s evidence verifies, but its platform is simulated",
      "note Nobody said which Coordinator program to expect",
      "ok   The manifest, which says what may run, is signed by that very Coordinator.",
      "ok   The ledger of 5 ballots is signed by the attested voting service.",
      "note The poll has no independent witnesses",
      `uniqueId         ${"e1".repeat(32)}`,
      "tcbStatus        SIMULATED UpToDate",
      "Who can change it\n  update  ",
      "package voting     Package voting allows code signed by 1111",
      "dnsNames    localhost",
      "revote          unlimited",
      "counted     5",
    ]) {
      expect(stdout).toContain(line);
    }
  });

  test("with --json is one document that says simulation first", async () => {
    const { stdout } = await verify("evidence.json", "-i", "--json");
    expect(stdout).toMatch(/^\{"assurance":"simulation","verdict":"simulation","findings":\[/);
    expect(JSON.parse(stdout)).toMatchObject({
      coordinator: { tee: "sgx", uniqueId: "e1".repeat(32) },
      manifest: { fingerprint: await manifestFingerprint(utf8(mesh.manifest)), changesSince: 0 },
      changes: [{ kind: "update" }, { kind: "recovery" }],
      poll: { name: "emojivoto", logKey: encodeVerifierKey(board.log.key), witnesses: [] },
      ledger: { ballots: 5, counted: 5, superseded: 0, votes: [{ choice: 7, votes: 5 }] },
    });
  });

  test("refuses the simulation without --insecure with exit 3, and says why in both outputs", async () => {
    const text = await verify("evidence.json");
    expect(text.code).toBe(3);
    expect(text.stdout).toMatch(/^NOT TRUSTED\n\nFAIL .* \(EVIDENCE_SIMULATED: /);
    expect(text.stderr).toMatch(/^Error: EVIDENCE_REFUSED: EVIDENCE_SIMULATED: /);
    const { stdout } = await verify("evidence.json", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: "refused",
      error: { code: "EVIDENCE_SIMULATED" },
    });
  });

  test("saves the quote when it is told to, and takes no nonce, which a bundle cannot answer", async () => {
    const saved = await verify("evidence.json", "-i", "--save-sgx-quote", "quote.bin");
    expect(saved).toMatchObject({ code: 0 });
    expect((await world.read("quote.bin")).length).toBeGreaterThan(1_000);
    const nonce = await verify("evidence.json", "-i", "--nonce", "today");
    expect(nonce).toMatchObject({ code: 2, stdout: "" });
    expect(nonce.stderr).toMatch(/^Error: USAGE: --nonce /);
    const site = await verify("localhost:8443");
    expect(site).toMatchObject({
      code: 2,
      stderr: "Error: USAGE: a site is given as https://localhost:8443\n",
    });
  });

  test("asks a site just as well", async () => {
    const site = await startBallotSite(mesh, { board });
    await world.write("cert.pem", mesh.chainPem);
    const result = await verify(site.url, "-i", "--coordinator-cert", "cert.pem");
    await site.close();
    expect(result).toMatchObject({ code: 0 });
    expect(await verify(site.url, "-i")).toMatchObject({ code: 4, stdout: "" });
    expect(await verify(site.url, "-i", "--at", "1")).toMatchObject({ code: 2, stdout: "" });
  });

  test("refuses a site that hands on another mesh's evidence", async () => {
    const other = await createBallotMesh(join(world.dir, "b"));
    const site = await startBallotSite(mesh, { board }, other);
    const result = await verify(site.url, "-i");
    await site.close();
    expect(result).toMatchObject({ code: 3, stdout: "" });
    expect(result.stderr).toContain("TLS_NOT_TRUSTED");
  });

  test("holds the mesh to a manifest, or to its fingerprint", async () => {
    await world.write("manifest.json", mesh.manifest);
    const fingerprint = await manifestFingerprint(utf8(mesh.manifest));
    for (const manifest of ["manifest.json", fingerprint]) {
      expect(await verify("evidence.json", "-i", "--manifest", manifest)).toMatchObject({
        code: 0,
      });
    }
    await world.write(
      "manifest.json",
      mesh.manifest.replace('"SecurityVersion":1', '"SecurityVersion":2'),
    );
    const other = await verify("evidence.json", "-i", "--manifest", "manifest.json");
    expect(other.code).toBe(3);
    expect(other.stdout).toMatch(/^NOT TRUSTED\n/);
    expect(other.stderr).toMatch(
      /Error: MANIFEST_MISMATCH: .*;\n {2}The security version of package voting /,
    );
    const { stdout } = await verify("evidence.json", "-i", "--manifest", "manifest.json", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "MANIFEST_MISMATCH" } });
  });

  test.each([
    ["no bundle", "{}", 1, "EVIDENCE_BUNDLE_INVALID"],
    ["no JSON", "x", 1, "EVIDENCE_BUNDLE_INVALID"],
  ])("fails on %s", async (_, content, exit, error) => {
    await world.write("evidence.json", content);
    const { code, stdout, stderr } = await verify("evidence.json", "-i");
    expect({ code, stdout }).toEqual({ code: exit, stdout: "" });
    expect(stderr).toMatch(new RegExp(`^Error: ${error}: `));
  });
});

test("names a tampered bundle's fault, and shows no fact that rests on it", async () => {
  const bundle = await evidenceBundle(mesh, { board, tally: createBallotLog(5).tally() });
  await world.write("evidence.json", bundle);
  const { code, stdout } = await world.run("verify", "evidence.json", "-i");
  expect(code).toBe(3);
  expect(stdout).toContain("FAIL The count does not verify. (SIGNATURE_MISSING: ");
  expect(stdout).not.toContain("counted");
});
