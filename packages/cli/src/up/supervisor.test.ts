import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type RunningChild, startProgram } from "./running-child.ts";
import { createSupervisor } from "./supervisor.ts";

const SLEEP = 'console.log("up"); setInterval(() => undefined, 1000);';

describe("supervisor", () => {
  let dir = "";

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "supervisor-"));
  });
  afterEach(async () => {
    await rm(dir, { recursive: true });
  });

  async function start(name: string, source: string): Promise<RunningChild> {
    const file = join(dir, `${name}.mjs`);
    await writeFile(file, source);
    return startProgram({ name, file, env: {}, logFile: join(dir, "logs", `${name}.log`) });
  }

  test("reports a child that ends, with code and the end of its log", async () => {
    const supervisor = createSupervisor();
    supervisor.add(await start("good", SLEEP));
    supervisor.add(await start("bad", 'console.error("no luck"); process.exit(4);'));
    const failure = await supervisor.failure;
    expect(failure).toMatchObject({ name: "CliError", code: "PROCESS_ENDED" });
    expect(failure.message).toMatch(/^bad ended with code 4; [\s\S]*no luck$/);
    await supervisor.stopAll();
    const log = join(dir, "logs", "bad.log");
    expect(await readFile(log, "utf8")).toBe("no luck\n");
    expect((await stat(log)).mode & 0o777).toBe(0o600);
  });

  test("names the signal of a child that was killed", async () => {
    const supervisor = createSupervisor();
    const child = await start("victim", SLEEP);
    supervisor.add(child);
    process.kill(child.pid, "SIGKILL");
    expect((await supervisor.failure).message).toMatch(
      /^victim ended by SIGKILL; it wrote nothing$/,
    );
  });

  test("stops children last first and calls none of it a failure", async () => {
    const supervisor = createSupervisor();
    const order: string[] = [];
    for (const name of ["first", "second"]) {
      const child = await start(name, SLEEP);
      void child.exited.then(() => order.push(name));
      supervisor.add(child);
    }
    await supervisor.stopAll();
    expect(order).toEqual(["second", "first"]);
    const quiet = new Promise((resolve) => setTimeout(resolve, 400, "quiet"));
    expect(await Promise.race([supervisor.failure, quiet])).toBe("quiet");
  });
});
