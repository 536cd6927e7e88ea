/** Says whether long work should end at its next opportunity; an `AbortSignal` does. */
export type StopSignal = Pick<AbortSignal, "aborted">;
