import { utf8 } from "@carrara/encoding";
import * as z from "zod/mini";
import { textOf } from "./body.ts";
import { type CollateralStore, FLOOR_PREFIX } from "./collateral-store.ts";
import type { DcapFacts, DocumentStamp } from "./dcap-facts.ts";
import { collateralRefusalOf, readingCollateral, unavailable } from "./refusal.ts";
import type { ExactDcapRequest } from "./request.ts";

const count = z.int().check(z.nonnegative());
const stamp = z.strictObject({ evaluationDataNumber: count, issueDate: count });
const floorDocument = z.strictObject({ version: z.literal(1), tcbInfo: stamp, qeIdentity: stamp });

/** The latest of what was seen; nothing before it is accepted again. */
interface Floor {
  readonly tcbInfo: DocumentStamp;
  readonly qeIdentity: DocumentStamp;
}

/** Remembers how far collateral has come, and refuses to go back (section 3.4). */
export interface RollbackGuard {
  /**
   * Accepts collateral, whose signatures must have been checked, and remembers it. Throws
   * `COLLATERAL_UNAVAILABLE` of kind `rollback`, or `store` when the memory is out of reach.
   */
  admit(request: ExactDcapRequest, facts: DcapFacts): Promise<void>;
}

/**
 * A guard with a floor for each FMSPC, TEE and update type: early numbers are ahead of standard ones,
 * and a caller of both would lock itself out if they shared a floor. Floors are never forgotten; what
 * the vendor signs bounds their number.
 */
export function createRollbackGuard(store: CollateralStore | undefined): RollbackGuard {
  const floors = new Map<string, Floor>();
  let turn: Promise<unknown> = Promise.resolve();

  const floorOf = async (name: string): Promise<Floor | undefined> => {
    const known = floors.get(name);
    if (known !== undefined || store === undefined) return known;
    const bytes = await reaching(async () => await store.read(name));
    return bytes === undefined ? undefined : parseFloor(bytes);
  };

  const admit = async (name: string, seen: Floor): Promise<void> => {
    const floor = await floorOf(name);
    if (floor !== undefined) {
      floors.set(name, floor);
      checkNotBefore(floor.tcbInfo, seen.tcbInfo, "tcb info");
      checkNotBefore(floor.qeIdentity, seen.qeIdentity, "qe identity");
      if (isSame(floor.tcbInfo, seen.tcbInfo) && isSame(floor.qeIdentity, seen.qeIdentity)) return;
    }
    // Written first: what is remembered here must survive here.
    await reaching(async () => await store?.write(name, encodeFloor(seen)));
    floors.set(name, seen);
  };

  return {
    async admit({ fmspc, tee, update }, { tcbInfo, qeIdentity }) {
      const name = `${FLOOR_PREFIX}${tee}-${fmspc}-${update}`;
      // One at a time, or an older floor could be written over a newer one.
      const mine = turn.then(async () => await admit(name, { tcbInfo, qeIdentity }));
      turn = mine.catch(() => undefined);
      await mine;
    },
  };
}

function checkNotBefore(floor: DocumentStamp, seen: DocumentStamp, what: string): void {
  const { evaluationDataNumber: had, issueDate } = seen;
  if (had < floor.evaluationDataNumber) {
    const needed = floor.evaluationDataNumber;
    throw unavailable("rollback", `${what} has evaluation data number ${had}, ${needed} was seen`);
  }
  if (issueDate < floor.issueDate) {
    throw unavailable(
      "rollback",
      `${what} is of ${iso(issueDate)}, one of ${iso(floor.issueDate)} was seen`,
    );
  }
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

function isSame(a: DocumentStamp, b: DocumentStamp): boolean {
  return a.evaluationDataNumber === b.evaluationDataNumber && a.issueDate === b.issueDate;
}

function encodeFloor({ tcbInfo, qeIdentity }: Floor): Uint8Array {
  return utf8(JSON.stringify({ version: 1, tcbInfo, qeIdentity }));
}

/** A floor that cannot be read refuses: passing it over would be a way back. */
function parseFloor(bytes: Uint8Array): Floor {
  try {
    return readingCollateral("floor", () => floorDocument.parse(JSON.parse(textOf(bytes))));
  } catch (reason) {
    throw unavailable("store", "what the cache has seen cannot be read", { reason });
  }
}

async function reaching<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (reason) {
    if (collateralRefusalOf(reason) !== undefined) throw reason;
    throw unavailable("store", "the cache's store is out of reach", { reason });
  }
}
