// kernels/parts/u64.wgsl: wgpu's unsigned number of 64 bits.
//
// Launch     imported by what names `u64`, which WESL knows nothing of; src/gpu/kernel.ts takes the
//            alias away again.

alias u64 = u32;
