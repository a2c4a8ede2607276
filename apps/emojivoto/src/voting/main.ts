import process from "node:process";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import { createLog } from "../service/log.ts";
import { runService } from "../service/run-service.ts";
import { startVoting } from "./start-voting.ts";

/** Set when the image is built, so that the two versions are two measurements and the host cannot choose. */
declare const CARRARA_DOUGHNUT_COUNTS: boolean;

// Comes with the witness room; until then WITNESSES stays empty.
const submitToWitness = async (): Promise<never> =>
  await Promise.reject(new EmojivotoError("SETTING_INVALID", "this version asks no witnesses"));

const log = createLog("voting");
await runService(
  () =>
    startVoting({
      env: process.env,
      log,
      doughnutCounts: CARRARA_DOUGHNUT_COUNTS,
      submitToWitness,
    }),
  { log, process },
);
