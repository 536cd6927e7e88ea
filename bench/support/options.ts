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
 * Whether a name is among the wanted ones: parts of names after commas, everything for none.
 */
export function isWanted(name: string, wanted: string): boolean {
  return wanted.toLowerCase().split(",").some((part) => name.toLowerCase().includes(part.trim()));
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
