// `npm start`: installs what is missing, builds the command line, and runs the demo in this process.
import { pathToFileURL } from "node:url";
import { installMissing, ROOT } from "./install.mjs";

installMissing();
const { buildCli } = await import("./build-cli.mjs");
await buildCli();
process.argv = [
  process.argv[0],
  "carrara",
  "up",
  `${ROOT}apps/emojivoto`,
  ...process.argv.slice(2),
];
await import(pathToFileURL(`${ROOT}packages/cli/dist/carrara.js`).href);
