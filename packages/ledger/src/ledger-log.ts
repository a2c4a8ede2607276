/** Takes events: a constant message and its fields, none of which says anything about a ballot. */
export type LedgerLog = (
  level: "info" | "warn" | "error",
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void;
