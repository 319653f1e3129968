/** A number with what it counts: `1 camera`, `0 cameras`. `many` is told where it is not `one` with an `s`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
