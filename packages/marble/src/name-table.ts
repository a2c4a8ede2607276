import { isIP } from "node:net";
import { canonicalHost } from "./host-port.ts";

/** Host names that are looked up to addresses of our own, and back. */
export interface NameTable {
  /** The stand-in address of a listed name. */
  addressOf(name: string): string | undefined;
  /** The listed name that a stand-in address, or a loopback address, stands for. */
  nameOf(address: string): string | undefined;
}

/** Stand-in addresses are 127.77.0.1 … 127.77.255.250: loopback, so a leak reaches no network. */
const PREFIX = "127.77";
const ADDRESSES_PER_BLOCK = 250;

/**
 * Gives each name in `hosts` a stand-in address, so that a program which looks a name up and then
 * dials the address still gets the certificate check of the name (spec marblerun section 10.4).
 * Addresses stay what they are, and `localhost` keeps its own, which programs also listen on.
 */
export function createNameTable(hosts: Iterable<string>): NameTable {
  const names = [...new Set(hosts)].filter((host) => isIP(host) === 0 && host !== "localhost");
  const addresses = new Map(names.sort().map((name, index) => [name, standIn(index)]));
  const back = new Map(Array.from(addresses, ([name, address]) => [address, name]));
  for (const loopback of ["127.0.0.1", "::1"]) back.set(loopback, "localhost");
  return {
    addressOf: (name) => addresses.get(canonicalHost(name)),
    nameOf: (address) => back.get(canonicalHost(address)),
  };
}

function standIn(index: number): string {
  const block = Math.floor(index / ADDRESSES_PER_BLOCK);
  return `${PREFIX}.${block}.${(index % ADDRESSES_PER_BLOCK) + 1}`;
}
