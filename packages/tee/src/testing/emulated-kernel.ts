import { utf8 } from "@carrara/encoding";
import {
  errnoError,
  fixedDirectory,
  type KernelDirectory,
  type KernelNode,
  type KernelOpenFile,
  readOnlyFile,
} from "./kernel-node.ts";

/** System calls by absolute path; every failure throws an error with an errno `code`. */
export interface EmulatedKernel {
  open(path: string, access: "read" | "write"): KernelOpenFile;
  mkdir(path: string): void;
  rmdir(path: string): void;
  /** Undefined where there is nothing. */
  find(path: string): KernelNode | undefined;
}

/** The directories that a guest has; what is left out is absent. */
export interface EmulatedKernelOptions {
  /** Default `6.18.0`. */
  readonly release?: string;
  /** /dev/attestation. */
  readonly attestation?: KernelDirectory;
  /** /sys/kernel/config/tsm/report. */
  readonly tsm?: KernelDirectory;
  /** /sys/devices/virtual/misc/tdx_guest/measurements. */
  readonly measurements?: KernelDirectory;
  /** Whether there is a /dev/tpmrm0. */
  readonly tpm?: boolean;
}

/** One tree of pseudo-files under the paths that Linux and Gramine give them. */
export function createEmulatedKernel(options: EmulatedKernelOptions): EmulatedKernel {
  const { release = "6.18.0", attestation, tsm, measurements, tpm = false } = options;
  const below = (names: readonly string[], node: KernelNode | undefined): KernelNode | undefined =>
    node === undefined
      ? undefined
      : names.reduceRight<KernelNode>((inner, name) => fixedDirectory({ [name]: inner }), node);
  const root = fixedDirectory({
    proc: below(
      ["sys", "kernel", "osrelease"],
      readOnlyFile(() => utf8(`${release}\n`)),
    ),
    dev: fixedDirectory({
      attestation,
      tpmrm0: tpm ? readOnlyFile(() => new Uint8Array()) : undefined,
    }),
    sys: fixedDirectory({
      kernel: below(["config", "tsm", "report"], tsm),
      devices: below(["virtual", "misc", "tdx_guest", "measurements"], measurements),
    }),
  });

  const find = (path: string): KernelNode | undefined => {
    let node: KernelNode | undefined = root;
    for (const name of path.split("/").filter((part) => part !== "")) {
      if (node?.kind !== "directory") return undefined;
      node = node.child(name);
    }
    return node;
  };
  const parentOf = (path: string): readonly [KernelDirectory, string] => {
    const slash = path.lastIndexOf("/");
    const parent = find(path.slice(0, slash));
    if (parent?.kind !== "directory") throw errnoError("ENOENT");
    return [parent, path.slice(slash + 1)];
  };
  return {
    find,
    open(path, access) {
      const node = find(path);
      if (node === undefined) throw errnoError("ENOENT");
      if (node.kind === "directory") throw errnoError("EISDIR");
      return node.open(access);
    },
    mkdir(path) {
      const [parent, name] = parentOf(path);
      if (parent.mkdir === undefined) throw errnoError("EPERM");
      parent.mkdir(name);
    },
    rmdir(path) {
      const [parent, name] = parentOf(path);
      if (parent.rmdir === undefined) throw errnoError("EPERM");
      parent.rmdir(name);
    },
  };
}
