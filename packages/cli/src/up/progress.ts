import pc from "picocolors";
import yoctoSpinner from "yocto-spinner";
import type { CliIo } from "../cli-io.ts";

/** Tells a waiting person, or program, what is being done. */
export interface Progress {
  /** What has begun; the step before it is done. */
  step(message: string): void;
  /** All steps are done. */
  done(): void;
  /** The current step failed. */
  failed(): void;
}

/** A spinner on a terminal, lines elsewhere, JSON lines on standard output with `json`. */
export function createProgress(io: CliIo, options: { readonly json: boolean }): Progress {
  if (options.json) return jsonProgress(io);
  return io.interactive ? spinnerProgress(io) : lineProgress(io);
}

function jsonProgress(io: CliIo): Progress {
  return {
    step: (message) => io.stdout(`${JSON.stringify({ event: "progress", message })}\n`),
    done: () => undefined,
    failed: () => undefined,
  };
}

function lineProgress(io: CliIo): Progress {
  return {
    step: (message) => io.stderr(`${message}\n`),
    done: () => undefined,
    failed: () => undefined,
  };
}

function spinnerProgress(io: CliIo): Progress {
  const colors = pc.createColors(true);
  const spinner = yoctoSpinner({ handleSignals: false });
  let current: string | undefined;
  const finish = (mark: string) => {
    if (current === undefined) return;
    spinner.stop();
    io.stderr(`${mark} ${current}\n`);
    current = undefined;
  };
  return {
    step: (message) => {
      finish(colors.green("✔"));
      current = message;
      spinner.start(message);
    },
    done: () => finish(colors.green("✔")),
    failed: () => finish(colors.red("✖")),
  };
}
