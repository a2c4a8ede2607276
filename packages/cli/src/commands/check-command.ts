import { setTimeout } from "node:timers/promises";
import {
  ClientError,
  type CoordinatorClient,
  type CoordinatorStatus,
  createCoordinatorClient,
  createHttpsTransport,
  formatCoordinatorHost,
  parseCoordinatorHost,
} from "@carrara/client";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { CommandContext } from "../command-context.ts";
import { hostOf } from "../coordinator-session.ts";
import { printable } from "../printable.ts";
import { writeReport } from "../report.ts";

/** Between two attempts, in ms, as MarbleRun's CLI polls. */
const POLL_MS = 1000;
/** Longest wait that can be asked for, in seconds: a day. */
const MAX_TIMEOUT_S = 86_400;

/** Adds `check [host]`: waits until a Coordinator answers (spec marblerun section 9.3). */
export function addCheckCommand(
  program: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  program
    .command("check [host]")
    .description("wait until a Coordinator answers; nothing is verified")
    .addOption(
      new Option("--timeout <seconds>", "how long to wait").argParser(secondsOf).default(60),
    )
    .addHelpText("after", "\nExample:\n  carrara check localhost:4433 --timeout 120")
    .action(async (host: string | undefined, _: unknown, command: Command) => {
      await check(contextOf(command), host, command.opts());
    });
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (/^[0-9]{1,5}$/.test(text) && seconds <= MAX_TIMEOUT_S) return seconds;
  throw new InvalidArgumentError(`a timeout is whole seconds, at most ${MAX_TIMEOUT_S}`);
}

async function check(
  context: CommandContext,
  argument: string | undefined,
  { timeout }: { readonly timeout: number },
): Promise<void> {
  const { io, options } = context;
  const host = parseCoordinatorHost(hostOf(context, argument));
  const client = createCoordinatorClient({
    transport: createHttpsTransport({ host }),
    trust: { kind: "unverified" },
  });
  const deadline = performance.now() + 1000 * timeout;
  const { code, message } = await firstAnswer(client, deadline, io.signal);
  writeReport(io, options, {
    text: `Coordinator at ${formatCoordinatorHost(host)} answers: ${code}: ${printable(message)}`,
    json: { host: formatCoordinatorHost(host), code, message },
  });
}

async function firstAnswer(
  client: CoordinatorClient,
  deadline: number,
  signal: AbortSignal,
): Promise<CoordinatorStatus> {
  for (;;) {
    try {
      return await client.status(signal);
    } catch (cause) {
      const isAway = cause instanceof ClientError && cause.code === "UNREACHABLE";
      if (!isAway || performance.now() + POLL_MS > deadline) throw cause;
    }
    await setTimeout(POLL_MS, undefined, { signal });
  }
}
