/** Dawn, the WebGPU of Chromium, as a package for Node. */
export const DAWN_PACKAGE = "npm:webgpu@0.6.2";

/** What we use of it. */
export interface Dawn {
  /** An instance, set up by flags such as `enable-dawn-features=allow_unsafe_apis`. */
  create(flags: string[]): GPU;
}

/**
 * Only who asks for Dawn loads it. Not by a literal name: what is in the lock file is downloaded by
 * everybody, and this is 130 MB.
 */
export async function loadDawn(specifier: string = DAWN_PACKAGE): Promise<Dawn> {
  return await import(specifier);
}
