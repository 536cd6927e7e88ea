/** Whether the system said no; what Deno throws where a write fails has no code, only the words. */
export function isSystemError(error: unknown): error is Error {
  return error instanceof Error && ("code" in error || /\(os error \d+\)/.test(error.message));
}

/** The error for a file of a run that the system refuses to write; it has the system's code. */
export function writeRefused(path: string, error: unknown): Error {
  const { message, code } = error as { message: string; code?: string };
  const told = `Cannot write "${path}": ${message}; see that there is room and that it may be ` +
    "written, then go on from the last checkpoint with resume_interrupted=true";
  return Object.assign(new Error(told, { cause: error }), { code });
}
