import dns from "node:dns";
import type { NameTable } from "./name-table.ts";
import { type Method, type Restore, replaceMethod } from "./patch.ts";

/** What a lookup answers: to a callback, and as a promise. */
interface Answer {
  readonly results: readonly unknown[];
  readonly value: unknown;
}

/** Reads the options of one kind of lookup and answers with a stand-in address. */
type Answerer = (address: string, options: unknown) => Answer;

/** Makes lookups of the names in `names` answer their stand-in addresses. */
export function patchLookup(names: NameTable): readonly Restore[] {
  const callbackTargets = [dns, dns.Resolver.prototype];
  const promiseTargets = [dns.promises, dns.promises.Resolver.prototype];
  const patches: readonly (readonly [string, Answerer])[] = [
    ["lookup", answerLookup],
    ["resolve4", answerResolve(asIpv4)],
    ["resolve6", answerResolve(asIpv6)],
  ];
  return patches.flatMap(([method, answer]) => [
    ...callbackTargets.map((target) =>
      replaceMethod(target, method, (original) => withCallback(original, names, answer)),
    ),
    ...promiseTargets.map((target) =>
      replaceMethod(target, method, (original) => withPromise(original, names, answer)),
    ),
  ]);
}

function withCallback(original: Method, names: NameTable, answer: Answerer): Method {
  return function lookupTransparently(...args) {
    const [host, options] = args;
    const address = typeof host === "string" ? names.addressOf(host) : undefined;
    const callback = args.at(-1);
    if (address === undefined || typeof callback !== "function") return original.apply(this, args);
    process.nextTick(callback, null, ...answer(address, options).results);
    return {};
  };
}

function withPromise(original: Method, names: NameTable, answer: Answerer): Method {
  return async function lookupTransparently(...args) {
    const [host, options] = args;
    const address = typeof host === "string" ? names.addressOf(host) : undefined;
    return address === undefined
      ? await original.apply(this, args)
      : answer(address, options).value;
  };
}

function answerLookup(address: string, options: unknown): Answer {
  const { all, family = options } = fieldsOf(options);
  const found =
    family === 6 || family === "IPv6"
      ? { address: asIpv6(address), family: 6 }
      : { address, family: 4 };
  if (all === true) return { results: [[found]], value: [found] };
  return { results: [found.address, found.family], value: found };
}

function answerResolve(form: (address: string) => string): Answerer {
  return (address, options) => {
    const found = form(address);
    const value = fieldsOf(options)["ttl"] === true ? [{ address: found, ttl: 0 }] : [found];
    return { results: [value], value };
  };
}

function fieldsOf(options: unknown): Readonly<Record<string, unknown>> {
  return typeof options === "object" && options !== null
    ? (options as Readonly<Record<string, unknown>>)
    : {};
}

function asIpv4(address: string): string {
  return address;
}

/** IPv4-mapped (RFC 4291 section 2.5.5.2): reaches the same loopback address. */
function asIpv6(address: string): string {
  return `::ffff:${address}`;
}
