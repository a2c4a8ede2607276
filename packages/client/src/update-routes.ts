import { utf8 } from "@carrara/encoding";
import {
  encodeGoJson,
  type GoJsonValue,
  goArray,
  goBool,
  goBytes,
  goInt,
  goMap,
  goObject,
  goRaw,
  goString,
} from "@carrara/manifest";
import { ClientError } from "./error.ts";
import type { RouteCaller } from "./route-caller.ts";

/** How far an update has come. */
export interface UpdateProgress {
  /** 0 when the update is in force. */
  readonly missingAcknowledgments: number;
  /** Users who may still acknowledge, sorted; more than are needed where a threshold counts. */
  readonly missingUsers: readonly string[];
  /** Encrypted recovery secrets by key name, if they are new; given to this caller alone. */
  readonly recoverySecrets: ReadonlyMap<string, Uint8Array>;
}

/** One thing that an update would do, in words. */
export interface ForecastChange {
  /** What it is about, as `package` or `secret`. */
  readonly kind: string;
  /** `added`, `removed`, `changed`, or `follows` for what any update does. */
  readonly change: string;
  /** Name of the entry; empty where there is only one. */
  readonly subject: string;
  readonly sentence: string;
}

/** What would come of an update. */
export interface UpdateForecast extends Omit<UpdateProgress, "recoverySecrets"> {
  /** `package` or `full`. */
  readonly kind: string;
  /** Names of the recovery keys that would get new secrets. */
  readonly renewedRecoveryKeys: readonly string[];
  readonly changes: readonly ForecastChange[];
  readonly warnings: readonly string[];
}

/** What an acknowledgement has led to. */
export interface Acknowledgement extends UpdateProgress {
  /** The Coordinator's words. */
  readonly message: string;
}

/** An update that waits for acknowledgements. */
export interface PendingUpdate {
  /** The bytes that have to be acknowledged. */
  readonly manifest: Uint8Array;
  readonly message: string;
  readonly missingUsers: readonly string[];
}

/** Updates of the manifest; writing needs an identity that the manifest names. */
export interface UpdateRoutes {
  /** Starts or applies an update. Also throws `UNAUTHORIZED`. */
  updateManifest(manifest: Uint8Array, signal?: AbortSignal): Promise<UpdateProgress>;
  /**
   * Has an update checked without starting it. Also throws `UNAUTHORIZED`, and `DRY_RUN_UNSUPPORTED` before anything is sent to a server that
   * would take the request for a real one.
   */
  dryRunUpdate(manifest: Uint8Array, signal?: AbortSignal): Promise<UpdateForecast>;
  /** Also throws `NO_UPDATE`. */
  getPendingUpdate(signal?: AbortSignal): Promise<PendingUpdate>;
  /** Agrees to exactly these bytes. Also throws `UNAUTHORIZED`, `NO_UPDATE`. */
  acknowledgeUpdate(manifest: Uint8Array, signal?: AbortSignal): Promise<Acknowledgement>;
  /** Resolves with the Coordinator's words. Also throws `UNAUTHORIZED`, `NO_UPDATE`. */
  cancelUpdate(signal?: AbortSignal): Promise<string>;
}

const users = goArray(goString);
const progress = goObject({
  missingAcknowledgments: goInt,
  missingUsers: users,
  recoverySecrets: goMap(goBytes),
});
const forecast = goObject({
  missingAcknowledgments: goInt,
  missingUsers: users,
  dryRun: goBool,
  kind: goString,
  renewedRecoveryKeys: users,
  changes: goArray(
    goObject({ kind: goString, change: goString, subject: goString, sentence: goString }),
  ),
  warnings: goArray(goString),
});
const acknowledgement = goObject({
  message: goString,
  missingAcknowledgments: goInt,
  missingUsers: users,
  recoverySecrets: goMap(goBytes),
});
const pending = goObject({ manifest: goBytes, message: goString, missingUsers: users });
const cancelled = goObject({ message: goString });

const NONE = { missingUsers: [], recoverySecrets: new Map<string, Uint8Array>() } as const;

