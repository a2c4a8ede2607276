import type { EnclaveLevel } from "./enclave-level.ts";
import type { LevelStanding } from "./level-standing.ts";
import type { Quote } from "./quote.ts";
import { type PlatformTcb, platformLevel, type TcbInfo } from "./tcb-info.ts";
import {
  convergeTcbStatus,
  type LevelStatus,
  relaunchStatus,
  type TcbStatus,
} from "./tcb-status.ts";
import { tdxModuleLevel } from "./tdx-module.ts";

/** What the levels of the platform and of the software on it come to. */
interface TcbEvaluation<Status extends TcbStatus = TcbStatus> {
  readonly status: Status;
  /** Union over the levels, sorted, each once. */
  readonly advisoryIds: readonly string[];
  /** The earliest of the levels. */
  readonly tcbDate: Date;
  readonly platformStatus: LevelStatus;
  /** TDX modules from version 1 on. */
  readonly moduleStatus?: LevelStatus;
}

/** The evaluation of a quote; of a TD report 1.5 also that of the module which runs now. */
export interface QuoteTcb extends TcbEvaluation {
  readonly currentTcb?: TcbEvaluation<LevelStatus>;
}

/**
 * Evaluates the TCB of a quote (specification section 2.4).
 * Throws `TCB_LEVEL_NOT_SUPPORTED`, `TDX_MODULE_MISMATCH`.
 */
export function evaluateTcb(
  quote: Quote,
  info: TcbInfo,
  platform: PlatformTcb,
  qe: EnclaveLevel,
): QuoteTcb {
  if (quote.tee === "sgx") return evaluate(info, platform, qe);
  const launch = evaluate(info, platform, qe, quote.body.teeTcbSvn);
  if (quote.body.teeTcbSvn2 === undefined) return launch;
  const currentTcb = evaluate(info, platform, qe, quote.body.teeTcbSvn2);
  return { ...launch, status: relaunchStatus(launch.status, currentTcb.status), currentTcb };
}

function evaluate(
  info: TcbInfo,
  platform: PlatformTcb,
  qe: EnclaveLevel,
  teeTcbSvn?: Uint8Array,
): TcbEvaluation<LevelStatus> {
  const level = platformLevel(info.levels, platform, teeTcbSvn);
  const module =
    teeTcbSvn === undefined || info.tdxModules === undefined
      ? undefined
      : tdxModuleLevel(info.tdxModules, teeTcbSvn);
  const components = module === undefined ? [qe] : [qe, module];
  const levels: readonly LevelStanding[] = [level, ...components];
  return {
    status: convergeTcbStatus(
      level.status,
      components.map(({ status }) => status),
    ),
    advisoryIds: [...new Set(levels.flatMap(({ advisoryIds }) => advisoryIds))].sort(),
    tcbDate: new Date(Math.min(...levels.map(({ date }) => date.getTime()))),
    platformStatus: level.status,
    ...(module === undefined ? {} : { moduleStatus: module.status }),
  };
}
