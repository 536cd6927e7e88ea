import type { Choice, Recorder, Variant } from "./recorder.ts";

/** The names of variants that were chosen, by the keys of their choices. */
export type Choices = ReadonlyMap<string, string>;

/** The variant of a choice that `choices` name; the built-in one where they name none of it. */
export function chosenOf<V extends Variant>(choice: Choice<V>, choices: Choices): V {
  const name = choices.get(choice.key);
  return choice.variants.find((variant) => variant.name === name) ?? choice.variants[0];
}

/** How a recorder chooses that goes by nothing: it takes the built-in variant. */
export function chooseBuiltIn<V extends Variant>(this: Recorder, choice: Choice<V>): void {
  choice.record(this, choice.variants[0]);
}
