import { parseCoordinatorHost } from "@carrara/client";
import { createGrpcChannel } from "../grpc/grpc-channel.ts";
import { closeServer, listenOn } from "../http/http-server.ts";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import type { Log } from "../service/log.ts";
import type { RunningService } from "../service/run-service.ts";
import {
  type Environment,
  portSetting,
  requireSettings,
  textSetting,
} from "../service/settings.ts";
import { createEvidenceSource, type EvidenceSource } from "./evidence-bundle.ts";
import type { Assets } from "./page-files.ts";
import { siteChainOf } from "./site-chain.ts";
import { createWeb } from "./web.ts";

/** A started web service and the port it took. */
export interface WebApp extends RunningService {
  readonly port: number;
}

/** Starts web from `WEB_PORT`, `EMOJISVC_HOST` and `VOTINGSVC_HOST`. Throws `SETTING_MISSING`, `SETTING_INVALID`. */
export async function startWeb(options: {
  /** Read again for what the runtime renews. */
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
    emoji: createGrpcChannel(textSetting(env, "EMOJISVC_HOST")),
    voting: votingHostsOf(env).map(createGrpcChannel),
    evidence: evidenceOf(env, wantedPort),
    log,
  });
  const port = await listenOn(web.server, wantedPort, host ?? "0.0.0.0");
  log.info({ port }, "service is ready");
  return {
    port,
    stop: async (graceMs) => {
      web.endStreams();
      await closeServer(web.server, graceMs);
      web.disconnect();
    },
  };
}

/** Longest list: keys statements of so many replicas are read by verifiers. */
const MAX_VOTING_HOSTS = 16;

/** `host:port` of each voting replica, with commas between. */
function votingHostsOf(env: Environment): readonly string[] {
  const hosts = textSetting(env, "VOTINGSVC_HOST")
    .split(",")
    .map((host) => host.trim())
    .filter((host) => host !== "");
  if (hosts.length > 0 && hosts.length <= MAX_VOTING_HOSTS) return hosts;
  throw new EmojivotoError(
    "SETTING_INVALID",
    `VOTINGSVC_HOST needs 1 to ${MAX_VOTING_HOSTS} hosts`,
  );
}

/** The mesh's evidence, when the host says where the Coordinator is. Its root comes from the activation. */
function evidenceOf(env: Environment, port: number): EvidenceSource | undefined {
  const { CARRARA_COORDINATOR_ADDR: address = "" } = env;
  if (address === "") return undefined;
  return createEvidenceSource({
    host: parseCoordinatorHost(address),
    rootPem: () => env["MARBLE_PREDEFINED_COORDINATOR_ROOT_CA"] ?? "",
    siteChain: () => siteChainOf(env, port),
    now: () => performance.now(),
  });
}
