import { join } from "node:path";
import { elementCount } from "../../src/gpu/tensor.ts";
import type { Arrays, Task } from "./work.ts";

/** Writes each array into `<folder>/<name>.f32`, and says what shapes they have. */
export async function writeArrays(folder: string, arrays: Arrays): Promise<Task["inputShapes"]> {
  await Deno.mkdir(folder, { recursive: true });
  const shapes: Task["inputShapes"] = {};
  for (const [name, { shape, data }] of Object.entries(arrays)) {
    if (elementCount(shape) !== data.length) {
      throw new Error(`Cannot write ${name}: [${shape}] must have ${data.length} elements`);
    }
    await Deno.writeFile(fileOf(folder, name), new Uint8Array(data.slice().buffer));
    shapes[name] = shape;
  }
  return shapes;
}

/** Reads the array of a name; its shape is not in the file. */
export async function readArray(folder: string, name: string): Promise<Float32Array<ArrayBuffer>> {
  return new Float32Array((await Deno.readFile(fileOf(folder, name))).buffer);
}

/** Reads what {@linkcode writeArrays} wrote. */
export async function readArrays(folder: string, shapes: Task["inputShapes"]): Promise<Arrays> {
  const arrays: Arrays = {};
  for (const [name, shape] of Object.entries(shapes)) {
    arrays[name] = { shape, data: await readArray(folder, name) };
  }
  return arrays;
}

/** The names of the arrays in a folder. */
export async function arrayNames(folder: string): Promise<string[]> {
  const files = await Array.fromAsync(Deno.readDir(folder));
  return files.map(({ name }) => name.replace(/\.f32$/, "")).sort();
}

function fileOf(folder: string, name: string): string {
  return join(folder, `${name}.f32`);
}
