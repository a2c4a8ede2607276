import { createPublicKey, X509Certificate } from "node:crypto";
import { resolve } from "node:path";
import { encodePem } from "@carrara/encoding";
import type { JsonNode } from "@carrara/manifest";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { readInput, writeOutput } from "../files.ts";
import { addEntry, jsonString } from "../manifest/add-entry.ts";
import { loadManifest } from "../manifest/load-manifest.ts";
import { writeReport } from "../report.ts";

/** Adds `manifest add-user` and `add-recovery-key`: nobody has to escape PEM for JSON by hand. */
export function addManifestAddCommands(
  manifest: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  manifest
    .command("add-user <file> <name>")
    .description("write a copy of a manifest with one more user")
    .requiredOption("-c, --cert <file>", "PEM certificate of the user")
    .option("--role <role...>", "roles of the manifest that the user gets", [])
    .requiredOption("-o, --output <file>", "file for the copy")
    .addHelpText(
      "after",
      "\nExample:\n  carrara manifest add-user manifest.json admin --cert admin.pem --role updater -o owned.json",
    )
    .action(async (file: string, name: string, given: UserOptions, command: Command) => {
      const pem = certificateIn(await readText(contextOf(command), given.cert), given.cert);
      const roles: JsonNode = { kind: "array", items: given.role.map(jsonString) };
      const members = [
        { key: "Certificate", value: jsonString(pem) },
        { key: "Roles", value: roles },
      ];
      const entry = { section: "Users", name, value: { kind: "object", members } } as const;
      await writeCopy(contextOf(command), file, entry, given.output);
    });
  manifest
    .command("add-recovery-key <file> <name>")
    .description("write a copy of a manifest with one more recovery key")
    .requiredOption(
      "-k, --key <file>",
      "PEM of an RSA key; of a private one the public half is taken",
    )
    .requiredOption("-o, --output <file>", "file for the copy")
    .addHelpText(
      "after",
      "\nExample:\n  carrara manifest add-recovery-key manifest.json owner --key owner.pem -o owned.json",
    )
    .action(async (file: string, name: string, given: KeyOptions, command: Command) => {
      const pem = publicKeyIn(await readText(contextOf(command), given.key), given.key);
      const entry = { section: "RecoveryKeys", name, value: jsonString(pem) } as const;
      await writeCopy(contextOf(command), file, entry, given.output);
    });
}

interface UserOptions {
  readonly cert: string;
  readonly role: readonly string[];
  readonly output: string;
}

interface KeyOptions {
  readonly key: string;
  readonly output: string;
}

async function readText({ io }: CommandContext, file: string): Promise<string> {
  return new TextDecoder().decode(await readInput(resolve(io.cwd, file)));
}

function certificateIn(pem: string, file: string): string {
  try {
    return encodePem("CERTIFICATE", new X509Certificate(pem).raw);
  } catch (cause) {
    throw new CliError("PEM_INVALID", `${file} has no certificate in PEM`, { cause });
  }
}

function publicKeyIn(pem: string, file: string): string {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType === "rsa") {
      return encodePem("PUBLIC KEY", key.export({ format: "der", type: "spki" }));
    }
  } catch {
    // The library's error may repeat parts of a private key.
  }
  throw new CliError("PEM_INVALID", `${file} has no RSA key in PEM without passphrase`);
}

async function writeCopy(
  context: CommandContext,
  file: string,
  entry: {
    readonly section: "Users" | "RecoveryKeys";
    readonly name: string;
    readonly value: JsonNode;
  },
  output: string,
): Promise<void> {
  const { io, options } = context;
  const { section, name, value } = entry;
  const text = addEntry(await loadManifest(context, file), section, name, value);
  await writeOutput(resolve(io.cwd, output), text);
  writeReport(io, options, { text: `Manifest written to: ${output}`, json: { output } });
}
