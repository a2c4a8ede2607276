/** Endorsements for one platform, as the vendor's service hands them out; all of it is untrusted input. */
export interface DcapCollateral {
  /** Response body, byte for byte: the signature covers its exact text. */
  readonly tcbInfo: string;
  /** PEM, TCB signing certificate first. */
  readonly tcbInfoIssuerChain: string;
  readonly qeIdentity: string;
  readonly qeIdentityIssuerChain: string;
  /** Hex of the DER. */
  readonly pckCrl: string;
  readonly pckCrlIssuerChain: string;
  /** Hex of the DER. */
  readonly rootCaCrl: string;
  /** PEM, PCK leaf first; for quotes that carry no chain. */
  readonly pckCertChain?: string;
}

/** Signed content of a TCB info v3 in Intel's key order (section 8.5): of TDX with `tdx`, else of SGX. */
export interface TcbInfoText {
  readonly issueDate: Date;
  readonly nextUpdate: Date;
  /** Hex, 6 and 2 bytes. */
  readonly fmspc: string;
  readonly pceId: string;
  readonly evaluationDataNumber: number;
  readonly tdx?: {
    readonly module: TdxModuleText;
    readonly identities: readonly (TdxModuleText & {
      /** `TDX_01` */
      readonly id: string;
      readonly levels: readonly EnclaveLevelText[];
    })[];
  };
  readonly levels: readonly {
    readonly components: readonly number[];
    readonly pceSvn: number;
    /** TDX only. */
    readonly tdxComponents?: readonly number[];
    readonly date: Date;
    readonly status: string;
    readonly advisoryIds?: readonly string[];
  }[];
}

/** Expected values of a TDX module in hex. */
interface TdxModuleText {
  readonly mrSigner: string;
  readonly attributes: string;
  readonly attributesMask: string;
}

interface EnclaveLevelText {
  readonly isvSvn: number;
  readonly date: Date;
  readonly status: string;
  readonly advisoryIds?: readonly string[];
}

/** Signed content of a QE identity v2 in Intel's key order (section 8.5); byte values in hex. */
export interface QeIdentityText {
  readonly issueDate: Date;
  readonly nextUpdate: Date;
  readonly evaluationDataNumber: number;
  /** Whose identity; the SGX quoting enclave's unless it says. */
  readonly id?: "QE" | "TD_QE";
  readonly attributes: string;
  readonly attributesMask: string;
  readonly mrSigner: string;
  readonly isvProdId: number;
  readonly levels: readonly EnclaveLevelText[];
}

function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** The `tcbInfo` member of a TCB info response, compact. */
export function encodeTcbInfo(info: TcbInfoText): string {
  const { tdx } = info;
  return JSON.stringify({
    id: tdx === undefined ? "SGX" : "TDX",
    version: 3,
    issueDate: seconds(info.issueDate),
    nextUpdate: seconds(info.nextUpdate),
    fmspc: info.fmspc,
    pceId: info.pceId,
    tcbType: 0,
    tcbEvaluationDataNumber: info.evaluationDataNumber,
    ...(tdx === undefined ? {} : tdxMembers(tdx)),
    tcbLevels: info.levels.map(({ components, pceSvn, tdxComponents, ...level }) => ({
      tcb: {
        sgxtcbcomponents: components.map((svn) => ({ svn })),
        pcesvn: pceSvn,
        ...(tdxComponents === undefined
          ? {}
          : { tdxtcbcomponents: tdxComponents.map((svn) => ({ svn })) }),
      },
      ...standing(level),
    })),
  });
}

function tdxMembers({ module, identities }: NonNullable<TcbInfoText["tdx"]>): object {
  return {
    tdxModule: tdxModule(module),
    tdxModuleIdentities: identities.map(({ id, levels, ...identity }) => ({
      id,
      ...tdxModule(identity),
      tcbLevels: levels.map(enclaveLevel),
    })),
  };
}

function tdxModule({ mrSigner, attributes, attributesMask }: TdxModuleText): object {
  return { mrsigner: mrSigner, attributes, attributesMask };
}

function enclaveLevel(level: EnclaveLevelText): object {
  return { tcb: { isvsvn: level.isvSvn }, ...standing(level) };
}

function standing({ date, status, advisoryIds }: Omit<EnclaveLevelText, "isvSvn">): object {
  return {
    tcbDate: seconds(date),
    tcbStatus: status,
    ...(advisoryIds === undefined ? {} : { advisoryIDs: advisoryIds }),
  };
}

/** The `enclaveIdentity` member of a QE identity response, compact. */
export function encodeQeIdentity(identity: QeIdentityText): string {
  return JSON.stringify({
    id: identity.id ?? "QE",
    version: 2,
    issueDate: seconds(identity.issueDate),
    nextUpdate: seconds(identity.nextUpdate),
    tcbEvaluationDataNumber: identity.evaluationDataNumber,
    miscselect: "00000000",
    miscselectMask: "FFFFFFFF",
    attributes: identity.attributes,
    attributesMask: identity.attributesMask,
    mrsigner: identity.mrSigner,
    isvprodid: identity.isvProdId,
    tcbLevels: identity.levels.map(enclaveLevel),
  });
}
