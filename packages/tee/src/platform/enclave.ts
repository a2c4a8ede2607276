import type { MeasuredIdentity } from "../image/verify-image.ts";

/** How to start an image. */
export interface LaunchOptions {
  /** Arguments of the program; not measured, so no more trusted than the environment. */
  readonly args?: readonly string[];
  /** What the host wants to set: names that the image does not allow are left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Working directory; that of this process unless set. */
  readonly cwd?: string;
  /** A policy file for the enclave; SNP reports carry its SHA-256 as HOST_DATA, nobody else's do. */
  readonly policyFile?: Uint8Array;
  /** Called once when the process has ended and its output is complete. */
  readonly onExit?: (exit: EnclaveExit) => void;
  /** Called with what the program prints; dropped when left out. */
  readonly onOutput?: (stream: "stdout" | "stderr", chunk: Uint8Array) => void;
  /** Stops the enclave as `stop` does. */
  readonly signal?: AbortSignal;
}

/** How an enclave ended: an exit code, or the signal that ended it. */
export interface EnclaveExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running enclave. */
export interface Enclave {
  readonly pid: number;
  /** What the platform measured before it started the process. */
  readonly identity: MeasuredIdentity;
  readonly exited: Promise<EnclaveExit>;
  /** Sends `signal` to the process; nothing happens when it has ended. */
  kill(signal: NodeJS.Signals): void;
  /** Sends SIGTERM, after `graceMs` (5000 unless set) SIGKILL, and waits for the end. */
  stop(options?: { readonly graceMs?: number }): Promise<EnclaveExit>;
}
