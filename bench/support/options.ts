/**
 * `key=value` arguments over the defaults.
 *
 * @param program What cannot run, in the error's words.
 * @throws {Error} For a key that there is none of.
 */
export function readOptions<T extends Record<string, string>>(
  program: string,
  args: readonly string[],
  defaults: T,
): T {
  const options: Record<string, string> = { ...defaults };
  for (const arg of args) {
    const [key, ...value] = arg.split("=");
    if (!Object.hasOwn(defaults, key) || value.length === 0) {
      const known = Object.keys(defaults).map((name) => `${name}=...`).join(", ");
      throw new Error(`Cannot run ${program}: ${arg} must be one of ${known}`);
    }
    options[key] = value.join("=");
  }
  return options as T;
}

/**
 * A number above 0.
 *
 * @throws {Error} If `text` is none.
 */
export function positiveNumber(program: string, key: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`Cannot run ${program}: ${key} must be a number above 0, got "${text}"`);
}

/**
 * Those whose name has one of the wanted parts in it, which commas part; all of them for none.
 *
 * @throws {Error} If there is no such name.
 */
export function wantedOf<T extends { name: string }>(
  program: string,
  key: string,
  all: readonly T[],
  wanted: string,
): T[] {
  const parts = wanted.toLowerCase().split(",").map((part) => part.trim());
  const isWanted = ({ name }: T) => parts.some((part) => name.toLowerCase().includes(part));
  const found = all.filter(isWanted);
  if (found.length > 0) return found;
  const names = all.map(({ name }) => name).join(", ");
  throw new Error(`Cannot run ${program}: ${key} must be parts of ${names}, got "${wanted}"`);
}

/** Runs a bench as a program: an error is one line and exit code 1. */
export async function runMain(main: (args: readonly string[]) => Promise<void>): Promise<void> {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(1);
  }
}
