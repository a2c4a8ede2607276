import { Readable } from "node:stream";
import type { CliEnvironment } from "../cli-io.ts";
import type { ExitCode } from "../exit-code.ts";
import { run } from "../run.ts";

/** What a person would have seen. */
export interface Transcript {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a command line runs. */
export interface RunCliOptions {
  readonly cwd: string;
  readonly env?: CliEnvironment;
  readonly signal?: AbortSignal;
  readonly repository?: string;
  /** What is piped in; nothing unless set. */
  readonly stdin?: Uint8Array;
  readonly color?: boolean;
  /** Called with everything on standard output so far. */
  readonly onStdout?: (soFar: string) => void;
}

/** Runs a command line in `cwd` with nothing of this process's environment. */
export async function runCli(args: readonly string[], options: RunCliOptions): Promise<Transcript> {
  const { cwd, env = {}, repository = cwd, signal = new AbortController().signal } = options;
  const { stdin, color = false } = options;
  const out: Uint8Array[] = [];
  const err: Uint8Array[] = [];
  const bytesOf = (content: string | Uint8Array) => Buffer.from(content);
  const code = await run(args, {
    stdout: (content) => {
      out.push(bytesOf(content));
      options.onStdout?.(Buffer.concat(out).toString());
    },
    stderr: (content) => void err.push(bytesOf(content)),
    stdin: () => Readable.from(stdin === undefined ? [] : [stdin]),
    env: { XDG_CONFIG_HOME: cwd, HOME: cwd, ...env },
    cwd,
    interactive: false,
    color,
    signal,
    repository,
  });
  return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}
