/** Whether the system said no; what Deno throws where a write fails has no code, only the words. */
export function isSystemError(error: unknown): error is Error {
  return error instanceof Error && ("code" in error || /\(os error \d+\)/.test(error.message));
}

/** How to go on with a run. */
const RESUME = "go on from the last checkpoint with resume_interrupted=true";

/**
 * The error for a file that the system refuses to write; it has the system's code.
 *
 * @param next How to go on once there is room.
 */
export function writeRefused(path: string, error: unknown, next = RESUME): Error {
  const { message, code } = error as { message: string; code?: string };
  const told = `Cannot write "${path}": ${message}; see that there is room and that it may be ` +
    `written, then ${next}`;
  return Object.assign(new Error(told, { cause: error }), { code });
}
