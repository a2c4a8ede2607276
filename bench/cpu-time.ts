import { readFileSync } from "node:fs";

/** Microseconds in one of the kernel's ticks. */
const TICK_US = 10_000;

/** Processor time that a process has taken, in microseconds; 0 where the system does not say. */
export function cpuTimeOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * TICK_US;
  } catch {
    return 0;
  }
}
