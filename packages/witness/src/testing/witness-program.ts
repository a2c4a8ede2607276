import { parseVerifierKey } from "@carrara/transparency";
import { serveWitness } from "../serve-witness.ts";
import { openStateDirectory } from "../state-files.ts";
import { openWitness } from "../witness.ts";
import { loadWitnessKey } from "../witness-key.ts";

// A witness as a process that a test kills: DIR KEYFILE LOGKEY.
const [dir = "", keyFile = "", logKey = ""] = process.argv.slice(2);
const witness = await openWitness({
  key: await loadWitnessKey(keyFile),
  logKeys: [parseVerifierKey(logKey)],
  files: await openStateDirectory(dir),
  now: () => new Date(),
});
const { url } = await serveWitness(witness, { host: "127.0.0.1", port: 0 });
process.stdout.write(`${url}\n`);
