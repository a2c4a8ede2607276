import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { encodeTlsConfig, type TlsConfig, type TlsConfigEntry } from "@carrara/manifest";

/** A program with transparent TLS in a process of its own. */
export interface TestProgram {
  /** What `operation` answers; rejects with an Error whose message is the code it failed with. */
  ask(op: string, request?: object): Promise<unknown>;
  /** Log lines so far. */
  log(): string;
  stop(): Promise<void>;
}

/** A TLS configuration from plain records. */
export function tlsConfig(
  incoming: Readonly<Record<string, TlsConfigEntry>>,
  outgoing: Readonly<Record<string, TlsConfigEntry>>,
): TlsConfig {
  return {
    incoming: new Map(Object.entries(incoming)),
    outgoing: new Map(Object.entries(outgoing)),
  };
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Starts `marble-program.ts`; it ends with its parent. */
export async function startProgram(config: TlsConfig, portMap: object = {}): Promise<TestProgram> {
  const program = fileURLToPath(new URL("./marble-program.ts", import.meta.url));
  const child = spawn(
    process.execPath,
    ["--conditions=@carrara/source", "--import", "tsx", program],
    {
      stdio: ["ignore", "inherit", "pipe", "ipc"],
      env: {
        PATH: process.env["PATH"],
        TEST_TLS_CONFIG: encodeTlsConfig(config),
        TEST_PORT_MAP: JSON.stringify(portMap),
      },
    },
  );
  let log = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  const waiting = new Map<number, (answer: Answer) => void>();
  const ready = new Promise<Answer>((resolve) => waiting.set(0, resolve));
  child.on("message", (message) => {
    const answer = message as Answer;
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const died = exited.then(() => {
    throw new Error(`program ended: ${log}`);
  });
  died.catch(() => {});
  await Promise.race([ready, died]);
  let next = 1;
  return {
    async ask(op, request = {}) {
      const id = next++;
      const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve));
      child.send({ id, op, ...request }, () => {});
      const { value, error } = await Promise.race([answered, died]);
      if (error !== undefined) throw new Error(error);
      return value;
    },
    log: () => log,
    async stop() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