/** The routes over `caller` (spec marblerun sections 2.4 and 2.5). */
export function updateRoutes(caller: RouteCaller): UpdateRoutes {
  async function getPending(signal?: AbortSignal): Promise<PendingUpdate> {
    const call = { method: "GET", decoder: pending } as const;
    const v2 = await caller.try({ ...call, path: "/api/v2/update-manifest" }, signal);
    const found = v2 ?? (await caller.must({ ...call, path: "/update-manifest" }, signal));
    return { ...found, missingUsers: found.missingUsers.toSorted() };
  }

  return {
    async updateManifest(manifest, signal) {
      const call = { method: "POST", path: "/api/v2/update", decoder: progress } as const;
      const v2 = await caller.try({ ...call, body: envelope({ manifest }) }, signal);
      if (v2 !== undefined) return { ...v2, missingUsers: v2.missingUsers.toSorted() };
      const old = { method: "POST", path: "/update", decoder: goRaw, body: manifest } as const;
      await caller.must(old, signal);
      return await orNone(async () => await getPending(signal));
    },

    async dryRunUpdate(manifest, signal) {
      // Servers of others ignore the query and would apply the update; this route is our own.
      const own = { method: "GET", path: "/api/v2/collateral", decoder: goRaw } as const;
      if (!(await knows(caller, own, signal))) throw dryRunUnsupported();
      const path = "/api/v2/update?dryRun=true";
      const call = { method: "POST", path, decoder: forecast } as const;
      const answer = await caller.try({ ...call, body: envelope({ manifest }) }, signal);
      if (answer === undefined) throw dryRunUnsupported();
      const { dryRun, ...found } = answer;
      if (dryRun) return { ...found, missingUsers: found.missingUsers.toSorted() };
      throw new ClientError(
        "RESPONSE_INVALID",
        "the Coordinator does not say that this was a dry run; look at its update log",
      );
    },

    getPendingUpdate: async (signal) => await orNoUpdate(async () => await getPending(signal)),

    acknowledgeUpdate: async (manifest, signal) =>
      await orNoUpdate(async () => {
        const call = { method: "POST", decoder: acknowledgement } as const;
        const body = envelope({ manifest });
        const v2 = await caller.try({ ...call, path: "/api/v2/update-manifest", body }, signal);
        if (v2 !== undefined) return { ...v2, missingUsers: v2.missingUsers.toSorted() };
        const old = { method: "POST", path: "/update-manifest", decoder: goString } as const;
        const message = await caller.must({ ...old, body: manifest }, signal);
        return { ...(await orNone(async () => await getPending(signal))), message };
      }),

    cancelUpdate: async (signal) =>
      await orNoUpdate(async () => {
        const call = { method: "POST", body: utf8("{}") } as const;
        const path = "/api/v2/update-cancel";
        const v2 = await caller.try({ ...call, path, decoder: cancelled }, signal);
        if (v2 !== undefined) return v2.message;
        const old = { ...call, path: "/update-cancel", decoder: goString };
        return await caller.must(old, signal);
      }),
  };
}

function envelope(fields: { readonly [field: string]: GoJsonValue }): Uint8Array {
  return utf8(encodeGoJson(fields));
}

/** Whether the server knows a route, however it answers there. */
async function knows(
  caller: RouteCaller,
  call: Parameters<RouteCaller["try"]>[0],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    return (await caller.try(call, signal)) !== undefined;
  } catch (cause) {
    if (cause instanceof ClientError && cause.code === "SERVER_REFUSED")
      return cause.status !== 404;
    throw cause;
  }
}

function dryRunUnsupported(): ClientError {
  return new ClientError(
    "DRY_RUN_UNSUPPORTED",
    "this Coordinator has no dry run and would apply the update; nothing was sent",
  );
}

/** What an old server, which answers with less, leaves open: its pending update, if there is one. */
async function orNone(read: () => Promise<PendingUpdate>): Promise<UpdateProgress> {
  try {
    const { message, missingUsers } = await read();
    const missing = Number(/^[0-9]+/.exec(message)?.[0] ?? missingUsers.length);
    return { ...NONE, missingAcknowledgments: missing, missingUsers };
  } catch (cause) {
    if (isNoUpdate(cause)) return { ...NONE, missingAcknowledgments: 0 };
    throw cause;
  }
}

function isNoUpdate(cause: unknown): cause is ClientError {
  return cause instanceof ClientError && cause.status === 404;
}

async function orNoUpdate<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (!isNoUpdate(cause)) throw cause;
    throw new ClientError("NO_UPDATE", "no update in progress", { cause, status: 404 });
  }
}
