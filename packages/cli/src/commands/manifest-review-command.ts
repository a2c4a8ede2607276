import {
  diffManifests,
  explainManifest,
  type ManifestChange,
  parseManifest,
} from "@carrara/manifest";
import type { Command } from "commander";
import type { ResultAssurance } from "../assurance.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { openCachedSession } from "../coordinator-session.ts";
import { changeText, sentences } from "../manifest/change-text.ts";
import { loadEffectiveManifest, loadManifest } from "../manifest/load-manifest.ts";
import { writeReport } from "../report.ts";

/** Adds `manifest diff` and `manifest explain`, which MarbleRun does not have. */
export function addManifestReviewCommands(
  manifest: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  manifest
    .command("diff [files...]")
    .usage("[options] <old> <new> | --host <host> [new]")
    .description("say in words what an update from one manifest to another changes")
    .option("--host <host>", "the old one is what this Coordinator enforces now")
    .addHelpText(
      "after",
      `
Without NEW the update counts that waits for acknowledgements at --host. An update manifest that
names packages only is read as one.

Examples:
  carrara manifest diff manifest.json update.json
  carrara manifest diff --host localhost:4433 update.json
  carrara manifest diff --host localhost:4433`,
    )
    .action(async (files: string[], _: unknown, command: Command) => {
      await printDifference(contextOf(command), files, command.opts());
    });
  manifest
    .command("explain <file>")
    .description("say in words who can do what under a manifest")
    .addHelpText("after", "\nExample:\n  carrara manifest explain manifest.json")
    .action(async (file: string, _: unknown, command: Command) => {
      const context = contextOf(command);
      const facts = explainManifest(parseManifest(await loadManifest(context, file)));
      writeReport(context.io, context.options, { text: sentences(facts), json: { facts } });
    });
}

async function printDifference(
  context: CommandContext,
  files: readonly string[],
  { host }: { readonly host?: string },
): Promise<void> {
  const { changes, assurance } =
    host === undefined
      ? await differenceOfFiles(context, files)
      : await differenceAt(context, host, files);
  writeReport(context.io, context.options, {
    text: changeText(changes),
    ...(assurance === undefined ? {} : { assurance }),
    json: { changes },
  });
}

interface Difference {
  readonly changes: readonly ManifestChange[];
  readonly assurance?: ResultAssurance;
}

async function differenceOfFiles(
  context: CommandContext,
  [before, after, ...more]: readonly string[],
): Promise<Difference> {
  if (before === undefined || after === undefined || more.length > 0) {
    throw new CliError("USAGE", "two manifests are compared, OLD and NEW, or one with --host");
  }
  const changes = diffManifests(
    parseManifest(await loadManifest(context, before)),
    parseManifest(await loadManifest(context, after)),
  );
  return { changes };
}

async function differenceAt(
  context: CommandContext,
  host: string,
  [file, ...more]: readonly string[],
): Promise<Difference> {
  if (more.length > 0) throw new CliError("USAGE", "with --host one manifest is compared, NEW");
  const given = file === undefined ? undefined : await loadManifest(context, file);
  const { client, assurance } = await openCachedSession(context, host);
  const { signal } = context.io;
  const after = given ?? (await client.getPendingUpdate(signal)).manifest;
  const before = await loadEffectiveManifest(client, signal);
  return { changes: diffManifests(before, parseManifest(after)), assurance };
}
