import type { z } from "../deps/zod.ts";
import type { ConfigProblem } from "./config_error.ts";
import { nearestName } from "./nearest_name.ts";
import { namesAt, schemaFields } from "./schema_fields.ts";

/** What is wrong with a value of `raw`, which `schema` refuses. */
export function describeIssue(
  issue: z.core.$ZodIssue,
  raw: unknown,
  schema: z.core.$ZodType,
): ConfigProblem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((name) => describeUnknown([...issue.path, name], raw, schema));
  }
  const key = issue.path.join(".");
  const value = valueAt(raw, issue.path);
  if (key === "") return [{ key: "settings", message: `must be a group, got ${textOf(value)}` }];
  if (value === undefined) return [{ key, message: `is required; write ${key}=...` }];
  return [{ key, message: `${expectation(issue)}, got ${textOf(value)}` }];
}

function describeUnknown(
  path: PropertyKey[],
  raw: unknown,
  schema: z.core.$ZodType,
): ConfigProblem {
  const parents = path.slice(0, -1);
  const name = String(path.at(-1));
  const near = nearestName(name, namesAt(schema, parents));
  const meant = near === undefined ? homesOf(name, schema) : [[...parents, near].join(".")];
  const remedy = meant.length === 0
    ? `known here: ${namesAt(schema, parents).join(", ")}`
    : `did you mean ${meant.join(" or ")}?`;
  return {
    key: path.join("."),
    message: `is not a setting, got ${textOf(valueAt(raw, path))}; ${remedy}`,
  };
}

/** Settings of this name in any group, for one that was given outside of its group. */
function homesOf(name: string, schema: z.core.$ZodType): string[] {
  const paths = schemaFields(schema).map(({ path }) => path);
  return paths.filter((path) => path.endsWith(`.${name}`));
}

/** A value as its user would write it, also where JSON has no word for it. */
function textOf(value: unknown): string {
  switch (typeof value) {
    case "number":
      return String(value); // JSON calls Infinity null
    case "bigint":
      return `${value}n`;
    case "function":
    case "symbol":
    case "undefined":
      return typeof value;
  }
  try {
    return JSON.stringify(value);
  } catch {
    return "an object"; // that holds itself
  }
}

/** The setting at a path, if there is one. */
export function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, name) => (value as Record<PropertyKey, unknown>)?.[name],
    raw,
  );
}

const TYPE_NAMES: Record<string, string> = {
  array: "a list",
  boolean: "true or false",
  int: "a whole number",
  number: "a number",
  object: "a group of settings",
  string: "text",
};

/** What a value must be, from the schema's side of the issue. */
function expectation(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith("must ")) return issue.message; // a setting's own words
  switch (issue.code) {
    case "invalid_type":
      return `must be ${TYPE_NAMES[issue.expected] ?? issue.expected}`;
    case "too_small":
      if (issue.origin === "string") return "must not be empty";
      if (issue.origin === "array") return `must have ${issue.minimum} values`;
      return `must be ${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`;
    case "too_big":
      if (issue.origin === "array") return `must have ${issue.maximum} values`;
      return `must be ${issue.inclusive ? "at most" : "less than"} ${issue.maximum}`;
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "invalid_union":
      return unionExpectation(issue);
    default:
      return issue.message;
  }
}

/** The alternatives of a union, such as `must be "auto" or a whole number`. */
function unionExpectation(issue: z.core.$ZodIssueInvalidUnion): string {
  const alternatives = issue.errors.map(([first]) => expectation(first).replace(/^must be /, ""));
  return `must be ${alternatives.join(" or ")}`;
}
