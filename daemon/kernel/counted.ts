/** A number with its noun: `1 camera`, `0 cameras`. `many` is for irregular plurals. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/** A duration in its largest unit of which it has at least two: `3 days`, `90 minutes`, `45 seconds`. */
export function durationText(seconds: number): string {
  const [name, length] = units.find(([, unitS]) => seconds >= 2 * unitS) ?? ['second', 1];
  return counted(Math.round(seconds / length), name);
}
