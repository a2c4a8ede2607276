/** Names and addresses, and nothing that a shell reads: the origin goes into a command that is shown. */
const HOST = /^(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])$/;

/** The origin of the poll at an address that somebody entered; undefined for anything but https (http only on this machine). */
export function pollOriginOf(address: string): string | undefined {
  const text = /^[a-z]+:\/\//i.test(address.trim()) ? address.trim() : `https://${address.trim()}`;
  try {
    const { protocol, hostname, origin } = new URL(text);
    if (!HOST.test(hostname)) return undefined;
    const isLocal = hostname === "localhost" || hostname === "127.0.0.1";
    return protocol === "https:" || (protocol === "http:" && isLocal) ? origin : undefined;
  } catch {
    return undefined;
  }
}
