import { z } from "../deps/zod.ts";

/** One setting of a schema, for help texts, tables and suggestions. */
export interface SchemaField {
  /** Dotted path, such as `method_args.output_dim`. */
  path: string;
  description: string;
  /** Default as it would be written on the command line; undefined for a required setting. */
  defaultText: string | undefined;
  /** Whether there is a single value to choose, so that nothing is left to read. */
  isFixed: boolean;
}

/** Lists the settings of `schema` depth first; a nested object appears before its own fields. */
export function schemaFields(schema: z.core.$ZodType, prefix = ""): SchemaField[] {
  const object = objectWithin(schema);
  if (object === undefined) return [];
  return Object.entries(object.shape).flatMap(([name, field]) => {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    const description = z.globalRegistry.get(field as z.core.$ZodType)?.description ?? "";
    return [
      { path, description, defaultText: defaultTextOf(field), isFixed: isFixed(field) },
      ...schemaFields(field, path),
    ];
  });
}

/** The names that `schema` knows at `path`, or an empty list where it has no object. */
export function namesAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const field = schemaOf(schema, path);
  return Object.keys(field && objectWithin(field)?.shape || {});
}

/** The schema of the setting at `path`, if there is such a setting. */
export function schemaOf(
  schema: z.core.$ZodType,
  path: readonly PropertyKey[],
): z.core.$ZodType | undefined {
  return path.reduce<z.core.$ZodType | undefined>(
    (field, name) => field && objectWithin(field)?.shape[String(name)],
    schema,
  );
}

/** The object schema inside defaults, nullables and optionals. */
function objectWithin(schema: z.core.$ZodType): z.core.$ZodObject["_zod"]["def"] | undefined {
  const inner = unwrap(schema);
  return inner instanceof z.ZodObject ? inner.def as z.core.$ZodObject["_zod"]["def"] : undefined;
}

function isFixed(schema: z.core.$ZodType): boolean {
  const inner = unwrap(schema);
  return inner instanceof z.ZodLiteral && inner.values.size === 1;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (
    schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable || schema instanceof z.ZodOptional
  ) {
    return unwrap(schema.def.innerType as z.core.$ZodType);
  }
  return schema;
}

function defaultTextOf(schema: z.core.$ZodType): string | undefined {
  if (schema instanceof z.ZodDefault) return JSON.stringify(schema.def.defaultValue);
  if (schema instanceof z.ZodPrefault) return "";
  if (schema instanceof z.ZodOptional) return "the preset's";
  return undefined;
}
