const widthUnits = 90;
const heightUnits = 20;
/** Eyes that are further open than this, in heights by width, reach the top. */
const widest = 0.45;

/** How far the eyes were open, as a line that rises and falls; a gap where they could not be judged. */
export function EyeLine({
  trace,
  label,
}: {
  readonly trace: readonly (number | null)[];
  readonly label: string;
}) {
  return (
    <svg
      class="eye-line"
      viewBox={`0 0 ${widthUnits} ${heightUnits}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path d={pathOf(trace)} />
    </svg>
  );
}

/** The path through the values, the newest at the end. */
export function pathOf(trace: readonly (number | null)[]): string {
  const start = widthUnits - trace.length;
  let isDown = false;
  const steps = trace.map((value, index) => {
    if (value === null) {
      isDown = false;
      return '';
    }
    const y = heightUnits - (Math.min(widest, Math.max(0, value)) / widest) * heightUnits;
    const step = `${isDown ? 'L' : 'M'}${start + index} ${y.toFixed(1)}`;
    isDown = true;
    return step;
  });
  return steps.join('');
}
