import { PkiError } from "./error.ts";

/** 4 or 16 octets of an IP address text; undefined when `text` is none. */
export function parseIpAddress(text: string): Uint8Array | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Uint8Array | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const octets = match?.slice(1).map(Number);
  return octets?.every((octet) => octet < 256) ? new Uint8Array(octets) : undefined;
}

function groups(part: string): number[] | undefined {
  if (part === "") return [];
  const out: number[] = [];
  for (const group of part.split(":")) {
    if (group.includes(".")) {
      const v4 = parseIpv4(group);
      if (v4 === undefined) return undefined;
      const [a = 0, b = 0, c = 0, d = 0] = v4;
      out.push(a * 256 + b, c * 256 + d);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      out.push(Number.parseInt(group, 16));
    } else {
      return undefined;
    }
  }
  return out;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groups(halves[0] ?? "");
  const tail = groups(halves[1] ?? "");
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...head, ...new Array<number>(missing).fill(0), ...tail];
  return new Uint8Array(all.flatMap((group) => [group >> 8, group & 0xff]));
}

/** Text of 4 or 16 octets. Throws `CERT_MALFORMED` for any other length. */
export function formatIpAddress(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join(".");
  if (octets.length !== 16) {
    throw new PkiError("CERT_MALFORMED", `ip address has ${octets.length} octets, 4 or 16 needed`);
  }
  const words: string[] = [];
  for (let i = 0; i < 16; i += 2) {
    words.push((((octets[i] ?? 0) << 8) | (octets[i + 1] ?? 0)).toString(16));
  }
  const text = words.join(":");
  const runs = [...text.matchAll(/\b0(?::0)+\b/g)];
  const [longest] = runs.sort((a, b) => b[0].length - a[0].length);
  if (longest === undefined) return text;
  const head = text.slice(0, longest.index).replace(/:$/, "");
  const tail = text.slice(longest.index + longest[0].length).replace(/^:/, "");
  return `${head}::${tail}`;
}
