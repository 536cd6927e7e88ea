/** A number as a log shows it: three decimals, or an exponent where they would say little. */
export function numberText(value: number): string {
  const size = Math.abs(value);
  return value === 0 || (size >= 0.01 && size < 10_000) ? value.toFixed(3) : value.toExponential(2);
}

/** A duration as `m:ss` or `h:mm:ss`. */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A number of bytes in the largest unit of which there is one. */
export function bytesText(bytes: number): string {
  const [unit, size] = [["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]]
    .find(([, size]) => bytes >= (size as number)) ?? ["bytes", 1];
  const value = bytes / (size as number);
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${unit}`;
}
