import { ByteReader } from "../byte-reader.ts";

/** Which TD report a quote carries: 1.0 in version 4, all three in version 5 (section 1.4). */
export type TdReportVersion = "1.0" | "1.5" | "1.5-extended";

/** A TD report as quotes carry it (specification section 1.4). Byte fields are views of `raw`. */
export interface TdReport {
  /** The bytes that are signed. */
  readonly raw: Uint8Array;
  readonly version: TdReportVersion;
  /** Byte 0 minor SVN and byte 1 major version of the TDX module, byte 2 SEAM loader. */
  readonly teeTcbSvn: Uint8Array;
  readonly mrSeam: Uint8Array;
  /** Zero for Intel's module. */
  readonly mrSignerSeam: Uint8Array;
  readonly seamAttributes: Uint8Array;
  readonly tdAttributes: Uint8Array;
  readonly xfam: Uint8Array;
  readonly mrTd: Uint8Array;
  readonly mrConfigId: Uint8Array;
  readonly mrOwner: Uint8Array;
  readonly mrOwnerConfig: Uint8Array;
  readonly rtMr0: Uint8Array;
  readonly rtMr1: Uint8Array;
  readonly rtMr2: Uint8Array;
  readonly rtMr3: Uint8Array;
  readonly reportData: Uint8Array;
  /** 1.5: the SVN of the module that runs now, which may be newer than at launch. */
  readonly teeTcbSvn2?: Uint8Array;
  readonly mrServiceTd?: Uint8Array;
  /** 1.5 extended, and all that follow. */
  readonly vmId?: Uint8Array;
  readonly tdId?: Uint8Array;
  readonly deviceInfo?: Uint8Array;
  readonly initialServiceTdHash?: Uint8Array;
  readonly initialServiceTdAttributes?: Uint8Array;
  readonly initialCpuSvn?: Uint8Array;
  readonly initialTeeTcbSvn?: Uint8Array;
  readonly initialTeeFmspc?: Uint8Array;
  readonly currentServiceTdHash?: Uint8Array;
  readonly currentServiceTdAttributes?: Uint8Array;
  /** Any bit of the group "TD under debug": the host can look inside. */
  readonly debug: boolean;
}

/** Fields that an issuer of TD reports chooses; what is left out is zero. */
export type TdReportFields = Partial<Omit<TdReport, "raw" | "version" | "debug">>;

type Layout = readonly (readonly [name: keyof TdReportFields, bytes: number])[];

const LAYOUT_1_0 = [
  ["teeTcbSvn", 16],
  ["mrSeam", 48],
  ["mrSignerSeam", 48],
  ["seamAttributes", 8],
  ["tdAttributes", 8],
  ["xfam", 8],
  ["mrTd", 48],
  ["mrConfigId", 48],
  ["mrOwner", 48],
  ["mrOwnerConfig", 48],
  ["rtMr0", 48],
  ["rtMr1", 48],
  ["rtMr2", 48],
  ["rtMr3", 48],
  ["reportData", 64],
] as const satisfies Layout;

const LAYOUT_1_5 = [
  ...LAYOUT_1_0,
  ["teeTcbSvn2", 16],
  ["mrServiceTd", 48],
] as const satisfies Layout;

const LAYOUT_1_5_EXTENDED = [
  ...LAYOUT_1_5,
  ["vmId", 1],
  ["tdId", 32],
  ["deviceInfo", 48],
  ["initialServiceTdHash", 48],
  ["initialServiceTdAttributes", 8],
  ["initialCpuSvn", 16],
  ["initialTeeTcbSvn", 16],
  ["initialTeeFmspc", 12],
  ["currentServiceTdHash", 48],
  ["currentServiceTdAttributes", 8],
] as const satisfies Layout;

const LAYOUTS: Readonly<Record<TdReportVersion, Layout>> = {
  "1.0": LAYOUT_1_0,
  "1.5": LAYOUT_1_5,
  "1.5-extended": LAYOUT_1_5_EXTENDED,
};

/** Size of a TD report in bytes: 584, 648 or 885. */
export function tdReportBytes(version: TdReportVersion): number {
  return LAYOUTS[version].reduce((sum, [, bytes]) => sum + bytes, 0);
}

/** Parses a TD report of exactly {@link tdReportBytes} bytes. Throws `QUOTE_TRUNCATED`. */
export function parseTdReport(raw: Uint8Array, version: TdReportVersion): TdReport {
  const reader = new ByteReader(raw, "QUOTE_TRUNCATED");
  const fields = Object.fromEntries(
    LAYOUTS[version].map(([name, bytes]) => [name, reader.take(bytes)]),
  ) as Record<(typeof LAYOUT_1_0)[number][0], Uint8Array>;
  return { raw, version, ...fields, debug: fields.tdAttributes[0] !== 0 };
}

/** The inverse of {@link parseTdReport}. Throws a TypeError for a field that does not fit. */
export function encodeTdReport(version: TdReportVersion, fields: TdReportFields): Uint8Array {
  const layout = LAYOUTS[version];
  const strange = Object.keys(fields).find((name) => !layout.some(([known]) => known === name));
  if (strange !== undefined) throw new TypeError(`a td report ${version} has no ${strange}`);
  const out = new Uint8Array(tdReportBytes(version));
  let offset = 0;
  for (const [name, bytes] of layout) {
    const value = fields[name] ?? new Uint8Array(bytes);
    const fits = value.length === bytes || (name === "reportData" && value.length < bytes);
    if (!fits) throw new TypeError(`${name} has ${value.length} bytes, ${bytes} needed`);
    out.set(value, offset);
    offset += bytes;
  }
  return out;
}

/** Bits of TDATTRIBUTES that the specification names (section 1.4). */
export interface TdAttributes {
  /** Bits 0 to 7, any of them. */
  readonly debug: boolean;
  readonly septVeDisable: boolean;
  readonly migratable: boolean;
  /** Numbers of bits 8 to 31 that nobody knows and that may weaken the TD. */
  readonly unknownSecurityBits: readonly number[];
}

const SEPT_VE_DISABLE = 28;
const MIGRATABLE = 29;
/** ICSSD, LASS, SEPT_VE_DISABLE, MIGRATABLE, PKS, KL. */
const KNOWN_SECURITY_BITS: ReadonlySet<number> = new Set([
  16,
  27,
  SEPT_VE_DISABLE,
  MIGRATABLE,
  30,
  31,
]);

/** Reads the 64 little-endian bits of TDATTRIBUTES; bits 32 to 63 do not affect security. */
export function readTdAttributes({ tdAttributes, debug }: TdReport): TdAttributes {
  const isSet = (bit: number): boolean =>
    (((tdAttributes[Math.floor(bit / 8)] ?? 0) >> (bit % 8)) & 1) === 1;
  const group = Array.from({ length: 24 }, (_, i) => i + 8);
  return {
    debug,
    septVeDisable: isSet(SEPT_VE_DISABLE),
    migratable: isSet(MIGRATABLE),
    unknownSecurityBits: group.filter((bit) => isSet(bit) && !KNOWN_SECURITY_BITS.has(bit)),
  };
}
