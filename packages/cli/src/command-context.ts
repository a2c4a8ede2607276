import type { CliIo } from "./cli-io.ts";
import type { GlobalOptions } from "./global-options.ts";

/** What a command's action gets besides its own arguments. */
export interface CommandContext {
  readonly io: CliIo;
  readonly options: GlobalOptions;
}
