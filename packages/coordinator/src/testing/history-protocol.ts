/** People and keys of the history that a test kills, all PEM. */
export interface HistorySetup {
  readonly annaPem: string;
  readonly bertPem: string;
  readonly recoveryPublicPem: string;
  readonly recoveryPrivatePem: string;
}

/** The parts of a state that the history changes. */
export interface HistoryFound {
  /** Number of the manifest in force. */
  readonly manifest: string;
  /** Lines of the update log. */
  readonly log: number;
  readonly activations: number;
  readonly counter: string;
  readonly secret: string;
  /** Acknowledgements that are missing. */
  readonly pending: number;
}
