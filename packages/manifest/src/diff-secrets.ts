import { describeSecret } from "./describe-entry.ts";
import type { Manifest } from "./manifest.ts";
import { changesOf, type ManifestChange } from "./manifest-change.ts";
import { isSameValue } from "./same-value.ts";
import { secretFates, sharedCertificates } from "./update-rules.ts";

const { added, removed, changed, follows } = changesOf("secret");

/** What a full update does to each secret (spec marblerun section 6.5). */
export function diffSecrets(before: Manifest, after: Manifest): readonly ManifestChange[] {
  return [...secretFates(before, after)].flatMap(([name, fate]) => {
    const definition = after.secrets.get(name);
    const old = before.secrets.get(name);
    if (definition === undefined) {
      return [removed(name, `Secret ${name} is removed, its value and its previous value too.`)];
    }
    if (fate === "added")
      return [added(name, `Secret ${name} is new: ${describeSecret(definition)}.`)];
    if (fate === "replaced") {
      const upload = definition.userDefined ? " and must be uploaded" : "";
      const sentence = `Secret ${name} has another definition and loses its value: it is now ${describeSecret(definition)}${upload}.`;
      return [changed(name, sentence)];
    }
    const template =
      isSameValue(old?.cert, definition.cert) || definition.userDefined
        ? []
        : [changed(name, `Certificate ${name} is made from another template.`)];
    return fate === "kept" ? template : [...template, follows(name, renewal(name))];
  });
}

function renewal(name: string): string {
  return `Secret ${name} gets a new value; the old one stays readable as its previous value.`;
}

/** What a package update does to secrets: shared certificates get a new issuer. */
export function diffSecretsOfPackageUpdate(before: Manifest): readonly ManifestChange[] {
  return sharedCertificates(before).map((name) =>
    follows(name, `Certificate ${name} is issued anew with a new key; its end stays.`),
  );
}
