import { join, resolve } from "node:path";
import { loadImage } from "@carrara/image";
import { createSimulatedPlatform } from "@carrara/tee";
import type { Command } from "commander";
import { showAssurance } from "../assurance.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { stateDirOf } from "../state-dir.ts";

/** Adds `run IMAGE`: one signed image on this machine's simulated platform. */
export function addRunCommand(
  program: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  program
    .command("run <image> [args...]")
    .description("run one signed enclave image on this machine's simulated platform")
    .option("--state-dir <dir>", "state directory (default: CARRARA_HOME or .carrara)")
    .addHelpText(
      "after",
      "\nThe image sees the variables EDG_* and CARRARA_* of the environment.\n\nExample:\n  EDG_MARBLE_TYPE=web carrara run apps/emojivoto/dist/images/web.enclave",
    )
    .action(async (image: string, args: string[], _: unknown, command: Command) => {
      await runImage(contextOf(command), image, args, command.opts());
    });
}

async function runImage(
  { io }: CommandContext,
  image: string,
  args: readonly string[],
  { stateDir }: { readonly stateDir?: string },
): Promise<void> {
  const bytes = await loadImage(resolve(io.cwd, image));
  const platform = await createSimulatedPlatform({
    dir: join(stateDirOf(io, stateDir), "platform"),
  });
  try {
    showAssurance(io, platform.anchor.kind);
    const pcs = await platform.servePcs({ host: "127.0.0.1", port: 0 });
    const enclave = await platform.launch(bytes, {
      args,
      env: { CARRARA_PCCS_URL: pcs.url, ...io.env },
      signal: io.signal,
      onOutput: (stream, chunk) => io[stream](chunk),
    });
    const { code, signal } = await enclave.exited;
    if (code === 0 || io.signal.aborted) return;
    throw new CliError("PROCESS_ENDED", `the enclave ended ${signal ?? `with code ${code ?? ""}`}`);
  } finally {
    await platform.close();
  }
}
