// The fixed computation by which machines are compared: it multiplies two matrices over and over.

/** Side of the square matrices: three of them fit into the cache of one core. */
const side = 192;
/** How often, so that one run takes about a second on a core of 2020. */
const rounds = 120;

/** Returns 1e9 multiplications with addition a second. */
function compute(): number {
  const a = Float32Array.from({ length: side * side }, (_, index) => (index % 17) / 17);
  const b = Float32Array.from({ length: side * side }, (_, index) => (index % 13) / 13);
  const c = new Float32Array(side * side);
  const multiply = (): void => {
    for (let row = 0; row < side; row++) {
      for (let k = 0; k < side; k++) {
        const factor = a[row * side + k] ?? 0;
        for (let column = 0; column < side; column++) {
          const at = row * side + column;
          c[at] = (c[at] ?? 0) * 0.5 + factor * (b[k * side + column] ?? 0);
        }
      }
    }
  };
  // The compiler has optimised the loop before the clock starts.
  for (let round = 0; round < 10; round++) multiply();
  const startedMs = performance.now();
  for (let round = 0; round < rounds; round++) multiply();
  return (rounds * side ** 3) / (performance.now() - startedMs) / 1e6;
}

process.send?.(compute(), () => process.exit(0));
