/** What is told while an evaluation runs. */
export interface EvalHooks {
  /** Images whose features are there, of how many. */
  onImages?(done: number, total: number): void;
  /** Classifiers that are fitted, of how many. */
  onFits?(done: number, total: number): void;
  /** Bytes of published weights that are downloaded, of how many. */
  onDownload?(done: number, total: number): void;
  /** Something worth a line: where published weights come from. */
  onMessage?(message: string): void;
}
