/** A file of weights, read tensor by tensor. */
export interface WeightSource extends AsyncDisposable {
  /** Names as the file has them. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** The values of one of them, row after row; other kinds of floats are converted. */
  f32(name: string): Promise<Float32Array<ArrayBuffer>>;
}
