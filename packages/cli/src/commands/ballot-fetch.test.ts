import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseAuditFile } from "@carrara/ballot";
import { encodeVerifierKey } from "@carrara/transparency";
import { cosignNote, createTestWitnessKey } from "@carrara/witness/testing";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type BallotLog, createBallotLog } from "../testing/ballot-log.ts";
import { type BallotMesh, createBallotMesh } from "../testing/ballot-mesh.ts";
import { type BallotSite, startBallotSite } from "../testing/ballot-site.ts";
import { type CliWorld, createCliWorld } from "../testing/cli-world.ts";

const BANNER = "SIMULATION: not protected by hardware\n";

let world: CliWorld;
let mesh: BallotMesh;
let stranger: BallotMesh;
let board: BallotLog;
let sites: BallotSite[];

beforeAll(async () => {
  const place = await createCliWorld();
  mesh = await createBallotMesh(join(place.dir, "a"));
  stranger = await createBallotMesh(join(place.dir, "b"));
  await place.close();
});
beforeEach(async () => {
  world = await createCliWorld();
  board = createBallotLog(6);
  sites = [];
});
afterEach(async () => {
  await Promise.all(sites.map(async (site) => await site.close()));
  await world.close();
});

async function start(
  ...[state = { board }, certificates]: [Parameters<BallotSite["show"]>[0]?, BallotMesh?]
) {
  const site = await startBallotSite(mesh, state, certificates);
  sites.push(site);
  return site;
}

const fetchFrom = async ({ url }: BallotSite, ...options: string[]) =>
  await world.run("ballot", "fetch", url, "-i", ...options);
const text = async (name: string) => new TextDecoder().decode(await world.read(`ballot/${name}`));

