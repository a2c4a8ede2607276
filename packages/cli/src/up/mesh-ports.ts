import { CliError } from "../cli-error.ts";
import { findFreePorts, requireFreePort } from "./loopback-port.ts";
import type { MeshConfig } from "./mesh-config.ts";
import { countInnerPorts, type PortPlan, planPorts } from "./port-plan.ts";

/** The ports that people and tools use. */
export interface MeshPorts {
  readonly web: number;
  readonly coordinator: number;
  readonly mesh: number;
}

/** Where a mesh listens unless told otherwise. */
export const DEFAULT_PORTS: MeshPorts = { web: 8443, coordinator: 4433, mesh: 2001 };

const OPTIONS = [
  ["web", "--web-port"],
  ["coordinator", "--coordinator-port"],
  ["mesh", "--mesh-port"],
] as const;

/**
 * Makes sure that the wanted ports are free (0 takes any), and finds one for every other listener.
 * Throws `PORT_TAKEN`, and `USAGE` for one port named twice.
 */
export async function choosePorts(
  wanted: MeshPorts,
  config: MeshConfig,
): Promise<{ readonly ports: MeshPorts; readonly plan: PortPlan }> {
  for (const [index, [name, option]] of OPTIONS.entries()) {
    const twin = OPTIONS.slice(0, index).find(([other]) => wanted[other] === wanted[name]);
    if (twin !== undefined && wanted[name] !== 0) {
      throw new CliError("USAGE", `${twin[1]} and ${option} name the same port ${wanted[name]}`);
    }
    if (wanted[name] !== 0) await requireFreePort(wanted[name], option);
  }
  const free = await findFreePorts(OPTIONS.length + countInnerPorts(config));
  const [web = 0, coordinator = 0, mesh = 0, ...inner] = free;
  const ports = {
    web: wanted.web || web,
    coordinator: wanted.coordinator || coordinator,
    mesh: wanted.mesh || mesh,
  };
  return { ports, plan: planPorts(config, ports.web, inner) };
}
