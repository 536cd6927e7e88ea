import type { Elem } from "../gpu/kernel.ts";

/** How far a quantity may be from the reference. */
export interface Allowed {
  /** Of the difference itself. */
  absolute?: number;
  /** Relative to the largest magnitude of the expected values. */
  relative?: number;
  /** The reference's own rounding noise: a multiple of that is allowed, where it is larger. */
  noise?: number;
}

/** What is compared; each kind has its own tolerance in each precision. */
export type Kind = "loss" | "gradient" | "activation" | "target" | "schedule" | "parameter";

/**
 * How many times its own rounding noise a quantity may be off, where the reference recorded that
 * noise: the distance of its float32 from its float64.
 *
 * With activations in f16 the same roundings are 2¹³ times as large. What a quantity makes of them,
 * such as a gradient whose terms nearly cancel, stays the same.
 */
export const NOISE_FACTOR: Record<Elem, number> = { f32: 4, f16: 4 * 2 ** 13 };

/** The largest relative error of a number that is rounded to f16. */
const U = 2 ** -11;

/** Tolerances by how activations are stored, and by kind of quantity. */
export const ALLOWED: Record<Elem, Record<Kind, Allowed>> = {
  f32: {
    loss: { relative: 1e-5 },
    gradient: { relative: 2e-4 },
    activation: { relative: 1e-4 },
    target: { relative: 1e-4 },
    schedule: { relative: 1e-9 },
    parameter: { absolute: 1e-5 },
  },
  // Sums are f32: what is off is what was stored, again and again on the way.
  f16: {
    // A mean of many numbers, in which their own errors cancel.
    loss: { relative: U },
    // The way there and the way back: 16 and more numbers stored; √16 · 2u.
    gradient: { relative: 8 * U },
    // A block stores 8, of which the residual stream carries 2 on; independent errors: √8 · 1.4u.
    activation: { relative: 4 * U },
    // exp(logit / temperature): logits near 1, good to u, over temperatures from 0.04 on.
    target: { relative: 32 * U },
    // What is f32 in both: schedules by the host, and parameters where gradients are large enough
    // to tell AdamW their sign; for others the recorded noise says how far they may move.
    schedule: { relative: 1e-9 },
    parameter: { absolute: 1e-5 },
  },
};
