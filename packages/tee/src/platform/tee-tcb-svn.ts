import type { PlatformScenario } from "./scenario.ts";

const SVN_BYTES = 16;
/** SVNs of TDX module and SEAM loader, after and before the update that a relaunch is about. */
const NOW = { module: 5, loader: 6 } as const;
const BEFORE = { module: 3, loader: 4 } as const;

/** Security versions of the software below a TD: of the module in its own list, and in TCB levels. */
export interface TdxSvns {
  readonly module: number;
  /** 16 SVNs for a TCB level. */
  readonly components: readonly number[];
}

/** What the vendor's lists have for the software that runs now, and for what ran before. */
export function tdxSvns(scenario: PlatformScenario, when: "now" | "before"): TdxSvns {
  const { module, loader } = when === "now" ? NOW : BEFORE;
  // From version 1 on the module is judged by its own list, not by the first two SVNs of a level;
  // who compares them all the same finds them too high.
  const minor = scenario.moduleVersion === 0 ? module : module + 2;
  return { module, components: [minor, 0, loader, ...new Array<number>(SVN_BYTES - 3).fill(0)] };
}

/** TEE_TCB_SVN and TEE_TCB_SVN2 of a TD (specification section 1.4). */
export function teeTcbSvns(scenario: PlatformScenario): {
  readonly atLaunch: Uint8Array;
  readonly now: Uint8Array;
} {
  const launched = scenario.launch === undefined ? NOW : BEFORE;
  return {
    atLaunch: scenario.teeTcbSvn ?? svnOf(launched, scenario.moduleVersion),
    now: scenario.teeTcbSvn2 ?? svnOf(NOW, scenario.moduleVersion),
  };
}

function svnOf({ module, loader }: typeof NOW | typeof BEFORE, version: number): Uint8Array {
  const svn = new Uint8Array(SVN_BYTES);
  svn.set([module, version, loader]);
  return svn;
}
