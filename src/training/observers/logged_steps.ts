/**
 * Whether a step is among those that logs keep: the first and every n-th; the last is up to who
 * knows which it is.
 *
 * @param step Counted from 0.
 */
export function isLoggedStep(step: number, everySteps: number): boolean {
  return step === 0 || (step + 1) % everySteps === 0;
}
