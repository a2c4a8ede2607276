import { ClientError } from "./error.ts";

/** Where a Coordinator listens. */
export interface CoordinatorHost {
  /** Name or address; an IPv6 address without brackets. */
  readonly name: string;
  /** 1…65535. */
  readonly port: number;
}

/** The Coordinator's client API port when HOST names none. */
export const DEFAULT_COORDINATOR_PORT = 4433;

/** Longest HOST that is read: a DNS name has at most 253 characters (RFC 1035 section 2.3.4). */
const MAX_HOST_CHARACTERS = 300;

const HOST = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?$/;

/** Reads `host:port`, `host` or `[ipv6]:port`; no scheme, no path. Throws `HOST_INVALID`. */
export function parseCoordinatorHost(text: string): CoordinatorHost {
  const match = text.length > MAX_HOST_CHARACTERS ? null : HOST.exec(text);
  const name = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? DEFAULT_COORDINATOR_PORT);
  if (name === undefined || port < 1 || port > 65_535) {
    throw new ClientError(
      "HOST_INVALID",
      `HOST needs the form name:port, as in localhost:${DEFAULT_COORDINATOR_PORT}`,
    );
  }
  return { name, port };
}

/** `name:port`, with brackets around an IPv6 address. */
export function formatCoordinatorHost({ name, port }: CoordinatorHost): string {
  return `${name.includes(":") ? `[${name}]` : name}:${port}`;
}
