/** A signal that the loop, which looks at it before each step, finds aborted after `steps`. */
export function stopAfter(steps: number): AbortSignal {
  let looks = 0;
  return {
    get aborted() {
      return looks++ >= steps;
    },
  } as AbortSignal;
}
