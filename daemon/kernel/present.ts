/** `T` with each property that may be undefined made optional, and undefined taken from its type. */
type Present<T> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/**
 * A copy without the properties whose value is undefined; null stays. The compiler setting
 * `exactOptionalPropertyTypes` forbids undefined as the value of an optional property:
 * `{ id, ...present({ name, remedy }) }` sets `name` and `remedy` only where they have a value.
 */
export function present<T extends object>(values: T): Present<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;
}
