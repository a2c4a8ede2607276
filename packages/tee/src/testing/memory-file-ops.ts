import type { FileOps } from "../evidence/file-ops.ts";
import type { EmulatedKernel } from "./emulated-kernel.ts";

/** Layer 1 of the emulation (attestation specification section 7.5): calls without a mount. */
export function createMemoryFileOps(kernel: EmulatedKernel): FileOps {
  return {
    async open(path, access) {
      const file = kernel.open(path, access);
      let position = 0;
      return {
        async read(into) {
          const bytes = file.read(into.length, position);
          into.set(bytes);
          position += bytes.length;
          return bytes.length;
        },
        async write(bytes) {
          const taken = file.write(bytes, position);
          position += taken;
          return taken;
        },
        close: async () => file.close(),
      };
    },
    mkdir: async (path) => kernel.mkdir(path),
    rmdir: async (path) => kernel.rmdir(path),
  };
}
