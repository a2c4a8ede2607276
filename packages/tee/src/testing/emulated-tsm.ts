import { utf8 } from "@carrara/encoding";
import { binaryAttribute, textAttribute } from "./configfs-attribute.ts";
import { errnoError, fixedDirectory, type KernelDirectory } from "./kernel-node.ts";

const INBLOB_MAX_BYTES = 64;
const OUTBLOB_MAX_BYTES = 16 * 1024 * 1024;
const PRIVLEVEL_MAX = 3;

/** A guest driver that registered with configfs-tsm. */
export interface EmulatedProvider {
  readonly name: string;
  /** Makes what `outblob` gives. May throw errno errors, as a quoting service that is away does. */
  makeReport(reportData: Uint8Array, privilegeLevel: number): Uint8Array;
  /** Lowest privilege level; undefined for a driver that has none (TDX). */
  readonly privilegeFloor?: number;
  /** What `auxblob` gives; undefined for a driver that has none (TDX). */
  readonly auxBlob?: (reportData: Uint8Array) => Uint8Array;
}

/** The part of the kernel behind /sys/kernel/config/tsm/report. */
export interface EmulatedTsm {
  readonly directory: KernelDirectory;
  /** Loads, changes or, with undefined, unloads the driver. */
  setProvider(provider: EmulatedProvider | undefined): void;
}

/** The rules of configfs-tsm; `generations` is where the count of writes wraps around. */
export function createEmulatedTsm(
  initial: EmulatedProvider | undefined,
  generations: number = 2 ** 32,
): EmulatedTsm {
  let provider = initial;
  const entries = new Map<string, TsmEntry>();
  return {
    setProvider(next) {
      provider = next;
    },
    directory: {
      kind: "directory",
      list: () => [...entries.keys()],
      child: (name) => entries.get(name)?.directory,
      mkdir(name) {
        if (provider === undefined) throw errnoError("ENXIO");
        if (entries.has(name)) throw errnoError("EEXIST");
        entries.set(
          name,
          createEntry(() => provider, generations),
        );
      },
      rmdir(name) {
        const entry = entries.get(name);
        if (entry === undefined) throw errnoError("ENOENT");
        entry.remove();
        entries.delete(name);
      },
    },
  };
}

interface TsmEntry {
  readonly directory: KernelDirectory;
  remove(): void;
}

function createEntry(
  getProvider: () => EmulatedProvider | undefined,
  generations: number,
): TsmEntry {
  let alive = true;
  let inblob: Uint8Array | undefined;
  let privilegeLevel = 0;
  let written = 0;
  let read = 0;
  let made: { readonly outblob: Uint8Array; readonly auxblob: Uint8Array } | undefined;

  const requireAlive = (): void => {
    if (!alive) throw errnoError("ENOENT");
  };
  const requireProvider = (): EmulatedProvider => {
    const provider = getProvider();
    if (provider === undefined) throw errnoError("ENXIO");
    return provider;
  };
  const advance = (): void => {
    const next = (written + 1) % generations;
    if (next === read) throw errnoError("EBUSY");
    written = next;
  };
  const report = (): { readonly outblob: Uint8Array; readonly auxblob: Uint8Array } => {
    const provider = requireProvider();
    if (inblob === undefined) throw errnoError("EINVAL");
    if (made !== undefined && read === written) return made;
    made = undefined;
    if (inblob.length !== INBLOB_MAX_BYTES) throw errnoError("EINVAL");
    made = {
      outblob: provider.makeReport(inblob, privilegeLevel),
      auxblob: provider.auxBlob?.(inblob) ?? new Uint8Array(),
    };
    read = written;
    return made;
  };

  const first = requireProvider();
  const floor = first.privilegeFloor;
  const directory = fixedDirectory({
    inblob: binaryAttribute(INBLOB_MAX_BYTES, {
      requireAlive,
      store(value) {
        advance();
        inblob = value;
      },
    }),
    outblob: binaryAttribute(OUTBLOB_MAX_BYTES, { requireAlive, show: () => report().outblob }),
    auxblob:
      first.auxBlob === undefined
        ? undefined
        : binaryAttribute(OUTBLOB_MAX_BYTES, { requireAlive, show: () => report().auxblob }),
    provider: textAttribute({ requireAlive, show: () => utf8(`${requireProvider().name}\n`) }),
    generation: textAttribute({ requireAlive, show: () => utf8(`${written}\n`) }),
    privlevel:
      floor === undefined
        ? undefined
        : textAttribute({
            requireAlive,
            store(value) {
              const level = parseLevel(value);
              if (level < floor || level > PRIVLEVEL_MAX) throw errnoError("EINVAL");
              advance();
              privilegeLevel = level;
            },
          }),
    privlevel_floor:
      floor === undefined
        ? undefined
        : textAttribute({ requireAlive, show: () => utf8(`${floor}\n`) }),
  });
  return {
    directory,
    remove() {
      alive = false;
    },
  };
}

function parseLevel(value: Uint8Array): number {
  const text = new TextDecoder().decode(value);
  if (!/^\d{1,9}\n?$/.test(text)) throw errnoError("EINVAL");
  return Number(text);
}
