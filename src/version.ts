/** Version of this project, as `--version` and the log of a run name it. */
export const VERSION = "0.1.0";
