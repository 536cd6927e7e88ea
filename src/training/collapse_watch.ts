import type { DINOv2Args } from "../config/method_args.ts";
import type { MetricsRow } from "./metrics_file.ts";
import type { RunObserver } from "./observer.ts";

/**
 * Steps that mean nothing yet, once the last layers are no longer frozen: losses begin near their
 * collapsed values.
 */
const FIRST_STEPS = 100;
/** Steps in a row that must look collapsed. */
const PATIENCE = 200;
/** How near to its collapsed value a loss or an entropy must be, as a share of it. */
const NEAR = 0.01;
/** Below this the features of different images are all but the same. */
const LEAST_STD = 0.02;

const ADVICE = "lower optim_args.lr, set method_args.center_method=sinkhorn_knopp, or, on few " +
  "images, model_args.init_values=1, a smaller method_args.output_dim and a larger batch_size";

/**
 * Watches a run for collapse, which losses alone do not show: features that no longer tell images
 * apart, or targets that say nothing. Warns once of each kind.
 *
 * A loss that sits at ln K, K prototypes, is that of a student that answers everything with the
 * same uniform distribution; it means collapse where the targets are uniform too.
 */
export class CollapseWatch implements RunObserver {
  readonly #warn: (message: string) => void;
  readonly #uniform: number; // ln K
  readonly #firstStep: number;
  readonly #weights: { dino: number; ibot: number };
  readonly #inARow = new Map<string, number>();

  constructor(method: DINOv2Args, warn: (message: string) => void) {
    this.#warn = warn;
    this.#uniform = Math.log(method.output_dim);
    this.#firstStep = method.student_freeze_last_layer_steps + FIRST_STEPS;
    this.#weights = { dino: method.dino_loss_weight, ibot: method.ibot_loss_weight };
  }

  onStep(row: MetricsRow): void {
    const dino = row["train_loss/dino_global_loss"] + row["train_loss/dino_local_loss"];
    const ibot = row["train_loss/ibot_loss"];
    const uniform = this.#uniform.toFixed(2);
    this.#look(
      row,
      "uniform targets",
      PATIENCE,
      this.#isUniform(row.teacher_entropy),
      () =>
        `the teacher's targets are uniform (entropy ${row.teacher_entropy.toFixed(2)} of at most ` +
        `${uniform}): the student learns nothing from them; ${ADVICE}`,
    );
    this.#look(
      row,
      "dino",
      PATIENCE,
      this.#weights.dino > 0 && this.#isUniform(dino),
      () =>
        `the DINO loss sits at ln(output_dim) = ${uniform}, that of a collapsed student; ${ADVICE}`,
    );
    this.#look(
      row,
      "ibot",
      PATIENCE,
      this.#weights.ibot > 0 && this.#isUniform(ibot),
      () =>
        `the iBOT loss sits at ln(output_dim) = ${uniform}, that of a collapsed student; ${ADVICE}`,
    );
    if (row.feature_std === undefined) return;
    this.#look(
      row,
      "features",
      1,
      row.feature_std < LEAST_STD,
      () =>
        `the features of different images are all but the same (deviation ` +
        `${row.feature_std.toFixed(4)}, effective rank ${
          row.effective_rank.toFixed(1)
        }); ${ADVICE}`,
    );
  }

  #isUniform(value: number): boolean {
    return Math.abs(value - this.#uniform) < NEAR * this.#uniform;
  }

  /** Warns of one kind where it lasts. */
  #look(
    { step }: MetricsRow,
    kind: string,
    patience: number,
    looksBad: boolean,
    message: () => string,
  ): void {
    const count = looksBad && step >= this.#firstStep ? (this.#inARow.get(kind) ?? 0) + 1 : 0;
    this.#inARow.set(kind, this.#inARow.get(kind) === Infinity ? Infinity : count);
    if (count < patience || this.#inARow.get(kind) === Infinity) return;
    this.#inARow.set(kind, Infinity); // told once
    this.#warn(`step ${step + 1}: ${message()}`);
  }
}
