import { utf8 } from "@carrara/encoding";
import {
  errnoError,
  fixedDirectory,
  type KernelDirectory,
  type KernelFile,
  readOnlyFile,
} from "./kernel-node.ts";

const REPORT_DATA_BYTES = 64;
const KEY_BYTES = 16;

/** What Gramine is started with. */
export interface EmulatedGramineOptions {
  readonly attestationType: string;
  /** Makes what opening `quote` gives. May throw errno errors. */
  makeQuote(reportData: Uint8Array): Uint8Array;
  readonly mrEnclaveKey: Uint8Array;
  readonly mrSignerKey: Uint8Array;
}

/** The rules of Gramine's /dev/attestation (attestation specification section 7.1). */
export function emulatedGramineDirectory(options: EmulatedGramineOptions): KernelDirectory {
  const { attestationType, makeQuote, mrEnclaveKey, mrSignerKey } = options;
  const userReportData = wholeValue(new Uint8Array(REPORT_DATA_BYTES), (bytes) => {
    const value = new Uint8Array(REPORT_DATA_BYTES);
    value.set(bytes.subarray(0, REPORT_DATA_BYTES));
    return value;
  });
  const quote = readOnlyFile(() => makeQuote(userReportData.get()));
  return fixedDirectory({
    attestation_type: readOnlyFile(() => utf8(attestationType)),
    user_report_data: userReportData.file,
    quote: attestationType === "none" ? undefined : quote,
    keys: fixedDirectory({
      _sgx_mrenclave: readOnlyFile(() => mrEnclaveKey),
      _sgx_mrsigner: readOnlyFile(() => mrSignerKey),
      default: wholeValue(new Uint8Array(), (bytes) => {
        if (bytes.length !== KEY_BYTES) throw errnoError("EACCES");
        return bytes.slice();
      }).file,
    }),
  });
}

/** A file whose every write replaces the whole value, wherever the descriptor stands. */
function wholeValue(
  initial: Uint8Array,
  accept: (bytes: Uint8Array) => Uint8Array,
): { readonly file: KernelFile; get(): Uint8Array } {
  let value = initial;
  return {
    get: () => value,
    file: {
      kind: "file",
      mode: 0o666,
      open(access) {
        const atOpen = value;
        return {
          read: (length, position) => atOpen.slice(position, position + length),
          write(bytes) {
            if (access === "read") throw errnoError("EBADF");
            value = accept(bytes);
            return bytes.length;
          },
          close: () => undefined,
        };
      },
    },
  };
}
