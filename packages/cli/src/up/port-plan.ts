import type { MarbleConfig, MeshConfig } from "./mesh-config.ts";

/** Local ports: what each marble's listeners are really bound to. */
export interface PortPlan {
  /** `type port` -> loopback port. */
  readonly bound: ReadonlyMap<string, number>;
}

/** The value of `CARRARA_PORT_MAP`: routing on one machine, which nothing trusts. */
export interface PortMap {
  readonly listen: Readonly<Record<string, string>>;
  readonly dial: Readonly<Record<string, string>>;
}

/** How many loopback ports besides the web's a mesh needs. */
export function countInnerPorts(mesh: MeshConfig): number {
  return mesh.marbles.reduce((sum, { listen }) => sum + listen.size, 0) - 1;
}

/** Gives every listener a port: the web's is `webPort`, the others take `freePorts` in order. */
export function planPorts(
  mesh: MeshConfig,
  webPort: number,
  freePorts: readonly number[],
): PortPlan {
  const free = freePorts.values();
  const bound = new Map<string, number>();
  for (const { type, listen } of mesh.marbles) {
    for (const port of listen.keys()) {
      const isWeb = type === mesh.web.marble && port === String(mesh.web.port);
      bound.set(`${type} ${port}`, isWeb ? webPort : Number(free.next().value));
    }
  }
  return { bound };
}

/** The plan as one more instance of `marble` sees it, whose listeners have the `free` ports in order. */
export function planReplica(
  plan: PortPlan,
  marble: MarbleConfig,
  free: readonly number[],
): PortPlan {
  const own = [...marble.listen.keys()].map(
    (port, i) => [`${marble.type} ${port}`, free[i] ?? 0] as const,
  );
  return { bound: new Map([...plan.bound, ...own]) };
}

/** The port map of one marble: its own listeners, and where every dialled name is. */
export function portMapOf(mesh: MeshConfig, marble: MarbleConfig, plan: PortPlan): PortMap {
  const addressOf = (type: string, port: string) =>
    `127.0.0.1:${plan.bound.get(`${type} ${port}`)}`;
  const listen = [...marble.listen.keys()].map((port) => [port, addressOf(marble.type, port)]);
  const dial = mesh.marbles.flatMap(({ type, listen: names }) =>
    [...names]
      .filter(([, name]) => name.includes(":"))
      .map(([port, name]) => [name, addressOf(type, port)]),
  );
  return { listen: Object.fromEntries(listen), dial: Object.fromEntries(dial) };
}
