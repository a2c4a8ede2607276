import { CliError } from "../cli-error.ts";
import type { ChildLog } from "./child-log.ts";

/** How a child process ended. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `PROCESS_ENDED` with the end of the child's log. */
export function childFailure(name: string, exit: ChildExit, log: ChildLog): CliError {
  const how = exit.signal === null ? `with code ${exit.code ?? "unknown"}` : `by ${exit.signal}`;
  const tail = log.tail();
  const said = tail === "" ? "it wrote nothing" : `the last it wrote (${log.path}):\n${tail}`;
  return new CliError("PROCESS_ENDED", `${name} ended ${how}; ${said}`);
}
