/** A section of a manifest by name. */
type Section = Readonly<Record<string, object>>;

/** The sections that a test fills in. */
export interface ManifestSections {
  readonly Packages?: Section;
  readonly Marbles?: Section;
  readonly Users?: Section;
  readonly Secrets?: Section;
  readonly RecoveryKeys?: Readonly<Record<string, string>>;
  readonly Roles?: Section;
  readonly TLS?: Section;
  readonly Config?: object;
}

const EMPTY_PACKAGE = {
  Debug: false,
  UniqueID: "",
  SignerID: "",
  ProductID: null,
  SecurityVersion: null,
  AcceptedTCBStatuses: null,
  AcceptedAdvisories: null,
};

const EMPTY_SECRET = {
  Type: "",
  Size: 0,
  Shared: false,
  UserDefined: false,
  Cert: null,
  ValidFor: 0,
  Private: null,
  Public: null,
};

const EMPTY_CONFIG = {
  SealMode: "",
  FeatureGates: null,
  UpdateThreshold: 0,
  RecoveryThreshold: 0,
  RotateRootSecret: false,
};

/**
 * A manifest as a Go program marshals it: each field present, whatever is unset null or zero (spec
 * marblerun sections 0.3 and 14.2). Marbles give `Files`, `Env`, `Argv` beside their other fields.
 */
export function goManifest(sections: ManifestSections): string {
  return JSON.stringify({
    Packages: each(sections.Packages, (given) => ({ ...EMPTY_PACKAGE, ...given })),
    Infrastructures: null,
    Marbles: each(sections.Marbles, goMarble),
    Users: each(sections.Users, (given) => ({ Certificate: "", Roles: null, ...given })),
    Secrets: each(sections.Secrets, (given) => ({ ...EMPTY_SECRET, ...given })),
    RecoveryKeys: sections.RecoveryKeys ?? null,
    Roles: each(sections.Roles, (given) => ({
      ResourceType: "",
      ResourceNames: null,
      Actions: null,
      ...given,
    })),
    TLS: sections.TLS ?? null,
    Config: { ...EMPTY_CONFIG, ...sections.Config },
  });
}

function each(section: Section | undefined, complete: (given: object) => object): Section | null {
  if (section === undefined) return null;
  return Object.fromEntries(
    Object.entries(section).map(([name, given]) => [name, complete(given)]),
  );
}

function goMarble(given: {
  readonly Files?: Readonly<Record<string, string>>;
  readonly Env?: Readonly<Record<string, string>>;
  readonly Argv?: readonly string[];
}): object {
  const { Files, Env, Argv, ...rest } = given;
  return {
    Package: "",
    MaxActivations: 0,
    Parameters: { Files: goFiles(Files), Env: goFiles(Env), Argv: Argv ?? null },
    TLS: null,
    DisableSecretBinding: false,
    ...rest,
  };
}

function goFiles(files: Readonly<Record<string, string>> | undefined): object | null {
  if (files === undefined) return null;
  return Object.fromEntries(
    Object.entries(files).map(([name, Data]) => [
      name,
      { Data, Encoding: "string", NoTemplates: false },
    ]),
  );
}
