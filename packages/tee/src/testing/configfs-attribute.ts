import { errnoError, type KernelFile, type KernelOpenFile } from "./kernel-node.ts";

/** What is behind an attribute. Without `show` it cannot be read, without `store` not written. */
export interface AttributeOps {
  /** Content at the first read of a descriptor. Throws errno errors. */
  show?(): Uint8Array;
  /** Takes a value. Throws errno errors. */
  store?(value: Uint8Array): void;
  /** Throws ENOENT when the directory around the attribute was removed. */
  requireAlive(): void;
}

/** An attribute of text: every write stores at once, and its error is the write's. */
export function textAttribute(ops: AttributeOps): KernelFile {
  return attribute(ops, () => ({
    write(bytes) {
      ops.requireAlive();
      ops.store?.(bytes);
      return bytes.length;
    },
    commit: () => undefined,
  }));
}

/**
 * A binary attribute (attestation specification section 7.2): writes gather in a buffer of at most
 * `maxBytes`, EFBIG beyond; closing hands them to the driver and throws its error away.
 */
export function binaryAttribute(maxBytes: number, ops: AttributeOps): KernelFile {
  return attribute(ops, () => {
    let buffer: Uint8Array | undefined;
    return {
      write(bytes, position) {
        if (position + bytes.length > maxBytes) throw errnoError("EFBIG");
        const grown = new Uint8Array(Math.max(buffer?.length ?? 0, position + bytes.length));
        grown.set(buffer ?? []);
        grown.set(bytes, position);
        buffer = grown;
        return bytes.length;
      },
      commit() {
        const value = buffer;
        buffer = undefined;
        if (value === undefined) return;
        try {
          ops.requireAlive();
          ops.store?.(value);
        } catch {
          // As the kernel does: nobody is told.
        }
      },
    };
  });
}

interface Writer {
  write(bytes: Uint8Array, position: number): number;
  commit(): void;
}

function attribute(ops: AttributeOps, createWriter: () => Writer): KernelFile {
  return {
    kind: "file",
    mode: (ops.show === undefined ? 0 : 0o444) | (ops.store === undefined ? 0 : 0o200),
    open(access) {
      ops.requireAlive();
      const allowed = access === "read" ? ops.show : ops.store;
      if (allowed === undefined) throw errnoError("EACCES");
      return openAttribute(ops, createWriter());
    },
  };
}

/** A descriptor goes one way: once read it cannot be written, and the other way round. */
function openAttribute(ops: AttributeOps, writer: Writer): KernelOpenFile {
  let direction: "read" | "write" | undefined;
  let content: Uint8Array | undefined;
  const turn = (wanted: "read" | "write"): void => {
    if (direction !== undefined && direction !== wanted) throw errnoError("ETXTBSY");
    direction = wanted;
  };
  return {
    read(length, position) {
      turn("read");
      if (content === undefined) {
        ops.requireAlive();
        content = ops.show?.() ?? new Uint8Array();
      }
      return content.slice(position, position + length);
    },
    write(bytes, position) {
      turn("write");
      return writer.write(bytes, position);
    },
    close: () => writer.commit(),
  };
}
