import { z } from "../deps/zod.ts";
import { schemaOf } from "./schema_fields.ts";

/**
 * The values that a setting is known to take: all of a choice, true and false of a switch, the
 * words of a setting that takes numbers too; none where anything goes.
 *
 * @example
 * ```ts
 * import { valuesAt } from "./schema_values.ts";
 * import { TrainConfig } from "./train_config.ts";
 *
 * console.log(valuesAt(TrainConfig, "accelerator")); // [ "auto", "gpu", "cpu", "dawn" ]
 * ```
 */
export function valuesAt(schema: z.core.$ZodType, path: string): string[] {
  const field = schemaOf(schema, path.split("."));
  return field === undefined ? [] : valuesOf(field);
}

function valuesOf(schema: z.core.$ZodType): string[] {
  if (schema instanceof z.ZodNullable) {
    return [...valuesOf(schema.def.innerType as z.core.$ZodType), "null"];
  }
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    return valuesOf(schema.def.innerType as z.core.$ZodType);
  }
  if (schema instanceof z.ZodUnion) {
    return schema.options.flatMap((option) => valuesOf(option as z.core.$ZodType));
  }
  if (schema instanceof z.ZodBoolean) return ["true", "false"];
  if (schema instanceof z.ZodEnum) return schema.options.map(String);
  if (schema instanceof z.ZodLiteral) return [...schema.values].map(String);
  return [];
}
