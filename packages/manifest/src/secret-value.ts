/** A secret as templates see it and as the Coordinator keeps it (spec marblerun section 2.6). */
export interface SecretValue {
  readonly type: string;
  /** Bits. */
  readonly size: number;
  readonly shared: boolean;
  readonly userDefined: boolean;
  /** Certificate, DER. */
  readonly cert?: Uint8Array | undefined;
  /** Days. */
  readonly validFor: number;
  /** PKCS#8 DER; the value itself for symmetric and plain secrets. */
  readonly private?: Uint8Array | undefined;
  /** SubjectPublicKeyInfo DER; the value itself for symmetric and plain secrets. */
  readonly public?: Uint8Array | undefined;
}

/** What templates are rendered with (spec marblerun section 5.1). */
export interface TemplateData {
  readonly MarbleRun: {
    /** The Marble root certificate. */
    readonly RootCA: SecretValue;
    readonly MarbleCert: SecretValue;
    readonly CoordinatorRoot: SecretValue;
    readonly CoordinatorIntermediate: SecretValue;
  };
  readonly Secrets: ReadonlyMap<string, SecretValue>;
  readonly Previous: { readonly Secrets: ReadonlyMap<string, SecretValue> };
}
