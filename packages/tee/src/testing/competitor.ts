import { utf8 } from "@carrara/encoding";
import type { FileOps } from "../evidence/file-ops.ts";
import { TSM_DIRECTORY, writeFileBy } from "./emulated-guest.ts";

/** What somebody else does to our entry of configfs-tsm, by calls of their own. */
export type Competitor = (ops: FileOps, entry: string) => Promise<void>;

/** Report data of the competitors. */
const FOREIGN_DATA: Uint8Array = new Uint8Array(64).fill(0xee);

const write =
  (name: string, bytes: Uint8Array): Competitor =>
  async (ops, entry) =>
    await writeFileBy(ops, `${entry}/${name}`, bytes);

const inOrder =
  (...steps: readonly Competitor[]): Competitor =>
  async (ops, entry) => {
    for (const step of steps) await step(ops, entry);
  };

const removeEntry: Competitor = async (ops, entry) => await ops.rmdir(entry);
const makeEntry: Competitor = async (ops, entry) => await ops.mkdir(entry);

/** Every way to disturb a request for an SNP report, by name. */
export const COMPETITORS: readonly (readonly [name: string, act: Competitor])[] = [
  ["writes other report data", write("inblob", FOREIGN_DATA)],
  ["writes report data that the driver refuses", write("inblob", FOREIGN_DATA.subarray(1))],
  ["writes another privilege level", write("privlevel", utf8("3"))],
  [
    "writes other report data and another level",
    inOrder(write("inblob", FOREIGN_DATA), write("privlevel", utf8("3"))),
  ],
  ["removes the entry", removeEntry],
  ["replaces the entry by an empty one", inOrder(removeEntry, makeEntry)],
  [
    "replaces the entry by one with as many writes",
    inOrder(removeEntry, makeEntry, write("inblob", FOREIGN_DATA), write("privlevel", utf8("3"))),
  ],
  [
    "replaces the entry by one with one write",
    inOrder(removeEntry, makeEntry, write("inblob", FOREIGN_DATA)),
  ],
];

/** The entry that a call is about; undefined before there is one. */
export function entryOf(path: string): string | undefined {
  const match = /^[^/]+/.exec(path.slice(TSM_DIRECTORY.length + 1));
  return match === null ? undefined : `${TSM_DIRECTORY}/${match[0]}`;
}
