import { CERTIFICATE_SCENARIOS } from "./certificate-scenarios.ts";
import { COLLATERAL_SCENARIOS } from "./collateral-scenarios.ts";
import type { EvidenceScenario } from "./evidence-scenario.ts";
import { QUOTE_SCENARIOS } from "./quote-scenarios.ts";
import { SNP_SCENARIOS } from "./snp-scenarios.ts";
import { TCB_SCENARIOS } from "./tcb-scenarios.ts";

/**
 * Simulated evidence for every row of specification section 2.4 and every code of section 2.1 that
 * evidence and endorsements can lead to, each with what a verifier must say of it.
 */
export const SCENARIOS: readonly EvidenceScenario[] = [
  ...TCB_SCENARIOS,
  ...QUOTE_SCENARIOS,
  ...CERTIFICATE_SCENARIOS,
  ...COLLATERAL_SCENARIOS,
  ...SNP_SCENARIOS,
];
