import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createSimulatedPlatform,
  type EnclaveIdentity,
  type SimulatedPlatform,
  type Tee,
} from "@carrara/tee";
import { readCoordinatorConfig } from "../config.ts";
import type { Log, LogMethod } from "../log.ts";
import { type CoordinatorServer, startCoordinatorServer } from "../server.ts";
import { createFileStore } from "../store/file-store.ts";
import { createMemoryDirectory } from "../store/memory-directory.ts";

/** One log event. */
export interface LogRecord {
  readonly level: keyof Log;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A log that remembers, for tests that look at it. */
export function createRecordingLog(): Log & { readonly records: readonly LogRecord[] } {
  const records: LogRecord[] = [];
  const method =
    (level: keyof Log): LogMethod =>
    (fields, message) =>
      void records.push({ level, fields, message });
  return {
    records,
    debug: method("debug"),
    info: method("info"),
    warn: method("warn"),
    error: method("error"),
  };
}

/** An identity of 32 equal bytes each, for enclaves that tests make up. */
export function testIdentity(parts: Partial<EnclaveIdentity> = {}): EnclaveIdentity {
  return {
    mrEnclave: new Uint8Array(32).fill(0xe1),
    mrSigner: new Uint8Array(32).fill(0x51),
    isvProdId: 3,
    isvSvn: 3,
    debug: false,
    ...parts,
  };
}

/** One simulated machine on which Coordinators and Marbles of a test run, without processes. */
export interface TestMachine {
  readonly platform: SimulatedPlatform;
  /** The files of the sealed state; tests change, lose and restore them. */
  readonly files: Map<string, Uint8Array>;
  /** A tee as the enclave `identity` has it. */
  teeFor(identity?: Partial<EnclaveIdentity>): Tee;
  /** Starts a Coordinator on free loopback ports over {@link files}. */
  start(options?: TestCoordinatorOptions): Promise<TestCoordinator>;
  /** Ends everything started here. */
  close(): Promise<void>;
}

/** How a Coordinator of a test differs from the usual one. */
export interface TestCoordinatorOptions {
  /** Environment, as in section 1.2; the addresses are always free loopback ports. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly identity?: Partial<EnclaveIdentity>;
  readonly clock?: () => Date;
}

/** A Coordinator with both of its servers and its log. */
export interface TestCoordinator extends CoordinatorServer {
  readonly log: ReturnType<typeof createRecordingLog>;
}

/** Makes a machine of its own, in a temporary directory. */
export async function createTestMachine(): Promise<TestMachine> {
  const dir = await mkdtemp(join(tmpdir(), "carrara-coordinator-"));
  const platform = await createSimulatedPlatform({ dir });
  const files = new Map<string, Uint8Array>();
  const started: TestCoordinator[] = [];
  const teeFor = (identity?: Partial<EnclaveIdentity>) => platform.teeFor(testIdentity(identity));
  return {
    platform,
    files,
    teeFor,
    start: async ({ environment = {}, identity, clock = () => new Date() } = {}) => {
      const log = createRecordingLog();
      const loopback = { host: "127.0.0.1", port: 0 };
      const server = await startCoordinatorServer({
        config: {
          ...readCoordinatorConfig(environment, dir),
          meshAddress: loopback,
          clientAddress: loopback,
        },
        environment,
        store: createFileStore(createMemoryDirectory(files)),
        tee: teeFor(identity),
        endorsements: async () => ({
          vendor: "intel",
          collateral: await platform.collateral(),
        }),
        clock,
        log,
      });
      const coordinator = { ...server, log };
      started.push(coordinator);
      return coordinator;
    },
    close: async () => {
      await Promise.all(started.map(async (each) => await each.close()));
      await platform.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A machine with one Coordinator running on it; closing the machine ends both. */
export async function createTestCoordinator(
  options?: TestCoordinatorOptions,
): Promise<TestCoordinator & { readonly machine: TestMachine }> {
  const machine = await createTestMachine();
  return { ...(await machine.start(options)), machine };
}
