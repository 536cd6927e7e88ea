/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** The setting as the user writes it, such as `method_args.output_dim`. */
  key: string;
  /** What was expected and what was given, such as `must be at least 1, got 0`. */
  message: string;
  /** The file that the setting was read from, if it was. */
  origin?: string;
}

/** A configuration that cannot be used; the message lists every problem at once. */
export class ConfigError extends Error {
  override name = "ConfigError";

  constructor(readonly problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    const lines = problems.map(({ key, message, origin }) =>
      `\n  ${key}: ${message}${origin === undefined ? "" : ` (in ${origin})`}`
    );
    super(`Found ${count} in the configuration${lines.join("")}`);
  }
}
