/** Where a run says how far it is: one line that is written over on a terminal, else a line now and then. */
export interface Progress {
  show(done: number, name: string): void;
  end(): void;
}

/** What is written to. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const TERMINAL_EVERY_MS = 200;
const PLAIN_EVERY_MS = 10_000;

/** Progress towards `total` inputs. */
export function createProgress(output: ProgressOutput, total: number): Progress {
  const isTerminal = output.isTTY === true;
  const every = isTerminal ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS;
  let next = performance.now() + every;
  return {
    show: (done, name) => {
      if (performance.now() < next) return;
      next = performance.now() + every;
      const line = `${done} of ${total} inputs, ${name}`;
      output.write(isTerminal ? `\r\u001b[2K${line}` : `${line}\n`);
    },
    end: () => {
      if (isTerminal) output.write("\r\u001b[2K");
    },
  };
}
