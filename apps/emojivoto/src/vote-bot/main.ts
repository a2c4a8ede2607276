import { readFile } from "node:fs/promises";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import { runBot } from "./bot.ts";
import { botSettingsOf } from "./bot-settings.ts";
import { seededRandom } from "./random.ts";
import { createWebClient } from "./web-client.ts";

const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
process.once("SIGINT", () => stop.abort());

try {
  const settings = botSettingsOf(process.env, process.argv.slice(2));
  const { caFile, seed } = settings;
  const ca = caFile === undefined ? undefined : await readFile(caFile, "utf8");
  const client = createWebClient(settings, ca);
  await runBot(
    {
      settings,
      client,
      random: seed === undefined ? Math.random : seededRandom(seed),
      now: () => performance.now(),
      sleep: async (ms, signal) => {
        await setTimeout(ms, undefined, { signal }).catch(() => undefined);
      },
      say: (line) => console.log(line),
      complain: (line) => console.error(line),
    },
    stop.signal,
  );
  client.close();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const code = error instanceof EmojivotoError ? `${error.code}: ` : "";
  console.error(`vote-bot: ${code}${error.message}`);
  process.exitCode = 1;
}
