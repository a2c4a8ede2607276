import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseQuote, pckChainOf, type TeeKind } from "@carrara/attestation";
import { parsePem, toHex } from "@carrara/encoding";
import { runCli, type Transcript } from "./run-cli.ts";
import {
  createSimulatedEvidence,
  REPORT_DATA,
  type SimulatedEvidence,
  type SimulatedEvidenceOptions,
} from "./simulated-evidence.ts";

/** Every kind of evidence that there are files of. */
export const TEES: readonly TeeKind[] = ["sgx", "tdx", "snp"];
/** What commands say on standard error of an accepted simulation. */
export const BANNER = "SIMULATION: not protected by hardware\n";
/** The nonce that the RA-TLS certificates repeat. */
export const NONCE: Uint8Array = new Uint8Array(16).fill(0x4e);
/** The measurement of the SGX enclave. */
export const MRENCLAVE: string = "e1".repeat(32);
/** The report data of all evidence, as it is shown. */
export const PADDED: string = `${toHex(REPORT_DATA)}${"00".repeat(64 - REPORT_DATA.length)}`;

/** A directory with `TEE/evidence.bin`, `TEE/peer.pem` and `TEE/collateral.json` of each kind. */
export interface EvidenceFiles {
  readonly dir: string;
  /** Runs `carrara evidence` in the directory. */
  carrara(...args: readonly string[]): Promise<Transcript>;
  /** The one document, on one line, that `show --json` prints of a file. Throws when it prints anything else. */
  show(file: string): Promise<Record<string, unknown>>;
  /** Writes a file and gives its name. */
  put(name: string, content: Uint8Array | string): Promise<string>;
  /** The machine that made the files of a folder. */
  machine(name: string): SimulatedEvidence;
  /** Makes the files of one more machine, in a folder of this name. */
  add(name: string, options: Omit<SimulatedEvidenceOptions, "dir">): Promise<SimulatedEvidence>;
  /** The evidence of a kind. */
  evidenceOf(tee: TeeKind): Uint8Array;
  close(): Promise<void>;
}

/** Makes the files of all kinds, for one file of tests. */
export async function createEvidenceFiles(): Promise<EvidenceFiles> {
  const dir = await mkdtemp(join(tmpdir(), "carrara-evidence-"));
  const machines = new Map<string, SimulatedEvidence>();
  const machine = (name: string): SimulatedEvidence => {
    const found = machines.get(name);
    if (found === undefined) throw new TypeError(`machine ${name} was not made`);
    return found;
  };
  const files: EvidenceFiles = {
    dir,
    machine,
    carrara: async (...args) => await runCli(["evidence", ...args], { cwd: dir }),
    show: async (file) => documentOf(await files.carrara("show", file, "--json")),
    put: async (name, content) => {
      await writeFile(join(dir, name), content);
      return name;
    },
    add: async (name, options) => {
      const made = await createSimulatedEvidence({ ...options, dir: join(dir, name) });
      machines.set(name, made);
      return made;
    },
    evidenceOf: (tee) => machine(tee).evidence,
    close: async () => {
      await Promise.all([...machines.values()].map(async (each) => await each.close()));
      await rm(dir, { recursive: true });
    },
  };
  await Promise.all(TEES.map(async (tee) => await files.add(tee, { tee, nonce: NONCE })));
  return files;
}

function documentOf({ code, stdout, stderr }: Transcript): Record<string, unknown> {
  if (code !== 0 || stderr !== "" || !/^[^\n]*\n$/.test(stdout)) {
    throw new Error(`not one document: exit code ${code}, ${stderr}${stdout}`);
  }
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Options that name the collateral of a kind, for verifying without a network. */
export function offline(tee: TeeKind): string[] {
  return ["--collateral", `${tee}/collateral.json`];
}

/** The certificates in a quote, leaf first. */
export function certificatesOf(quote: Uint8Array): Uint8Array[] {
  return parsePem(pckChainOf(parseQuote(quote)) ?? "").map(({ bytes }) => bytes);
}
