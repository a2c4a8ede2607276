import {
  ClientError,
  createCoordinatorClient,
  createHttpsTransport,
  parseCoordinatorHost,
} from "@carrara/client";
import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { printable } from "../printable.ts";
import { writeReport } from "../report.ts";
import { COMMIT, VERSION } from "../version.ts";

/** Adds `version [host]`; exit code 0 in any case (spec marblerun section 9.3). */
export function addVersionCommand(
  program: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  program
    .command("version [host]")
    .description("print the version of this program, and what a Coordinator says is its own")
    .addHelpText("after", "\nExample:\n  carrara version localhost:4433")
    .action(async (host: string | undefined, _: unknown, command: Command) => {
      const { io, options } = contextOf(command);
      const coordinator = await coordinatorVersion(
        host ?? (io.env.MARBLERUN || undefined),
        io.signal,
      );
      const line =
        coordinator === undefined
          ? "Unable to find MarbleRun Coordinator"
          : `Coordinator Version: ${printable(coordinator)}`;
      writeReport(io, options, {
        text: `CLI Version: v${VERSION}\nCommit: ${COMMIT}\n${line}`,
        json: { version: VERSION, commit: COMMIT, coordinatorVersion: coordinator ?? null },
      });
    });
}

/** Unverified: nothing is done with it but to show it. Undefined when nobody answers. */
async function coordinatorVersion(
  host: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (host === undefined) return undefined;
  try {
    const transport = createHttpsTransport({ host: parseCoordinatorHost(host) });
    const client = createCoordinatorClient({ transport, trust: { kind: "unverified" } });
    return (await client.getVersion(signal)) ?? "unknown";
  } catch (cause) {
    if (cause instanceof ClientError) return undefined;
    throw cause;
  }
}
