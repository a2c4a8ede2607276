import type { Readable } from "node:stream";

/** Variables of the environment that commands read. */
export interface CliEnvironment {
  /** HOST of every command that takes one. */
  readonly MARBLERUN?: string | undefined;
  /** State directory of `carrara up`. */
  readonly CARRARA_HOME?: string | undefined;
  readonly XDG_CONFIG_HOME?: string | undefined;
  readonly HOME?: string | undefined;
  readonly [name: string]: string | undefined;
}

/** Everything a command may touch of the process around it. */
export interface CliIo {
  /** Results. */
  readonly stdout: (content: string | Uint8Array) => void;
  /** Talk: progress, banners, errors. */
  readonly stderr: (content: string | Uint8Array) => void;
  /** What is piped in; not touched by commands that do not read it. */
  readonly stdin: () => Readable;
  readonly env: CliEnvironment;
  /** Directory that relative paths start from. */
  readonly cwd: string;
  /** Whether standard error is a terminal that may be redrawn and coloured. */
  readonly interactive: boolean;
  /** Whether standard output is a terminal that may be coloured. */
  readonly color: boolean;
  /** Aborts when the person or the system asks the program to stop. */
  readonly signal: AbortSignal;
  /** This repository, which holds the Coordinator's sources for `carrara up`. */
  readonly repository: string;
}
