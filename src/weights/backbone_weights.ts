import { CheckpointError } from "../safetensors.ts";
import { officialPlaces, type WeightPlace } from "./official_names.ts";
import { openWeights } from "./open_weights.ts";
import type { WeightSource } from "./weight_source.ts";

/** The weights of a backbone in a file of any format and naming, by their official names. */
export class BackboneWeights implements WeightSource {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Those of the linear layer on top, `embed.weight` and `embed.bias`; empty if there is none. */
  readonly embedShapes: ReadonlyMap<string, readonly number[]>;

  private constructor(
    readonly path: string,
    readonly source: WeightSource,
    /** Names in the file that belong to something else, such as heads. */
    readonly others: readonly string[],
    private readonly places: ReadonlyMap<string, WeightPlace>,
    private readonly embed: ReadonlyMap<string, WeightPlace>,
  ) {
    this.shapes = shapesOf(places, source);
    this.embedShapes = shapesOf(embed, source);
  }

  /** @throws {CheckpointError} If the file is damaged, or holds no backbone. */
  static async open(path: string, which?: "teacher" | "student"): Promise<BackboneWeights> {
    const source = await openWeights(path);
    const names = [...source.shapes.keys()];
    if (which === "student" && !names.some((name) => name.split(".").includes(which))) {
      await source[Symbol.asyncDispose]();
      throw new CheckpointError(
        `Cannot load "${path}": it must hold a student, got one network; leave the choice out`,
      );
    }
    const { places, embed, others } = officialPlaces(names, which);
    if (places.size > 0) return new BackboneWeights(path, source, others, places, embed);
    await source[Symbol.asyncDispose]();
    throw new CheckpointError(
      `Cannot load "${path}": it must hold a DINOv2 backbone, got ${names.length} tensors such as ` +
        names.slice(0, 3).join(", "),
    );
  }

  async f32(name: string): Promise<Float32Array<ArrayBuffer>> {
    const place = this.places.get(name) ?? this.embed.get(name);
    if (place === undefined) {
      throw new CheckpointError(`Cannot load "${this.path}": it has no ${name}`);
    }
    const parts = await Promise.all(place.map((part) => this.source.f32(part)));
    if (parts.length === 1) return parts[0];
    const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.source[Symbol.asyncDispose]();
  }
}

function shapesOf(places: ReadonlyMap<string, WeightPlace>, source: WeightSource) {
  return new Map([...places].map(([name, place]) => [name, shapeOf(place, source)]));
}

/** Parts are laid one after another along their first axis. */
function shapeOf(place: WeightPlace, { shapes }: WeightSource): readonly number[] {
  const [first, ...rest] = place.map((name) => shapes.get(name)!);
  return [rest.reduce((rows, shape) => rows + shape[0], first[0]), ...first.slice(1)];
}
