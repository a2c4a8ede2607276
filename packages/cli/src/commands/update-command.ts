import { resolve } from "node:path";
import { manifestFingerprint, type UpdateForecast, type UpdateProgress } from "@carrara/client";
import type { Command } from "commander";
import { type AuthOptions, addAuthOptions, loadIdentity } from "../auth-options.ts";
import type { CommandContext } from "../command-context.ts";
import { type CoordinatorSession, openCachedSession } from "../coordinator-session.ts";
import { writeOutput } from "../files.ts";
import { loadManifest } from "../manifest/load-manifest.ts";
import { printable, printableLines } from "../printable.ts";
import { keepRecoveryData } from "../recovery/recovery-data.ts";
import { writeReport } from "../report.ts";

const AUTH = "--cert admin.pem --key admin-key.pem";

/** Options of `manifest update apply` and `acknowledge`. */
interface UpdateOptions extends AuthOptions {
  readonly recoverydata?: string;
  readonly dryRun?: boolean;
}

/** Adds `manifest update apply|acknowledge|cancel|get` (spec marblerun section 9.3). */
export function addUpdateCommands(
  manifest: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  const update = manifest
    .command("update")
    .description("update the manifest of a Coordinator that was verified before");
  addAuthOptions(
    update
      .command("apply <file> [host]")
      .description("raise security versions, or start an update of the whole manifest")
      .option("-r, --recoverydata <file>", "write new recovery secrets to a file")
      .option("--dry-run", "have everything checked and say what would happen; changes nothing"),
  )
    .addHelpText(
      "after",
      `\nExamples:\n  carrara manifest update apply update.json localhost:4433 ${AUTH} --dry-run\n  carrara manifest update apply update.json localhost:4433 ${AUTH}`,
    )
    .action(async (file: string, host: string | undefined, _: unknown, command: Command) => {
      await applyUpdate(contextOf(command), file, host, command.opts());
    });
  addAuthOptions(
    update
      .command("acknowledge <file> [host]")
      .description("agree to the pending update, of which FILE is a copy")
      .option("-r, --recoverydata <file>", "write new recovery secrets to a file"),
  )
    .addHelpText(
      "after",
      `\nExample:\n  carrara manifest update acknowledge update.json localhost:4433 ${AUTH}`,
    )
    .action(async (file: string, host: string | undefined, _: unknown, command: Command) => {
      await acknowledgeUpdate(contextOf(command), file, host, command.opts());
    });
  addAuthOptions(update.command("cancel [host]").description("cancel the pending update"))
    .addHelpText("after", `\nExample:\n  carrara manifest update cancel localhost:4433 ${AUTH}`)
    .action(async (host: string | undefined, _: unknown, command: Command) => {
      await cancelUpdate(contextOf(command), host, command.opts());
    });
  update
    .command("get [host]")
    .description("print the pending update, byte for byte")
    .option("-o, --output <file>", "write to a file")
    .option("--missing", "print who has not acknowledged it instead", false)
    .addHelpText(
      "after",
      "\nExamples:\n  carrara manifest update get localhost:4433 -o update.json\n  carrara manifest update get localhost:4433 --missing",
    )
    .action(async (host: string | undefined, _: unknown, command: Command) => {
      await printPending(contextOf(command), host, command.opts());
    });
}

async function applyUpdate(
  context: CommandContext,
  file: string,
  host: string | undefined,
  given: UpdateOptions,
): Promise<void> {
  const identity = await loadIdentity(context, given);
  const manifest = await loadManifest(context, file);
  const session = await openCachedSession(context, host, identity);
  if (given.dryRun === true) return await dryRun(context, session, manifest);
  const progress = await session.client.updateManifest(manifest, context.io.signal);
  const lines =
    progress.missingAcknowledgments === 0
      ? ["Update manifest set successfully"]
      : ["Update manifest submitted successfully.", ...missingLines(progress)];
  const { assurance } = session;
  await reportProgress(context, { lines, manifest, progress, assurance, file: given.recoverydata });
}

function missingLines({
  missingAcknowledgments: count,
  missingUsers,
}: UpdateProgress): readonly string[] {
  const who = count === 1 ? "1 user still needs" : `${count} users still need`;
  return [
    `${who} to acknowledge the update manifest before it is applied.`,
    `The following users have not yet acknowledged the update: ${namesOf(missingUsers)}`,
  ];
}

