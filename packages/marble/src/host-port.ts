/** A host (no brackets, lower case) and a port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Reads `HOST:PORT`, `[V6]:PORT` or `V6:PORT`; `undefined` when `text` is none of them. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([^\]]+)\]|([^\s[\]]+)):(\d{1,5})$/.exec(text);
  const [, bracketed, plain, digits = ""] = match ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (match === null || host === undefined || port < 1 || port > 65535) return undefined;
  return { host: canonicalHost(host), port };
}

/** `host` as keys spell it: lower case, no final dot, IPv4-mapped IPv6 addresses as IPv4. */
export function canonicalHost(host: string): string {
  const lower = host.toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(lower)?.[1];
  return mapped ?? (lower.endsWith(".") ? lower.slice(0, -1) : lower);
}

/** One text for each address, for use as a map key. */
export function hostPortKey({ host, port }: HostPort): string {
  return `${host}:${port}`;
}
