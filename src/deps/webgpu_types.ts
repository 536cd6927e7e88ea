// The standard's own declarations: Deno's built-in ones are a subset, and other runtimes that
// provide the same API have none.
/// <reference types="npm:@webgpu/types@0.1.74" />
export {};