function namesOf(users: readonly string[]): string {
  return `[${users.map(printable).join(" ")}]`;
}

async function dryRun(
  { io, options }: CommandContext,
  { client, assurance }: CoordinatorSession,
  manifest: Uint8Array,
): Promise<void> {
  const forecast = await client.dryRunUpdate(manifest, io.signal);
  writeReport(io, options, {
    text: forecastLines(forecast).join("\n"),
    assurance,
    json: { dryRun: true, ...forecast },
  });
}

function forecastLines(forecast: UpdateForecast): readonly string[] {
  const { missingAcknowledgments: missing, missingUsers, renewedRecoveryKeys } = forecast;
  return [
    "Dry run: nothing was changed.",
    missing === 0
      ? "The update would be applied at once."
      : `The update would wait for ${missing} of these users: ${namesOf(missingUsers)}`,
    ...forecast.changes.map(({ sentence }) => printable(sentence)),
    ...(renewedRecoveryKeys.length === 0
      ? []
      : [`New recovery secrets would be made for: ${namesOf(renewedRecoveryKeys)}`]),
    ...forecast.warnings.map((warning) => `Warning: ${printable(warning)}`),
  ];
}

async function acknowledgeUpdate(
  context: CommandContext,
  file: string,
  host: string | undefined,
  given: UpdateOptions,
): Promise<void> {
  const identity = await loadIdentity(context, given);
  const manifest = await loadManifest(context, file);
  const { client, assurance } = await openCachedSession(context, host, identity);
  const progress = await client.acknowledgeUpdate(manifest, context.io.signal);
  const lines = ["Acknowledgement successful:", printableLines(progress.message)];
  await reportProgress(context, { lines, manifest, progress, assurance, file: given.recoverydata });
}

async function reportProgress(
  context: CommandContext,
  result: {
    readonly lines: readonly string[];
    readonly manifest: Uint8Array;
    readonly progress: UpdateProgress;
    readonly assurance: CoordinatorSession["assurance"];
    readonly file: string | undefined;
  },
): Promise<void> {
  const { missingAcknowledgments, missingUsers, recoverySecrets } = result.progress;
  const kept = await keepRecoveryData(context, recoverySecrets, result.file);
  const fingerprint = await manifestFingerprint(result.manifest);
  writeReport(context.io, context.options, {
    text: [...result.lines, ...kept.lines].join("\n"),
    assurance: result.assurance,
    json: { fingerprint, missingAcknowledgments, missingUsers, ...kept.json },
  });
  if (kept.failure !== undefined) throw kept.failure;
}

async function cancelUpdate(
  context: CommandContext,
  host: string | undefined,
  auth: AuthOptions,
): Promise<void> {
  const { io, options } = context;
  const identity = await loadIdentity(context, auth);
  const { client, assurance } = await openCachedSession(context, host, identity);
  const message = await client.cancelUpdate(io.signal);
  writeReport(io, options, { text: "Cancellation successful", assurance, json: { message } });
}

async function printPending(
  context: CommandContext,
  host: string | undefined,
  { output, missing }: { readonly output?: string; readonly missing: boolean },
): Promise<void> {
  const { io, options } = context;
  const { client, assurance } = await openCachedSession(context, host);
  const { manifest, message, missingUsers } = await client.getPendingUpdate(io.signal);
  const line = `The following users have not yet acknowledged the update: ${namesOf(missingUsers)}`;
  const shown = missing ? `${line}\n` : manifest;
  const json = { fingerprint: await manifestFingerprint(manifest), message, missingUsers };
  if (output !== undefined) {
    await writeOutput(resolve(io.cwd, output), shown);
    const text = `Update manifest written to: ${output}`;
    writeReport(io, options, { text, assurance, json: { ...json, output } });
  } else if (options.json) {
    const text = new TextDecoder().decode(manifest);
    writeReport(io, options, { text, assurance, json: { ...json, manifest: text } });
  } else {
    // Not one byte more: an acknowledgement needs exactly these.
    io.stdout(shown);
  }
}
