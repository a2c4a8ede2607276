import { type Browser, chromium } from "playwright-core";

/** Path of the browser; tests that need it are skipped where there is none. */
export const CHROMIUM: string = process.env["CARRARA_CHROMIUM"] ?? "/usr/bin/chromium";

/** Starts a headless browser that calls nobody by itself; `more` are further switches. */
export async function launchChromium(...more: readonly string[]): Promise<Browser> {
  return await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });
}
