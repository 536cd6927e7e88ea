/** Index reflected into 0..size-1 about the edge pixels, which are not repeated; any distance. */
export function mirror(index: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const rest = index % period;
  const within = rest < 0 ? rest + period : rest;
  return within < size ? within : period - within;
}
