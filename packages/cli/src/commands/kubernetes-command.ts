import type { Command } from "commander";
import { CliError } from "../cli-error.ts";

/** Commands of MarbleRun that act on a cluster. */
const COMMANDS = ["install", "uninstall", "precheck"] as const;

/** Adds refusals, so that scripts for MarbleRun end with a reason. Throws `KUBERNETES_UNAVAILABLE`. */
export function addKubernetesCommands(program: Command): void {
  for (const name of COMMANDS) {
    program
      .command(name, { hidden: true })
      .description("needs Kubernetes, which this version does not support")
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() => {
        throw new CliError(
          "KUBERNETES_UNAVAILABLE",
          `"${name}" needs Kubernetes, which this version does not support; "carrara up" runs a mesh on this machine`,
        );
      });
  }
}
