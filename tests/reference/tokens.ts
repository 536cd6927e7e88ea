/** Sizes of a group of crops in the packed tokens. */
export interface TokenSizes {
  crops: number;
  patches: number;
  registers: number;
  dim: number;
}

/** Values of the parts; `masks` is null where every patch is seen. */
export interface TokenValues {
  patches: ArrayLike<number>;
  clsToken: ArrayLike<number>;
  registers: ArrayLike<number>;
  maskToken: ArrayLike<number>;
  pos: ArrayLike<number>;
  masks: ArrayLike<number> | null;
}

/** Tokens of a group of crops in float64: `[crops · (1 + registers + patches), dim]`. */
export function assembleTokensReference(
  { patches, clsToken, registers, maskToken, pos, masks }: TokenValues,
  sizes: TokenSizes,
): Float64Array {
  const { dim } = sizes;
  const tokens: number[] = [];
  for (let crop = 0; crop < sizes.crops; crop++) {
    for (let d = 0; d < dim; d++) tokens.push(clsToken[d] + pos[d]);
    for (let i = 0; i < sizes.registers * dim; i++) tokens.push(registers[i]);
    for (let n = 0; n < sizes.patches; n++) {
      const row = crop * sizes.patches + n;
      for (let d = 0; d < dim; d++) {
        const patch = masks?.[row] ? maskToken[d] : patches[row * dim + d];
        tokens.push(patch + pos[(1 + n) * dim + d]);
      }
    }
  }
  return Float64Array.from(tokens);
}

/** Gradients of all parts in float64. */
export function assembleTokensBackwardReference(
  dx: ArrayLike<number>,
  masks: ArrayLike<number> | null,
  sizes: TokenSizes,
) {
  const { crops, patches, registers, dim } = sizes;
  const grads = {
    patches: new Float64Array(crops * patches * dim),
    clsToken: new Float64Array(dim),
    registers: new Float64Array(registers * dim),
    maskToken: new Float64Array(dim),
    pos: new Float64Array((1 + patches) * dim),
  };
  let next = 0;
  for (let crop = 0; crop < crops; crop++) {
    for (let d = 0; d < dim; d++) {
      grads.clsToken[d] += dx[next];
      grads.pos[d] += dx[next++];
    }
    for (let i = 0; i < registers * dim; i++) grads.registers[i] += dx[next++];
    for (let n = 0; n < patches; n++) {
      const row = crop * patches + n;
      for (let d = 0; d < dim; d++) {
        if (masks?.[row]) grads.maskToken[d] += dx[next];
        else grads.patches[row * dim + d] += dx[next];
        grads.pos[(1 + n) * dim + d] += dx[next++];
      }
    }
  }
  return grads;
}
