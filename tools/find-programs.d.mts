/** A machine, as far as finding programs goes. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isRoot: boolean;
  /** Where Debian puts one folder for each version of PostgreSQL. */
  readonly postgresRoot: string;
  /** Runs a program to its end. */
  readonly run: (
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string | undefined>>,
  ) => Promise<number>;
  readonly say: (text: string) => void;
}

/** The Chromium for browser tests: named by CARRARA_CHROMIUM, the system's, or Debian's when root. */
export function findChromium(machine?: Machine): Promise<string | undefined>;

/** The folder of PostgreSQL's programs: named by CARRARA_POSTGRES_BIN, the system's, or Debian's when root. */
export function findPostgres(machine?: Machine): Promise<string | undefined>;

/** The load generator of the benches: the system's wrk, or Debian's when root. */
export function findWrk(machine?: Machine): Promise<string | undefined>;
