import { EmojivotoError } from "./emojivoto-error.ts";

/** Environment variables as the program got them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Checks that every named variable is set; throws `SETTING_MISSING` naming all that are not. */
export function requireSettings(env: Environment, names: readonly string[]): void {
  const missing = names.filter((name) => (env[name] ?? "") === "");
  if (missing.length > 0) {
    throw new EmojivotoError("SETTING_MISSING", `set in the environment: ${missing.join(", ")}`);
  }
}

/** Reads a text that `requireSettings` has to name, too. Throws `SETTING_MISSING`. */
export function textSetting(env: Environment, name: string): string {
  requireSettings(env, [name]);
  return env[name] ?? "";
}

/** Reads a TCP port, 0..65535; 0 lets the system choose. Throws `SETTING_MISSING`, `SETTING_INVALID`. */
export function portSetting(env: Environment, name: string): number {
  const text = textSetting(env, name);
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw new EmojivotoError("SETTING_INVALID", `${name} must be a port number from 0 to 65535`);
  }
  return port;
}

/** Reads a TCP port, or nothing when the variable is unset or empty. Throws `SETTING_INVALID`. */
export function optionalPortSetting(env: Environment, name: string): number | undefined {
  return (env[name] ?? "") === "" ? undefined : portSetting(env, name);
}
