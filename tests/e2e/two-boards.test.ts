import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { run } from "@carrara/cli";
import { parseCheckpoint, parseNote } from "@carrara/transparency";
import { afterAll, beforeAll, expect, test } from "vitest";
import { askWeb, voteForReceipt } from "./support/ballots.ts";
import { freePorts } from "./support/coordinator.ts";
import { type CommandResult, ROOT, startEmojivoto, type TestMesh } from "./support/mesh.ts";

let dir: string;
/** The board that Anna sees. */
let first: TestMesh;
/** A copy of the whole machine, keys and counters and all, which Bert is sent to. */
let second: TestMesh | undefined;
let witnessPort: number;
let witnessKey: string;
const witnesses: { readonly stop: () => Promise<void> }[] = [];

/** Runs a command line here; ends when it is done, or when `signal` says so. */
async function carrara(
  args: readonly string[],
  signal: AbortSignal = new AbortController().signal,
  onStdout: (text: string) => void = () => undefined,
): Promise<CommandResult> {
  let [stdout, stderr] = ["", ""];
  const code = await run(args, {
    stdout: (content) => {
      stdout += Buffer.from(content).toString();
      onStdout(stdout);
    },
    stderr: (content) => {
      stderr += Buffer.from(content).toString();
    },
    stdin: () => Readable.from([]),
    env: { HOME: dir },
    cwd: dir,
    interactive: false,
    color: false,
    signal,
    repository: ROOT,
  });
  return { code, stdout, stderr };
}

async function startWitness(): Promise<void> {
  const controller = new AbortController();
  let done: Promise<CommandResult> | undefined;
  await new Promise<void>((resolve, reject) => {
    const listen = ["--listen", `127.0.0.1:${witnessPort}`, "--log", "anna/log-key.txt"];
    done = carrara(
      ["witness", "--key", "witness.key", "--state", "witness", ...listen],
      controller.signal,
      () => resolve(),
    );
    done.then(({ stderr }) => reject(new Error(stderr)), reject);
  });
  witnesses.push({
    stop: async () => {
      controller.abort();
      await done;
    },
  });
}

const fetchFrom = async (who: string, { mesh }: TestMesh) =>
  await carrara(["ballot", "fetch", `https://localhost:${mesh.ports.web}`, "--out", who, "-i"]);

const change = (manifest: string): string =>
  manifest.replace(
    '"WITNESSES": ""',
    `"WITNESSES": "${witnessKey} http://127.0.0.1:${witnessPort}"`,
  );

async function voteOn(board: TestMesh, name: string): Promise<string> {
  const { status, body } = await voteForReceipt(board, name);
  expect(status).toBe(200);
  return body.toString();
}

/** Waits until a site publishes a checkpoint of this size with this many signatures. */
async function published(board: TestMesh, size: number, signatures: number): Promise<void> {
  const latest = async () => {
    const { body } = await askWeb(board, "GET", "/api/v2/ballot/checkpoint");
    const note = parseNote(body.toString());
    return { size: parseCheckpoint(note.text).size, signatures: note.signatures.length };
  };
  await expect.poll(latest, { timeout: 20_000 }).toEqual({ size, signatures });
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "carrara-boards-"));
  [witnessPort = 0] = await freePorts(1);
  const keygen = ["witness", "keygen", "--name", "witness.example/w1", "--key", "witness.key"];
  witnessKey = (await carrara(keygen)).stdout.trim();
  first = await startEmojivoto({ change });
}, 120_000);
afterAll(async () => {
  for (const { stop } of witnesses) await stop();
  await first.stop();
  await second?.stop();
  await rm(dir, { recursive: true });
});

test("a host that clones the whole machine shows two voters two boards, and a witness vouches for one", {
  timeout: 240_000,
}, async () => {
  await voteOn(first, "joy");
  await voteOn(first, "taco");
  expect(await fetchFrom("anna", first)).toMatchObject({ code: 0 });
  await startWitness();

  // Nothing in the machine can tell the copy from itself.
  const copy = await mkdtemp(join(tmpdir(), "carrara-mesh-"));
  await cp(first.stateDir, copy, { recursive: true });

  await writeFile(join(dir, "anna.json"), await voteOn(first, "pizza"));
  await published(first, 3, 2);
  expect(await fetchFrom("anna", first)).toMatchObject({ code: 0 });
  const insisting = ["--checkpoint", "anna/checkpoint.txt", "--min-witnesses", "1", "-i"];
  const annas = ["ballot", "check", "anna.json", "--evidence", "anna/evidence.json", ...insisting];
  const proven = await carrara(annas);
  expect(proven).toMatchObject({ code: 0 });
  expect(proven.stdout).toContain("Witnesses: 1 of 1 have seen this log: witness.example/w1 at ");

  second = await startEmojivoto({ stateDir: copy, change });
  const receipts = [await voteOn(second, "joy"), await voteOn(second, "joy")];
  await writeFile(join(dir, "bert.json"), receipts[1] ?? "");

  // Everything that the clone shows verifies, and no witness has seen it.
  await published(second, 4, 1);
  expect(await fetchFrom("bert", second)).toMatchObject({ code: 0 });
  const berts = ["ballot", "check", "bert.json", "--evidence", "bert/evidence.json", "-i"];
  expect(await carrara(berts)).toMatchObject({ code: 0 });
  const refused = await carrara([...berts, "--min-witnesses", "1"]);
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain("Error: WITNESSES_MISSING: ");

  // Anna notices without any witness when she is sent there: her checkpoint is not in that board.
  const shown = await fetchFrom("anna", second);
  expect(shown.code).toBe(3);
  expect(shown.stderr).toContain("Error: PROOF_INVALID: ");
  expect(await readFile(join(dir, "anna/refused-audit.json"), "utf8")).toContain("audit.v1");

  // The clone knows that it is one, and says so.
  const log = await readFile(join(copy, "logs/voting-svc.log"), "utf8");
  expect(log).toContain('"code":"WITNESS_CONFLICT"');
});
