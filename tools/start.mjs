// `npm start`: installs what is missing, builds the command line, and runs the main application.
// Only Node's own modules may be imported before the installation.
import { pathToFileURL } from "node:url";
import { buildCli, CLI_BUNDLE, isCliFresh } from "./cli-bundle.mjs";
import { endWithParent } from "./end-with-parent.mjs";
import { install, isInstalled, requireNode } from "./workspace.mjs";

const args = process.argv.slice(2);
const json = args.includes("--json");

/** Says what takes time: on standard error, or with --json as a JSON line. */
function progress(message) {
  if (json) console.log(JSON.stringify({ event: "progress", message }));
  else console.error(message);
}

requireNode();
if (process.env.npm_lifecycle_event !== undefined) endWithParent();
if (!isInstalled()) {
  progress("Installing dependencies (npm ci)");
  await install();
}
if (!isCliFresh()) {
  progress("Building the command line");
  await buildCli();
}
// In this process, so that signals reach the program that handles them.
process.argv = [process.argv[0], CLI_BUNDLE, "up", "apps/emojivoto", ...args];
await import(pathToFileURL(CLI_BUNDLE).href);
