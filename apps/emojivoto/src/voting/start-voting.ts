import type { Anchor, LedgerStore } from "@carrara/ledger";
import { submitCheckpoint } from "@carrara/witness";
import { createBallotOpener } from "../sealed/ballot-opener.ts";
import { type GrpcApp, startGrpcApp } from "../service/grpc-app.ts";
import type { Log } from "../service/log.ts";
import type { Environment } from "../service/settings.ts";
import { createChoices } from "./choices.ts";
import type { EndMark } from "./end-mark.ts";
import { endMarkOf, ledgerKeyOf, openPollLedger } from "./open-poll-ledger.ts";
import { createPlainOpenings } from "./plain-opening.ts";
import { openPollClock } from "./poll-clock.ts";
import { createPollServices } from "./poll-services.ts";
import { pollSettingsOf } from "./poll-settings.ts";
import { createKeysSigner } from "./signed-keys.ts";
import { type SubmitToWitness, witnessPeersOf } from "./witness-round.ts";

/** What the voting service is started from. */
export interface VotingOptions {
  /** Read again for what the runtime renews. */
  readonly env: Environment;
  readonly log: Log;
  /** Whether this version counts the doughnut. */
  readonly doughnutCounts: boolean;
  /** The address to bind; all addresses unless told. */
  readonly host?: string;
  /** Where the ledger is, in place of files in `CARRARA_DATA_DIR`. */
  readonly store?: LedgerStore;
  /** What notices a store that was put back, in place of the Coordinator's counter. */
  readonly anchor?: Anchor;
  /** What remembers that hidden results were shown, in place of the Coordinator's counter. */
  readonly endMark?: EndMark;
  /** In place of HTTP. */
  readonly submitToWitness?: SubmitToWitness;
  readonly now?: () => Date;
}

/**
 * Opens the ledger and starts the voting service over it. Throws the ledger's codes, `SETTING_MISSING`,
 * `SETTING_INVALID`, `CERTIFICATE_INVALID`, `POLL_RESULT_CHANGED`.
 */
export async function startVoting(options: VotingOptions): Promise<GrpcApp> {
  const { env, log, doughnutCounts, now = () => new Date() } = options;
  const settings = pollSettingsOf(env);
  const { poll, rules } = settings;
  const peers = witnessPeersOf(env["WITNESSES"] ?? "");
  const openingOf = createPlainOpenings(ledgerKeyOf(env), poll);
  const ledger = await openPollLedger({ ...options, settings });
  log.info({ ballots: ledger.size }, "ledger is open");
  const opener = createBallotOpener(poll);
  const statement = {
    poll,
    rules,
    hpkeKeys: [opener.publicKey],
    logKey: ledger.logKey,
    witnesses: peers.map(({ key }) => key),
  };
  const stopping = new AbortController();
  try {
    const mark = options.endMark ?? endMarkOf(env, poll);
    const clock = await openPollClock({ rules, ledger, now, mark, log });
    const parts = {
      submitToWitness: options.submitToWitness ?? submitCheckpoint,
      ...{ settings, peers, openingOf, ledger, opener, log, clock },
      choices: createChoices({ doughnutCounts }),
      keys: createKeysSigner(statement, env),
    };
    const app = await startGrpcApp({
      ...options,
      serve: (tools) => {
        const { services, isStoring } = createPollServices(parts, tools, stopping.signal);
        return { services, isServing: isStoring };
      },
    });
    return {
      ...app,
      stop: async (graceMs) => {
        stopping.abort();
        await app.stop(graceMs);
        await ledger.close();
      },
    };
  } catch (error) {
    stopping.abort();
    await ledger.close().catch(() => undefined);
    throw error;
  }
}
