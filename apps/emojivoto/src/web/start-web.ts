import { createGrpcChannel } from "../grpc/grpc-channel.ts";
import { closeServer, listenOn } from "../service/http-server.ts";
import type { Log } from "../service/log.ts";
import type { RunningService } from "../service/run-service.ts";
import {
  type Environment,
  portSetting,
  requireSettings,
  textSetting,
} from "../service/settings.ts";
import { attestationFactsOf } from "./attestation.ts";
import type { Assets } from "./page-files.ts";
import { createWeb } from "./web.ts";

/** A started web service and the port it took. */
export interface WebApp extends RunningService {
  readonly port: number;
}

/** Starts web from `WEB_PORT`, `EMOJISVC_HOST` and `VOTINGSVC_HOST`. Throws `SETTING_MISSING`, `SETTING_INVALID`, `ATTESTATION_MALFORMED`. */
export async function startWeb(options: {
  readonly env: Environment;
  readonly assets: Assets;
  readonly log: Log;
  /** The address to bind; all addresses unless told. */
  readonly host?: string;
}): Promise<WebApp> {
  const { env, log, host } = options;
  requireSettings(env, ["WEB_PORT", "EMOJISVC_HOST", "VOTINGSVC_HOST"]);
  const wantedPort = portSetting(env, "WEB_PORT");
  const web = createWeb({
    assets: options.assets,
    attestation: attestationFactsOf(env),
    emoji: createGrpcChannel(textSetting(env, "EMOJISVC_HOST")),
    voting: createGrpcChannel(textSetting(env, "VOTINGSVC_HOST")),
    log,
  });
  const port = await listenOn(web.server, wantedPort, host ?? "0.0.0.0");
  log.info({ port }, "service is ready");
  return {
    port,
    stop: async (graceMs) => {
      await closeServer(web.server, graceMs);
      web.disconnect();
    },
  };
}