describe("ballot fetch", () => {
  test("keeps evidence, checkpoint and tally, all of them verified", async () => {
    const result = await fetchFrom(await start());
    expect(result).toMatchObject({ code: 0, stderr: BANNER });
    expect(result.stdout).toMatch(
      /^OK FOR A SIMULATION: the log has 6 ballots; there is no earlier checkpoint to compare it with\n/,
    );
    expect(result.stdout).toMatch(
      /\nKept in ballot: evidence\.json, log-key\.txt, tally\.txt, audit\.json, checkpoint\.txt\n$/,
    );
    expect(await text("checkpoint.txt")).toBe(board.log.checkpoint());
    expect(await text("tally.txt")).toBe(board.tally());
    expect(await text("log-key.txt")).toBe(`${encodeVerifierKey(board.log.key)}\n`);
    const audit = [
      "ballot",
      "audit",
      "ballot/audit.json",
      "--evidence",
      "ballot/evidence.json",
      "-i",
    ];
    expect(await world.run(...audit)).toMatchObject({ code: 0 });
  });

  test("proves at the next time that the log only grew", async () => {
    const site = await start();
    await fetchFrom(site);
    board.cast(5);
    const { code, stdout } = await fetchFrom(site);
    expect(code).toBe(0);
    expect(stdout).toContain("the earlier checkpoint's 6 are all in it, unchanged\n");
    expect(parseAuditFile(await text("audit.json"))).toMatchObject({
      older: board.log.checkpoint(6),
      newer: board.log.checkpoint(),
    });
    const again = await fetchFrom(site, "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({
      assurance: "simulation",
      olderSize: 11,
      size: 11,
      directory: join(world.dir, "ballot"),
      files: ["evidence.json", "log-key.txt", "tally.txt", "audit.json", "checkpoint.txt"],
    });
  });

  test.each<[string, (site: BallotSite) => void, string]>([
    [
      "another board of the same size",
      (site) => {
        const fork = board.fork(3);
        fork.cast(3, "x");
        site.show({ board: fork });
      },
      "LOG_FORKED",
    ],
    [
      "another board that is larger",
      (site) => {
        const fork = board.fork(3);
        fork.cast(9, "x");
        site.show({ board: fork });
      },
      "PROOF_INVALID",
    ],
    ["fewer ballots", (site) => site.show({ board: board.fork(4) }), "LOG_SHRANK"],
    [
      "a log with another key",
      (site) => site.show({ board: createBallotLog(8) }),
      "SIGNATURE_MISSING",
    ],
  ])("refuses %s, keeps what it had, and the proof", async (_, change, error) => {
    const site = await start();
    await fetchFrom(site);
    change(site);
    const { code, stdout, stderr } = await fetchFrom(site);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(
      new RegExp(
        `^${BANNER}What the site showed is kept in ballot/refused-audit.json, .*\nError: ${error}: `,
      ),
    );
    expect(await text("checkpoint.txt")).toBe(board.log.checkpoint());
    expect(parseAuditFile(await text("refused-audit.json")).older).toBe(board.log.checkpoint());
    site.show({ board });
    expect(await fetchFrom(site)).toMatchObject({ code: 0 });
  });

  test("gets the proof that a receipt needs to be checked later", async () => {
    await world.write("receipt.json", board.receipt(2));
    board.cast(7);
    const key = createTestWitnessKey();
    const checkpoint = cosignNote(board.log.checkpoint(), key, 1_796_122_800);
    const site = await start({ board, checkpoint, witnesses: [key.verifierKey] });
    const fetched = await fetchFrom(site, "--receipt", "receipt.json", "--out", "kept");
    expect(fetched.stdout).toContain("receipt-consistency.json, checkpoint.txt\n");
    const result = await world.run(
      ...["ballot", "check", "receipt.json", "--evidence", "kept/evidence.json", "-i"],
      ...["--checkpoint", "kept/checkpoint.txt"],
      ...["--consistency", "kept/receipt-consistency.json", "--min-witnesses", "1"],
    );
    expect(result.code).toBe(0);
    expect(result.stdout).toContain("it is number 3 of 6 in the poll emojivoto\n");
    expect(result.stdout).toContain("Still there when the log had 13\n");
    expect(result.stdout).toContain("Witnesses: 1 of 1 have seen this log");
  });

  test("waits for a site that is a little behind a receipt, and not for long", async () => {
    const behind = board.fork(6);
    board.cast(2);
    await world.write("receipt.json", board.receipt(7));
    const site = await start({ board: behind });
    const late = await fetchFrom(site, "--receipt", "receipt.json");
    expect(late.code).toBe(3);
    expect(late.stderr).toMatch(/Error: CHECKPOINT_EARLIER: .*has 6 ballots and had 8/);
    setTimeout(() => site.show({ board }), 700);
    expect(await fetchFrom(site, "--receipt", "receipt.json")).toMatchObject({ code: 0 });
  });

  test("says that there is no tally while results are hidden, and keeps no older one", async () => {
    const site = await start();
    await fetchFrom(site);
    site.show({ board, tally: null });
    const { code, stdout } = await fetchFrom(site);
    expect(code).toBe(0);
    expect(stdout).toContain("No tally: results may be hidden until the poll closes\n");
    expect(await readdir(join(world.dir, "ballot"))).not.toContain("tally.txt");
  });

  test("writes nothing where the evidence is refused", async () => {
    const site = await start();
    const strict = await world.run("ballot", "fetch", site.url);
    expect(strict).toMatchObject({ code: 3, stdout: "" });
    expect(strict.stderr).toMatch(/^Error: EVIDENCE_REFUSED: EVIDENCE_SIMULATED: /);
    expect(await readdir(world.dir)).not.toContain("ballot");
  });

  test("with --coordinator-cert talks to that mesh alone, in TLS and in evidence", async () => {
    await world.write("cert.pem", mesh.chainPem);
    await world.write("other.pem", stranger.chainPem);
    const site = await start();
    expect(await fetchFrom(site, "--coordinator-cert", "cert.pem")).toMatchObject({ code: 0 });
    const foreign = await fetchFrom(site, "--coordinator-cert", "other.pem");
    expect(foreign.code).toBe(3);
    expect(foreign.stderr).toMatch(/^Error: TLS_NOT_TRUSTED: /);
    // A site of the known mesh that hands out another mesh's evidence.
    const liar = await start({ board }, stranger);
    const replaced = await fetchFrom(liar, "--coordinator-cert", "other.pem");
    expect(replaced.code).toBe(3);
    expect(replaced.stderr).toMatch(/Error: ROOT_CHANGED: /);
  });

  test("refuses a site whose TLS is not of the mesh that it shows, as soon as it asks for more", async () => {
    const site = await start({ board }, stranger);
    await fetchFrom(site);
    board.cast(1);
    const { code, stderr } = await fetchFrom(site);
    expect(code).toBe(3);
    expect(stderr).toContain("Error: TLS_NOT_TRUSTED: ");
  });

  test.each([
    ["that refuses", 404, 1, "SITE_ANSWER_INVALID", ": a poll's page has another address"],
    ["in trouble", 503, 4, "UNREACHABLE", ""],
  ])("from a site %s ends with the exit code for it", async (_, status, exit, error, hint) => {
    const site = await start();
    site.fail("/api/v2/evidence", status);
    const { code, stderr } = await fetchFrom(site);
    expect(code).toBe(exit);
    expect(stderr).toMatch(
      new RegExp(`^Error: ${error}: .*/api/v2/evidence answers ${status}${hint}\n$`),
    );
  });

  test("from nobody ends with exit 4, from what is no site with exit 2", async () => {
    const away = await world.run("ballot", "fetch", "https://127.0.0.1:1", "-i");
    expect(away.code).toBe(4);
    expect(away.stderr).toBe("Error: UNREACHABLE: nobody answers at https://127.0.0.1:1\n");
    for (const url of [
      "localhost:8443",
      "http://localhost:1",
      "https://a/b",
      "https://u@a",
      "https://a?x",
    ]) {
      expect(await world.run("ballot", "fetch", url, "-i")).toMatchObject({ code: 2 });
    }
  });
});
