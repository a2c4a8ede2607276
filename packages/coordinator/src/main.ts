import {
  collateralRefusalOf,
  createCachedProvider,
  createDcapProviderFor,
  createFileCollateralStore,
  createKdsProvider,
  fetchEndorsements,
  openTee,
} from "@carrara/tee";
import { pino } from "pino";
import { BUILD_INFO } from "./build-info.ts";
import { readCoordinatorConfig } from "./config.ts";
import { CoordinatorError, reasonOf } from "./error.ts";
import { createJsonLog } from "./log.ts";
import { openStateStore } from "./open-store.ts";
import { startCoordinatorServer, trustedAnchors } from "./server.ts";

const log = createJsonLog({
  destination: pino.destination({ fd: 2, sync: true }),
  level: "info",
  readable: process.env["EDG_COORDINATOR_DEV_MODE"] === "1",
});

try {
  const config = readCoordinatorConfig(process.env, process.cwd());
  log.level = config.logLevel;
  if (config.pccsUrl === undefined) {
    throw new CoordinatorError("CONFIG_INVALID", "CARRARA_PCCS_URL is not set");
  }
  const tee = await openTee(process.env);
  const { assurance, trustAnchor } = tee;
  log.info({ ...BUILD_INFO, assurance, anchor: trustAnchor.name }, "coordinator starting");
  const provider = createCachedProvider({
    source: {
      ...createDcapProviderFor({ url: config.pccsUrl }),
      ...createKdsProvider(config.kdsUrl === undefined ? {} : { url: config.kdsUrl }),
    },
    anchors: trustedAnchors(tee),
    // Not sealed: what is read from it is checked as if it came from the network.
    ...(config.collateralDir === undefined
      ? {}
      : { store: createFileCollateralStore({ dir: config.collateralDir }) }),
    report: (error) => {
      const { kind, requestId } = collateralRefusalOf(error) ?? {};
      const fields = { code: error.code, detail: error.message, refusal: kind, requestId };
      log.warn(fields, "collateral not renewed");
    },
  });
  const server = await startCoordinatorServer({
    config,
    environment: process.env,
    store: await openStateStore(config),
    tee,
    endorsements: async (request, signal) => await fetchEndorsements(provider, request, signal),
    clock: () => new Date(),
    log,
    build: BUILD_INFO,
    processMetrics: true,
  });
  const stop = (signal: string) => {
    log.info({ signal }, "coordinator stopping");
    server.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  log.fatal({ code: reasonOf(error), detail: message }, "coordinator cannot start");
  process.exit(1);
}
