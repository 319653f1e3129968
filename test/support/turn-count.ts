/** Counts the turns of the event loop from now until it is disposed. */
export function countTurns(): Disposable & { readonly turns: number } {
  let turns = 0;
  let hasEnded = false;
  const count = (): void => {
    turns += 1;
    if (!hasEnded) setImmediate(count);
  };
  setImmediate(count);
  return {
    get turns() {
      return turns;
    },
    [Symbol.dispose]() {
      hasEnded = true;
    },
  };
}
