import { encodeVerifierKey, parseVerifierKey } from "@carrara/transparency";
import { submitCheckpoint } from "@carrara/witness";
import { createTestLog, type TestLog, testEntries } from "@carrara/witness/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CliWorld, createCliWorld } from "../testing/cli-world.ts";
import { runCli, type Transcript } from "../testing/run-cli.ts";

let world: CliWorld;
let log: TestLog;

beforeEach(async () => {
  world = await createCliWorld();
  log = createTestLog({ entries: testEntries(9) });
});
afterEach(async () => await world.close());

const keygen = async (...options: string[]) =>
  await world.run(
    "witness",
    "keygen",
    "--name",
    "witness.example/w1",
    "--key",
    "w.key",
    ...options,
  );

/** Runs a witness while `work` is done with its URL, then stops it as Ctrl-C does. */
async function whileWitness(
  options: readonly string[],
  work: (url: string) => Promise<void>,
): Promise<Transcript> {
  const controller = new AbortController();
  const args = ["witness", "--key", "w.key", "--state", "state", "--listen", "127.0.0.1:0"];
  let started: ((url: string) => void) | undefined;
  const url = new Promise<string>((resolve) => {
    started = resolve;
  });
  const running = runCli([...args, ...options], {
    cwd: world.dir,
    signal: controller.signal,
    onStdout: (soFar) => {
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(soFar)?.[0];
      if (found !== undefined) started?.(found);
    },
  });
  const ended = running.then(({ stderr }) => Promise.reject(new Error(stderr)));
  ended.catch(() => undefined);
  await work(await Promise.race([url, ended]));
  controller.abort();
  return await running;
}

describe("witness keygen", () => {
  test("makes a key of mode 0600 and prints the verifier key, which has no secret", async () => {
    const { code, stdout, stderr } = await keygen();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(parseVerifierKey(stdout.trim())).toMatchObject({
      name: "witness.example/w1",
      type: "cosignature",
    });
    expect(await world.modeOf("w.key")).toBe(0o600);
  });

  test("overwrites nothing, and documents what it did with --json", async () => {
    const { stdout } = await keygen("--json");
    expect(JSON.parse(stdout)).toEqual({ verifierKey: expect.any(String), key: "w.key" });
    const again = await keygen();
    expect(again).toMatchObject({ code: 1, stdout: "" });
    expect(again.stderr).toMatch(/^Error: WITNESS_KEY_EXISTS: /);
  });

  test.each([
    ["no name", ["--key", "w.key"], 2, "USAGE"],
    ["no file", ["--name", "witness.example/w1"], 2, "USAGE"],
    ["a name that is none", ["--name", "a b", "--key", "w.key"], 1, "WITNESS_KEY_INVALID"],
  ])("fails on %s", async (_, options, exit, error) => {
    const { code, stderr } = await world.run("witness", "keygen", ...options);
    expect(code).toBe(exit);
    expect(stderr).toMatch(new RegExp(`^Error: ${error}: `));
  });
});

describe("witness", () => {
  test("cosigns what grows, says so, and remembers it when it is started again", async () => {
    const witnessKey = parseVerifierKey((await keygen()).stdout.trim());
    await world.write("logs.txt", `# logs\n\n${encodeVerifierKey(log.key)}\n`);
    const transcript = await whileWitness(["--log", "logs.txt"], async (url) => {
      const checkpoint = log.checkpoint(5);
      await submitCheckpoint({ url, oldSize: 0, proof: [], checkpoint, witnessKey });
    });
    expect(transcript).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^Witness listens on http:\/\/127\.0\.0\.1:\d+\nVerifier key: witness\.example\/w1\+[0-9a-f]{8}\+.*\n$/,
      ),
      stderr: `{"event":"checkpoint cosigned","origin":"${log.key.name}","size":5}\n`,
    });
    const other = log.fork(4);
    other.append(...testEntries(3, "other"));
    const again = await whileWitness(
      ["--log-key", encodeVerifierKey(log.key), "--json"],
      async (url) => {
        const forked = { url, oldSize: 5, proof: [], checkpoint: other.checkpoint(5), witnessKey };
        await expect(submitCheckpoint(forked)).rejects.toMatchObject({ code: "WITNESS_FORK" });
      },
    );
    const events = again.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(events).toMatchObject([{ event: "ready" }, { event: "fork seen", size: 5 }]);
    expect(again).toMatchObject({ code: 0, stderr: "" });
  });

  test("keeps a second one out of its directory", async () => {
    await keygen();
    const key = encodeVerifierKey(log.key);
    await whileWitness(["--log-key", key], async () => {
      const args = ["witness", "--key", "w.key", "--state", "state", "--log-key", key];
      const second = await world.run(...args, "--listen", "127.0.0.1:0");
      expect(second.code).toBe(1);
      expect(second.stderr).toMatch(/^Error: WITNESS_STATE_LOCKED: /);
    });
  });

  test.each([
    ["no key file", ["--state", "s", "--log-key", "KEY"], 2, "USAGE"],
    ["no directory", ["--key", "w.key", "--log-key", "KEY"], 2, "USAGE"],
    ["no log", ["--key", "w.key", "--state", "s"], 2, "USAGE"],
    ["a file without logs", ["--key", "w.key", "--state", "s", "--log", "none.txt"], 2, "USAGE"],
    ["a file of something else", ["--key", "w.key", "--state", "s", "--log", "w.key"], 2, "USAGE"],
    ["an address without port", ["--listen", "127.0.0.1"], 2, "USAGE"],
    ["a port that is none", ["--listen", "127.0.0.1:99999"], 2, "USAGE"],
    [
      "a key that is not there",
      ["--key", "x.key", "--state", "s", "--log-key", "KEY"],
      1,
      "WITNESS_KEY_INVALID",
    ],
  ])("fails on %s", async (_, options, exit, error) => {
    await keygen();
    await world.write("none.txt", "# none\n");
    const key = encodeVerifierKey(log.key);
    const args = options.map((word) => (word === "KEY" ? key : word));
    const { code, stdout, stderr } = await world.run("witness", ...args);
    expect({ code, stdout }).toEqual({ code: exit, stdout: "" });
    expect(stderr).toMatch(new RegExp(`^Error: ${error}: `));
    expect(stderr).not.toContain("PRIVATE");
  });

  test("says where it cannot listen", async () => {
    await keygen();
    const key = encodeVerifierKey(log.key);
    await whileWitness(["--log-key", key], async (url) => {
      const args = ["witness", "--key", "w.key", "--state", "other", "--log-key", key];
      const { code, stderr } = await world.run(...args, "--listen", new URL(url).host);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^Error: PORT_TAKEN: /);
    });
  });
});
