import type { Command } from "commander";
import { Option } from "commander";
import { type VerifyOptions, verifyMesh } from "../ballot/verify-mesh.ts";
import type { CommandContext } from "../command-context.ts";
import { timeOf } from "../time-option.ts";

/** Adds `verify SOURCE`, which is `carrara verify` and `carrara ballot verify` alike. */
export function addVerifyCommand(
  parent: Command,
  contextOf: (command: Command) => CommandContext,
  name: "verify" | "ballot verify",
): void {
  parent
    .command("verify <source>")
    .description(
      "say who runs a site, what runs there and who can change it, as its Verify page does",
    )
    .option("--manifest <file>", "the manifest that must be in force, or its fingerprint")
    .addOption(
      new Option(
        "--at <time>",
        "for a bundle in a file: time to verify for (default: now)",
      ).argParser(timeOf),
    )
    .addHelpText(
      "after",
      `
SOURCE is https://HOST:PORT, or a file with the evidence bundle of a site (\`carrara ballot fetch\`).
Nobody is trusted for handing the bundle over; with --coordinator-cert it must be of that very mesh.

Examples:
  carrara ${name} https://localhost:8443 --insecure
  carrara ${name} evidence.json --era-config era-config.json --manifest manifest.json`,
    )
    .action(async (source: string, _: unknown, command: Command) => {
      await verifyMesh(contextOf(command), source, command.opts<VerifyOptions>());
    });
}
