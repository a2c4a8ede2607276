/** What a change is about. */
export type ChangeKind =
  | "package"
  | "infrastructure"
  | "marble"
  | "secret"
  | "user"
  | "permission"
  | "role"
  | "tls"
  | "recovery"
  | "config"
  | "certificate";

/** One thing that an update does, in words. */
export interface ManifestChange {
  readonly kind: ChangeKind;
  /** `follows`: no difference of the manifests but what any update between them does. */
  readonly change: "added" | "removed" | "changed" | "follows";
  /** Name of the entry; empty where there is only one. */
  readonly subject: string;
  /** One sentence in English, for people. Never holds a value of a file or variable. */
  readonly sentence: string;
}

/** The entries of two maps: gone, new, and in both. */
export interface MapDifference<T> {
  readonly removed: readonly (readonly [string, T])[];
  readonly added: readonly (readonly [string, T])[];
  readonly common: readonly (readonly [string, T, T])[];
}

/** Compares two maps by their names. */
export function compareMaps<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
): MapDifference<T> {
  const common: [string, T, T][] = [];
  const added: [string, T][] = [];
  for (const [name, value] of after) {
    const old = before.get(name);
    if (old === undefined) added.push([name, value]);
    else common.push([name, old, value]);
  }
  return { removed: [...before].filter(([name]) => !after.has(name)), added, common };
}

/** Makes a change about an entry. */
type MakeChange = (subject: string, sentence: string) => ManifestChange;

/** Makers of the changes of one kind. */
export function changesOf(
  kind: ChangeKind,
): Readonly<Record<ManifestChange["change"], MakeChange>> {
  const make =
    (change: ManifestChange["change"]): MakeChange =>
    (subject, sentence) => ({ kind, change, subject, sentence });
  return {
    added: make("added"),
    removed: make("removed"),
    changed: make("changed"),
    follows: make("follows"),
  };
}
