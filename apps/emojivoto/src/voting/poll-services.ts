import { randomBytes } from "node:crypto";
import type { Ledger } from "@carrara/ledger";
import type { Registry } from "prom-client";
import { createBallotService } from "../ballot/ballot-service.ts";
import { type CastStatus, castStatus } from "../ballot/cast-status.ts";
import type { GrpcMetrics } from "../grpc/grpc-metrics.ts";
import type { ServedService } from "../grpc/grpc-server.ts";
import type { BallotOpener } from "../sealed/ballot-opener.ts";
import type { Log } from "../service/log.ts";
import { type BallotBox, createBallotBox } from "./ballot-box.ts";
import type { Choices } from "./choices.ts";
import type { PollClock } from "./poll-clock.ts";
import type { PollSettings } from "./poll-settings.ts";
import { createPublicLog } from "./public-log.ts";
import { createLiveState } from "./public-state.ts";
import { createPublisher } from "./publisher.ts";
import type { KeysSigner } from "./signed-keys.ts";
import { createVotingMetrics, type VotingMetrics } from "./voting-metrics.ts";
import { createVotingService } from "./voting-service.ts";
import { createWitnessRound, type SubmitToWitness, type WitnessPeer } from "./witness-round.ts";

/** What the services of one poll are made from. */
export interface PollParts {
  readonly settings: PollSettings;
  readonly choices: Choices;
  readonly ledger: Ledger;
  readonly opener: BallotOpener;
  readonly openingOf: (ballotId: Uint8Array, choice: number) => Uint8Array;
  readonly keys: KeysSigner;
  readonly peers: readonly WitnessPeer[];
  readonly submitToWitness: SubmitToWitness;
  readonly log: Log;
  readonly clock: PollClock;
}

/** The gRPC services of a poll. */
export interface PollServices {
  readonly services: readonly ServedService[];
  /** Whether votes can be stored. */
  isStoring(): boolean;
}

/** Creates the services; what they do by themselves ends with `stopping`. */
export function createPollServices(
  parts: PollParts,
  tools: { readonly metrics: GrpcMetrics; readonly registry: Registry },
  stopping: AbortSignal,
): PollServices {
  const { settings, choices, ledger, keys, clock } = parts;
  const { poll, rules, compatibilityRpcs } = settings;
  const { metrics, registry } = tools;
  const counts = createVotingMetrics(registry, { isStoring: () => box.isStoring() });
  const box: BallotBox = createBallotBox({
    ...parts,
    poll,
    rules,
    onCounted: counts.counted,
    onStoringChanged: () => state.changed(),
  });
  const state = createLiveState({
    rules,
    choices,
    ledger,
    keys,
    clock,
    isStoring: box.isStoring,
    published: () => publisher.latest,
  });
  const publisher = createPublisher({
    ledger,
    round: roundOf(parts, counts),
    onPublished: state.changed,
  });
  clock.onShown(state.changed);
  const unsubscribe = ledger.onCommit(() => {
    publisher.grew();
    state.changed();
  });
  stopping.addEventListener("abort", () => {
    unsubscribe();
    publisher.stop();
    state.stop();
  });
  const standings = () => (clock.areResultsHidden() ? [] : choices.standings(ledger.tallies()));
  const cast = async (choice: number): Promise<CastStatus> => await castOne(box, choice);
  return {
    isStoring: box.isStoring,
    services: [
      createVotingService({ standings, metrics, cast: compatibilityRpcs ? cast : undefined }),
      createBallotService({
        cast: box.cast,
        state,
        metrics,
        log: createPublicLog({ ledger, published: () => publisher.latest }),
        stopping,
      }),
    ],
  };
}

function roundOf(
  { peers, ledger, log, submitToWitness: submit }: PollParts,
  counts: VotingMetrics,
): ReturnType<typeof createWitnessRound> | undefined {
  if (peers.length === 0) return undefined;
  const onConflict = counts.witnessConflict;
  return createWitnessRound({ peers, ledger, submit, log, onConflict });
}

const BALLOT_ID_BYTES = 16;

/** A vote of the original's RPCs, each of them a vote of its own. */
async function castOne(box: BallotBox, choice: number): Promise<CastStatus> {
  const vote = { choice, ballotId: randomBytes(BALLOT_ID_BYTES), wantsReceipt: false };
  const { statuses } = await box.cast({ id: 0, votes: [vote], ballots: [] });
  return (statuses[0] ?? castStatus.unavailable) as CastStatus;
}
