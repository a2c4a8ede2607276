import { assets } from "carrara:assets";
import process from "node:process";
import { createLog } from "../service/log.ts";
import { runService } from "../service/run-service.ts";
import { startWeb } from "./start-web.ts";

const log = createLog("web");
await runService(() => startWeb({ env: process.env, assets, log }), { log, process });
