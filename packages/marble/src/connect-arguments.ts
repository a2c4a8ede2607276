/** Arguments of `net.connect` in one form; `options` are the caller's own, untyped. */
export interface ConnectArguments {
  readonly options: Readonly<Record<string, unknown>>;
  readonly listener: ((this: unknown) => void) | undefined;
}

/**
 * Reads the arguments of `net.connect` and `Socket.prototype.connect`: `(options)`, `(port, host)`
 * or `(path)`, each with a listener at the end, or the array of both that Node passes on inside.
 */
export function readConnectArguments(args: readonly unknown[]): ConnectArguments {
  const [first, second] = args;
  if (Array.isArray(first)) return readConnectArguments(first);
  const last: unknown = args.at(-1);
  const listener = typeof last === "function" ? (last as () => void) : undefined;
  if (typeof first === "object" && first !== null) {
    return { options: first as Readonly<Record<string, unknown>>, listener };
  }
  const isPath = typeof first === "string" && !(Number(first) >= 0);
  if (isPath) return { options: { path: first }, listener };
  const host = typeof second === "string" ? { host: second } : {};
  return { options: { port: first, ...host }, listener };
}

/** Host and port that `options` dial over TCP; `undefined` for a path. */
export function dialledAddress(
  options: ConnectArguments["options"],
): { readonly host: string; readonly port: number } | undefined {
  const { path, port, host } = options;
  if (path !== undefined && path !== null && path !== "") return undefined;
  const number = Number(port);
  if (!Number.isInteger(number) || number < 1) return undefined;
  return { host: typeof host === "string" && host !== "" ? host : "localhost", port: number };
}
