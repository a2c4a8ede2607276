import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CliEnvironment } from "../cli-io.ts";
import {
  type FakeCoordinator,
  type FakeCoordinatorOptions,
  startFakeCoordinator,
} from "./fake-coordinator.ts";
import { runCli, type Transcript } from "./run-cli.ts";

/** A directory in which commands run, and the Coordinators they talk to. */
export interface CliWorld {
  readonly dir: string;
  run(...args: readonly string[]): Promise<Transcript>;
  runWith(env: CliEnvironment, ...args: readonly string[]): Promise<Transcript>;
  start(options?: Partial<FakeCoordinatorOptions>): Promise<FakeCoordinator>;
  write(name: string, content: string | Uint8Array): Promise<void>;
  read(name: string): Promise<Uint8Array>;
  /** Permission bits. */
  modeOf(name: string): Promise<number>;
  close(): Promise<void>;
}

/** Creates an empty world. */
export async function createCliWorld(): Promise<CliWorld> {
  const dir = await mkdtemp(join(tmpdir(), "carrara-cli-"));
  const coordinators: FakeCoordinator[] = [];
  return {
    dir,
    run: async (...args) => await runCli(args, { cwd: dir }),
    runWith: async (env, ...args) => await runCli(args, { cwd: dir, env }),
    async start(options = {}) {
      const coordinator = await startFakeCoordinator({ dir, ...options });
      coordinators.push(coordinator);
      return coordinator;
    },
    write: async (name, content) => await writeFile(join(dir, name), content),
    read: async (name) => new Uint8Array(await readFile(join(dir, name))),
    modeOf: async (name) => (await stat(join(dir, name))).mode & 0o777,
    async close() {
      await Promise.all(coordinators.map(async (coordinator) => await coordinator.close()));
      await rm(dir, { recursive: true });
    },
  };
}
