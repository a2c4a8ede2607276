import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { utf8 } from "@carrara/encoding";
import { status } from "@grpc/grpc-js";
import { describe, expect, onTestFinished, test } from "vitest";
import { createFakeCoordinator, type FakeAnswer } from "./testing/fake-coordinator.ts";

const PROGRAM = fileURLToPath(new URL("./testing/run-marble-program.ts", import.meta.url));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(answer: FakeAnswer, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const coordinator = await createFakeCoordinator(() => answer);
  const folder = await mkdtemp(join(tmpdir(), "carrara-run-"));
  onTestFinished(async () => {
    await coordinator.close();
    await rm(folder, { recursive: true });
  });
  const child = spawn(
    process.execPath,
    ["--conditions=@carrara/source", "--import", "tsx", PROGRAM],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        EDG_MARBLE_TYPE: "web",
        EDG_MARBLE_COORDINATOR_ADDR: coordinator.address,
        EDG_MARBLE_UUID_FILE: join(folder, "uuid"),
        ...env,
      },
    },
  );
  const out = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].on("data", (chunk: Buffer) => {
      out[stream] += chunk.toString();
    });
  }
  const exit = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { status: exit, ...out };
}

describe("runMarble", () => {
  test("gives the program the manifest's arguments and environment before it starts", async () => {
    const parameters = { Argv: ["./app", "-v"], Env: { SECRET: utf8("s3cret") } };
    const { status: exit, stdout, stderr } = await run({ parameters });
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      argv: [process.execPath, "./app", "-v"],
      secret: "s3cret",
    });
    expect(stderr).toMatch(/^\[PreMain\] /);
    expect(stderr).not.toContain("s3cret");
  });

  test("ends with status 1 and one line with the code when it is refused", async () => {
    const {
      status: exit,
      stdout,
      stderr,
    } = await run({
      code: status.PERMISSION_DENIED,
      details: "marble verification failed: unknown type",
    });
    expect(exit).toBe(1);
    expect(stdout).toBe("");
    expect(stderr.split("\n").filter((line) => line.includes(" error "))).toEqual([
      "[PreMain] error ACTIVATION_REFUSED: the coordinator refused: PERMISSION_DENIED: marble verification failed: unknown type",
    ]);
  });

  test("ends with JSON lines when EDG_LOG_FORMAT asks for them", async () => {
    const { status: exit, stderr } = await run(
      { parameters: {} },
      { EDG_LOG_FORMAT: "json", EDG_MARBLE_TYPE: "" },
    );
    expect(exit).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ level: "error", code: "MARBLE_TYPE_MISSING" });
  });
});
