import type { Marble, TlsTag } from "./manifest.ts";
import { changesOf, compareMaps, type ManifestChange } from "./manifest-change.ts";
import type { ManifestFile } from "./manifest-file.ts";
import { isSameValue } from "./same-value.ts";
import { countOf, listOf } from "./word-list.ts";

const { added, removed, changed } = changesOf("marble");

/** Which roles exist after the update, and with what they run. */
export function diffMarbles(
  before: ReadonlyMap<string, Marble>,
  after: ReadonlyMap<string, Marble>,
): readonly ManifestChange[] {
  const difference = compareMaps(before, after);
  return [
    ...difference.removed.map(([name]) =>
      removed(name, `Marble ${name} is removed and can no longer be activated.`),
    ),
    ...difference.added.map(([name, marble]) =>
      added(
        name,
        `Marble ${name} is new: it runs package ${marble.package}, ${describeLimit(marble)}.`,
      ),
    ),
    ...difference.common.flatMap(([name, old, marble]) => diffMarble(name, old, marble)),
  ];
}

function diffMarble(name: string, old: Marble, marble: Marble): readonly ManifestChange[] {
  const { parameters: had } = old;
  const { parameters: gets } = marble;
  const sentences = [
    ...(old.package === marble.package
      ? []
      : [`Marble ${name} runs package ${marble.package} instead of ${old.package}.`]),
    ...(old.maxActivations === marble.maxActivations
      ? []
      : [
          `Marble ${name} may be activated ${describeLimit(marble)}, counting those there were; before ${describeLimit(old)}.`,
        ]),
    ...(isSameValue(had.argv, gets.argv) ? [] : [`Marble ${name} runs with other arguments.`]),
    ...diffEntries(`Marble ${name}`, "file", had.files, gets.files),
    ...diffEntries(`Marble ${name}`, "variable", had.env, gets.env),
    ...diffTags(name, old, marble),
    ...(old.disableSecretBinding === marble.disableSecretBinding
      ? []
      : [`Marble ${name} gets other keys of its own: secret binding is switched.`]),
  ];
  return sentences.map((sentence) => changed(name, sentence));
}

/** How often a Marble may be activated. */
export function describeLimit({ maxActivations }: Marble): string {
  return maxActivations === 0
    ? "any number of times"
    : `at most ${countOf(maxActivations, "time")}`;
}

function diffEntries(
  who: string,
  noun: string,
  before: ReadonlyMap<string, ManifestFile>,
  after: ReadonlyMap<string, ManifestFile>,
): readonly string[] {
  const difference = compareMaps(before, after);
  const other = difference.common.filter(([, old, now]) => !isSameValue(old, now));
  const sentence = (verb: string, entries: readonly (readonly [string, ...unknown[]])[]) => {
    const nouns = entries.length === 1 ? noun : `${noun}s`;
    return entries.length === 0
      ? []
      : [`${who} ${verb} ${nouns} ${listOf(entries.map(([name]) => name))}.`];
  };
  return [
    ...sentence("no longer gets", difference.removed),
    ...sentence("now gets", difference.added),
    ...sentence("gets another content of", other),
  ];
}

function diffTags(name: string, old: Marble, marble: Marble): readonly string[] {
  if (isSameValue(old.tls, marble.tls)) return [];
  return marble.tls.length === 0
    ? [`Marble ${name} gets no transparent TLS any more.`]
    : [`Marble ${name} gets transparent TLS by ${listOf(marble.tls)}.`];
}

/** TLS tags by name: what they say is only worth a sentence where it differs. */
export function diffTlsTags(
  before: ReadonlyMap<string, TlsTag>,
  after: ReadonlyMap<string, TlsTag>,
): readonly ManifestChange[] {
  const entry = changesOf("tls");
  const difference = compareMaps(before, after);
  return [
    ...difference.removed.map(([name]) => entry.removed(name, `TLS tag ${name} is removed.`)),
    ...difference.added.map(([name, tag]) =>
      entry.added(name, `TLS tag ${name} is new: ${describeTag(tag)}.`),
    ),
    ...difference.common
      .filter(([, old, now]) => !isSameValue(old, now))
      .map(([name, , tag]) =>
        entry.changed(name, `TLS tag ${name} is changed: ${describeTag(tag)}.`),
      ),
  ];
}

/** The connections of a tag. */
export function describeTag({ incoming, outgoing }: TlsTag): string {
  const from = incoming.map(({ port, cert, disableClientAuth }) => {
    const certificate = cert === "" ? "" : ` with certificate ${cert}`;
    return `port ${port}${certificate}${disableClientAuth ? " for any client" : ""}`;
  });
  const to = outgoing.map(({ addr, port }) => `${addr}:${port}`);
  return `TLS on connections from outside to ${listOf(from)}, and on connections to ${listOf(to)}`;
}
