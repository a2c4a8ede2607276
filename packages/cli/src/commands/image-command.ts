import { relative, resolve } from "node:path";
import { buildImages, signImages } from "@carrara/image";
import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { readPackageFile } from "../package-file.ts";
import { writeReport } from "../report.ts";
import { signingKeyFile, stateDirOf } from "../state-dir.ts";

/** Adds `build`, `sign` and `package-info`, which need no Coordinator. */
export function addImageCommands(
  program: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  program
    .command("build <app>")
    .description("bundle an application's services into enclave images, one file each")
    .option("-o, --output <dir>", "directory for the images (default: APP/dist/images)")
    .option("--image <name...>", "build only these images of enclave.json")
    .addHelpText("after", "\nExample:\n  carrara build apps/emojivoto")
    .action(async (app: string, _: unknown, command: Command) => {
      await buildApp(contextOf(command), app, command.opts());
    });
  program
    .command("sign <image...>")
    .description("sign enclave images with a developer's key, made at first use")
    .option("--key <file>", "RSA-3072 key in PEM (default: signing-key.pem in the state directory)")
    .option("--state-dir <dir>", "state directory (default: CARRARA_HOME or .carrara)")
    .addHelpText("after", "\nExample:\n  carrara sign apps/emojivoto/dist/images/*.enclave")
    .action(async (images: string[], _: unknown, command: Command) => {
      await signApp(contextOf(command), images, command.opts());
    });
  program
    .command("package-info <path>")
    .description("verify a signed package and print its identity for a manifest")
    .addHelpText(
      "after",
      `
PATH is an image of ours, a program signed for EGo or Open Enclave, a SIGSTRUCT of Gramine (.sig), a
library signed for the SGX SDK, or the directory of an Occlum instance or with one .sig. A file with
what "oesign eradump" printed is read too, but nothing in it is signed.

Example:
  carrara package-info apps/emojivoto/dist/images/web.enclave`,
    )
    .action(async (path: string, _: unknown, command: Command) => {
      await printPackageInfo(contextOf(command), path);
    });
}

async function buildApp(
  { io, options }: CommandContext,
  app: string,
  { output, image }: { readonly output?: string; readonly image?: readonly string[] },
): Promise<void> {
  const appDir = resolve(io.cwd, app);
  const images = await buildImages({
    appDir,
    outDir: output === undefined ? resolve(appDir, "dist/images") : resolve(io.cwd, output),
    ...(image === undefined ? {} : { names: image }),
    signal: io.signal,
  });
  writeReport(io, options, {
    text: images.map(({ name, file }) => `${name}: ${relative(io.cwd, file)}`).join("\n"),
    json: { images },
  });
}

async function signApp(
  { io, options }: CommandContext,
  images: readonly string[],
  { key, stateDir }: { readonly key?: string; readonly stateDir?: string },
): Promise<void> {
  const keyFile =
    key === undefined ? signingKeyFile(stateDirOf(io, stateDir)) : resolve(io.cwd, key);
  const files = images.map((image) => resolve(io.cwd, image));
  const signed = await signImages({ files, keyFile, date: new Date() });
  const rows = signed.map(({ file, packageInfo }) => ({ file, ...packageInfo }));
  const lines = rows.map(({ file, UniqueID }) => `${relative(io.cwd, file)}: UniqueID ${UniqueID}`);
  writeReport(io, options, {
    text: [...lines, `SignerID ${rows[0]?.SignerID ?? ""}`].join("\n"),
    json: { images: rows },
  });
}

async function printPackageInfo({ io, options }: CommandContext, path: string): Promise<void> {
  const { info, verified } = await readPackageFile(resolve(io.cwd, path));
  if (!verified) io.stderr(`${path} is not signed: what it says was not verified\n`);
  const rows = [
    ["UniqueID (MRENCLAVE)", info.UniqueID],
    ["SignerID (MRSIGNER)", info.SignerID],
    ["ProductID (ISVPRODID)", info.ProductID],
    ["SecurityVersion (ISVSVN)", info.SecurityVersion],
  ] as const;
  writeReport(io, options, {
    text: rows.map(([label, value]) => `${label.padEnd(26)}: ${value}`).join("\n"),
    json: { ...info, ...(verified ? {} : { verified }) },
  });
}
