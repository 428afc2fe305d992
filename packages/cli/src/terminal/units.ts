const steps = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Bytes in decimal units, as BuildKit prints them: `415B`, `1.08MB`. */
export function formatBytes(bytes: number, space = ''): string {
  let value = bytes;
  let step = 0;
  while (Math.abs(value) >= 1000 && step < steps.length - 1) {
    value /= 1000;
    step++;
  }
  return `${step === 0 ? value.toFixed(0) : value.toFixed(2)}${space}${steps[step]}`;
}

/** Milliseconds as `0.3s`. */
export function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)}s`;
}
