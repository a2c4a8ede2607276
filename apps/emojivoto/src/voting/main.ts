import process from "node:process";
import { startGrpcApp } from "../service/grpc-app.ts";
import { createLog } from "../service/log.ts";
import { runService } from "../service/run-service.ts";
import { createVotingServices } from "./voting-services.ts";

/** Set when the image is built, so that the two versions are two measurements and the host cannot choose. */
declare const CARRARA_DOUGHNUT_COUNTS: boolean;

const log = createLog("voting");
await runService(
  () =>
    startGrpcApp({
      env: process.env,
      log,
      services: (tools) =>
        createVotingServices({ ...tools, doughnutCounts: CARRARA_DOUGHNUT_COUNTS }),
    }),
  { log, process },
);
