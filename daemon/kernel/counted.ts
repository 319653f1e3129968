/** A number with its noun: `1 camera`, `0 cameras`. `many` is for irregular plurals. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
