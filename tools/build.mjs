// `npm run build`: declarations and JavaScript of every room, then the command line as one file.
import { spawnSync } from "node:child_process";
import { installMissing, ROOT } from "./install.mjs";

installMissing();
const { status } = spawnSync(process.execPath, [`${ROOT}node_modules/typescript/bin/tsc`, "-b"], {
  cwd: ROOT,
  stdio: "inherit",
});
if (status !== 0) process.exit(status ?? 1);
const { buildCli } = await import("./build-cli.mjs");
await buildCli();
