/** An answer of a metrics server. */
export interface MetricsAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Calls a metrics server on the loopback address. */
export async function callMetrics(
  port: number | undefined,
  path: string,
  method: string = "GET",
): Promise<MetricsAnswer> {
  const signal = AbortSignal.timeout(10_000);
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, signal });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Values of `name` in a scrape, by their labels as they are written. */
export function samplesOf(scrape: string, name: string): ReadonlyMap<string, number> {
  const lines = scrape.split("\n").filter((line) => /^[^#\s{]+/.exec(line)?.[0] === name);
  return new Map(
    lines.map((line) => {
      const [, labels = "", value] = /^[^{\s]+(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      return [labels, Number(value)];
    }),
  );
}
