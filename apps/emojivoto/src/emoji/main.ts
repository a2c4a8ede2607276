import process from "node:process";
import { startGrpcApp } from "../service/grpc-app.ts";
import { createLog } from "../service/log.ts";
import { runService } from "../service/run-service.ts";
import { createEmojiService } from "./emoji-service.ts";

const log = createLog("emoji");
await runService(
  () =>
    startGrpcApp({
      env: process.env,
      log,
      serve: ({ metrics }) => ({ services: [createEmojiService({ metrics })] }),
    }),
  { log, process },
);
