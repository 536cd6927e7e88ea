/** Settings by name, groups of them within; nothing is checked. */
export type Nested = { [key: string]: unknown };

/** Whether a value is a group of settings. */
export function isNested(value: unknown): value is Nested {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The names of a dotted key, or undefined where it is none. */
export function namesOf(key: string): string[] | undefined {
  const names = key.split(".");
  return names.some((name) => name === "" || name === "__proto__") ? undefined : names;
}

/**
 * Puts `value` at `names` into `root`: a group is added to one that is there, anything else, and a
 * group where there is none, takes the place of what is there.
 *
 * @param isSet Called with the dotted key of every single value and empty group that is put there.
 */
export function putSetting(
  root: Nested,
  names: readonly string[],
  value: unknown,
  isSet: (key: string) => void = () => {},
): void {
  const parent = groupAt(root, names.slice(0, -1));
  const last = names[names.length - 1];
  if (!isNested(value)) {
    parent[last] = value;
    return isSet(names.join("."));
  }
  groupAt(parent, [last]);
  const inner = Object.entries(value);
  if (inner.length === 0) isSet(names.join("."));
  for (const [name, each] of inner) putSetting(root, [...names, name], each, isSet);
}

/** The group at `names`, made where there is none. */
function groupAt(root: Nested, names: readonly string[]): Nested {
  let group = root;
  for (const name of names) {
    const inner = Object.hasOwn(group, name) ? group[name] : undefined;
    group = isNested(inner) ? inner : group[name] = {};
  }
  return group;
}
