import { resolve } from "node:path";
import { manifestFingerprint } from "@carrara/client";
import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import {
  cacheCertificates,
  coordinatorLines,
  describeCoordinator,
  openAttestedSession,
  openCachedSession,
} from "../coordinator-session.ts";
import { writeOutput } from "../files.ts";
import { effectiveManifest } from "../manifest/effective-manifest.ts";
import { loadExpectedManifest, requireManifest } from "../manifest/expected-manifest.ts";
import { loadManifest } from "../manifest/load-manifest.ts";
import { keepRecoveryData } from "../recovery/recovery-data.ts";
import { writeReport } from "../report.ts";
import { addManifestAddCommands } from "./manifest-add-command.ts";
import { addManifestReviewCommands } from "./manifest-review-command.ts";
import { addUpdateCommands } from "./update-command.ts";

/** Adds `manifest` and what is below it (spec marblerun section 9.3). */
export function addManifestCommands(
  program: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  const manifest = program
    .command("manifest")
    .description("set, get, verify and follow the manifest of a Coordinator");
  manifest
    .command("set <file> [host]")
    .description("attest a Coordinator and set its first manifest (JSON or YAML)")
    .option("-r, --recoverydata <file>", "write recovery secrets to a file instead of the terminal")
    .addHelpText(
      "after",
      "\nExample:\n  carrara manifest set manifest.json localhost:4433 --insecure",
    )
    .action(async (file: string, host: string | undefined, _: unknown, command: Command) => {
      await setManifest(contextOf(command), file, host, command.opts());
    });
  manifest
    .command("get [host]")
    .description("attest a Coordinator and print its manifest, byte for byte")
    .option("-s, --signature", "print the manifest's fingerprint with it", false)
    .option("-u, --display-update", "show the security versions that updates have raised", false)
    .option("-o, --output <file>", "write to a file")
    .option("--keep-cert", "keep the Coordinator's certificates for later commands", false)
    .addHelpText(
      "after",
      "\nExample:\n  carrara manifest get localhost:4433 --insecure -o manifest.json",
    )
    .action(async (host: string | undefined, _: unknown, command: Command) => {
      await getManifest(contextOf(command), host, command.opts());
    });
  manifest
    .command("verify <file-or-fingerprint> [host]")
    .description("attest a Coordinator and check that it enforces exactly this manifest")
    .addHelpText(
      "after",
      "\nExample:\n  carrara manifest verify manifest.json localhost:4433 --insecure",
    )
    .action(async (expected: string, host: string | undefined, _: unknown, command: Command) => {
      await verifyManifest(contextOf(command), expected, host);
    });
  manifest
    .command("signature <file>")
    .description("print the fingerprint that a Coordinator would report for this manifest")
    .addHelpText("after", "\nExample:\n  carrara manifest signature manifest.json")
    .action(async (file: string, _: unknown, command: Command) => {
      await printSignature(contextOf(command), file);
    });
  manifest
    .command("log [host]")
    .description("print the update log of a Coordinator that was verified before")
    .option("-o, --output <file>", "write to a file")
    .addHelpText("after", "\nExample:\n  carrara manifest log localhost:4433")
    .action(async (host: string | undefined, _: unknown, command: Command) => {
      await printLog(contextOf(command), host, command.opts());
    });
  addUpdateCommands(manifest, contextOf);
  addManifestReviewCommands(manifest, contextOf);
  addManifestAddCommands(manifest, contextOf);
}

async function setManifest(
  context: CommandContext,
  file: string,
  host: string | undefined,
  { recoverydata }: { readonly recoverydata?: string },
): Promise<void> {
  const { io, options } = context;
  const manifest = await loadManifest(context, file);
  const session = await openAttestedSession(context, host);
  const fingerprint = await manifestFingerprint(manifest);
  const secrets = await session.client.setManifest(manifest, io.signal);
  const kept = await keepRecoveryData(context, secrets, recoverydata);
  await cacheCertificates(context, session);
  writeReport(io, options, {
    text: [
      "Coordinator verified",
      coordinatorLines(session.coordinator),
      `Manifest signature: ${fingerprint}`,
      "Manifest successfully set",
      ...kept.lines,
    ].join("\n"),
    assurance: session.assurance,
    json: { fingerprint, coordinator: describeCoordinator(session.coordinator), ...kept.json },
  });
  if (kept.failure !== undefined) throw kept.failure;
}

/** Options of `manifest get`. */
interface GetOptions {
  readonly signature: boolean;
  readonly displayUpdate: boolean;
  readonly output?: string;
  readonly keepCert: boolean;
}

async function getManifest(
  context: CommandContext,
  host: string | undefined,
  { signature, output, keepCert, displayUpdate }: GetOptions,
): Promise<void> {
  const { io, options } = context;
  const session = await openAttestedSession(context, host);
  const active = await session.client.getManifest(io.signal);
  if (keepCert) await cacheCertificates(context, session);
  const content = displayUpdate
    ? effectiveManifest(active.manifest, await session.client.getUpdateLog(io.signal))
    : active.manifest;
  const text = typeof content === "string" ? content : new TextDecoder().decode(content);
  const shown = signature
    ? `{\n"ManifestSignature": "${active.fingerprint}",\n"Manifest": ${text}}\n`
    : content;
  const { fingerprint } = active;
  const json = { fingerprint, coordinator: describeCoordinator(session.coordinator) };
  const { assurance } = session;
  if (output !== undefined) {
    await writeOutput(resolve(io.cwd, output), shown);
    const report = { text: `Manifest written to: ${output}`, assurance, json: { ...json, output } };
    writeReport(io, options, report);
  } else if (options.json) {
    writeReport(io, options, { text, assurance, json: { ...json, manifest: text } });
  } else {
    // Not one byte more, so that what is piped to a file has the same fingerprint.
    io.stdout(shown);
  }
}

async function verifyManifest(
  context: CommandContext,
  expected: string,
  host: string | undefined,
): Promise<void> {
  const { io, options } = context;
  const wanted = await loadExpectedManifest(context, expected);
  const session = await openAttestedSession(context, host);
  const { fingerprint, manifest: bytes } = await session.client.getManifest(io.signal);
  requireManifest(wanted, { fingerprint, bytes });
  await cacheCertificates(context, session);
  writeReport(io, options, {
    text: `OK\n${coordinatorLines(session.coordinator)}`,
    assurance: session.assurance,
    json: { result: "OK", fingerprint, coordinator: describeCoordinator(session.coordinator) },
  });
}

async function printSignature(context: CommandContext, file: string): Promise<void> {
  const fingerprint = await manifestFingerprint(await loadManifest(context, file));
  writeReport(context.io, context.options, { text: fingerprint, json: { fingerprint } });
}

async function printLog(
  context: CommandContext,
  host: string | undefined,
  { output }: { readonly output?: string },
): Promise<void> {
  const { io, options } = context;
  const { client, assurance } = await openCachedSession(context, host);
  const lines = await client.getUpdateLog(io.signal);
  const text = lines.map((line) => line.trimEnd()).join("\n");
  if (output !== undefined) await writeOutput(resolve(io.cwd, output), `${text}\n`);
  writeReport(io, options, {
    text: output === undefined ? `Update log:\n${text}` : `Update log written to: ${output}`,
    assurance,
    json: output === undefined ? { updateLog: lines.map((line) => line.trimEnd()) } : { output },
  });
}
