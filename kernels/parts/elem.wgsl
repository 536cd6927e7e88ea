// kernels/parts/elem.wgsl: how activations and weights are stored.
//
// Launch     imported by what names `elem`; sums and statistics are f32 whatever it is.

@if(f16) alias elem = f16;
@else alias elem = f32;
