import { createHmac } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createSimulatedPlatform,
  type EnclaveIdentity,
  type SimulatedPlatform,
  type Tee,
} from "@carrara/tee";
import { BUILD_INFO } from "../build-info.ts";
import { readCoordinatorConfig } from "../config.ts";
import type { Log, LogMethod } from "../log.ts";
import { type CoordinatorServer, startCoordinatorServer } from "../server.ts";
import { createFileStore } from "../store/file-store.ts";
import { createMemoryDirectory } from "../store/memory-directory.ts";
import type { StateStore } from "../store/state-store.ts";

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
  /** Instead of the machine's files; the Coordinator closes it. */
  readonly store?: StateStore;
  /** Names another machine of the same make: its sealing keys are others. */
  readonly machine?: string;
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
    start: async ({ environment = {}, identity, clock = () => new Date(), ...where } = {}) => {
      const log = createRecordingLog();
      const loopback = { host: "127.0.0.1", port: 0 };
      const server = await startCoordinatorServer({
        config: {
          ...readCoordinatorConfig(environment, dir),
          meshAddress: loopback,
          clientAddress: loopback,
          keyAddress: loopback,
        },
        environment,
        store: where.store ?? createFileStore(createMemoryDirectory(files)),
        tee: movedTo(where.machine, teeFor(identity)),
        endorsements: async () => ({
          vendor: "intel",
          collateral: await platform.collateral(),
        }),
        clock,
        log,
        build: BUILD_INFO,
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

/** The same tee with the sealing keys of a machine of its own. */
function movedTo(machine: string | undefined, tee: Tee): Tee {
  if (machine === undefined) return tee;
  const getSealingKey: Tee["getSealingKey"] = async (policy) => {
    const hash = createHmac("sha256", await tee.getSealingKey(policy)).update(machine);
    return new Uint8Array(hash.digest());
  };
  // A proxy of three members would lose those that come later.
  return { ...tee, getSealingKey };
}

/** A machine with one Coordinator running on it; closing the machine ends both. */
export async function createTestCoordinator(
  options?: TestCoordinatorOptions,
): Promise<TestCoordinator & { readonly machine: TestMachine }> {
  const machine = await createTestMachine();
  return { ...(await machine.start(options)), machine };
}
