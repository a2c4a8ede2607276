import process from "node:process";
import { createLog } from "../service/log.ts";
import { runService } from "../service/run-service.ts";
import { startVoting } from "./start-voting.ts";

/** Set when the image is built, so that the two versions are two measurements and the host cannot choose. */
declare const CARRARA_DOUGHNUT_COUNTS: boolean;

const log = createLog("voting");
await runService(
  () =>
    startVoting({
      env: process.env,
      log,
      doughnutCounts: CARRARA_DOUGHNUT_COUNTS,
    }),
  { log, process },
);
