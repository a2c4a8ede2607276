import type { PremainLog } from "./premain-log.ts";
import type { TlsEntries, TlsEntry } from "./tls-entries.ts";

/**
 * Answers what gives the entries in force the certificates of `renewed`. Which addresses are under TLS
 * and who must show a certificate stays as it was at the start of the process: an entry that is gone
 * keeps what it has, and never becomes plain. Such differences are logged.
 */
export function renewTlsEntries(
  inForce: { readonly incoming: Map<number, TlsEntry>; readonly outgoing: Map<string, TlsEntry> },
  renewed: TlsEntries,
  log: PremainLog,
): () => void {
  return () => {
    const changes = [
      ...renewMap(inForce.incoming, renewed.incoming),
      ...renewMap(inForce.outgoing, renewed.outgoing),
    ];
    if (changes.length > 0) {
      log.warn("transparent tls of the manifest has changed, effective after a restart", {
        entries: changes.join(","),
      });
    }
  };
}

/** Answers the keys whose entries differ in more than certificates. */
function renewMap<K>(
  inForce: Map<K, TlsEntry>,
  renewed: ReadonlyMap<K, TlsEntry>,
): readonly string[] {
  const changed = [...renewed.keys()].filter((key) => !inForce.has(key));
  for (const [key, { clientAuth }] of inForce) {
    const next = renewed.get(key);
    if (next !== undefined) inForce.set(key, { context: next.context, clientAuth });
    if (next?.clientAuth !== clientAuth) changed.push(key);
  }
  return changed.map(String);
}
