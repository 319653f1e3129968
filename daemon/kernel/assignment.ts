/** One chosen pair of a row and a column. */
export interface Pair {
  readonly row: number;
  readonly column: number;
}

/**
 * Pairs as many rows with columns as possible, at the lowest total cost (the assignment problem; shortest augmenting paths in
 * O(n^3), after Jonker and Volgenant 1987).
 * `costs[row][column]` is finite where the two may be paired and `Infinity` where they must not be.
 */
export function assign(costs: readonly (readonly number[])[]): readonly Pair[] {
  const rowCount = costs.length;
  const columnCount = costs.reduce((most, row) => Math.max(most, row.length), 0);
  const size = Math.max(rowCount, columnCount);
  if (size === 0) return [];
  const forbidden = forbiddenCost(costs, size);
  const costOf = (row: number, column: number): number => {
    const cost = costs[row]?.[column] ?? Number.POSITIVE_INFINITY;
    return Number.isFinite(cost) ? cost : forbidden;
  };
  const rowOfColumn = solveSquare(size, costOf);
  return rowOfColumn
    .map((row, column) => ({ row, column }))
    .filter(({ row, column }) => Number.isFinite(costs[row]?.[column] ?? Number.POSITIVE_INFINITY))
    .sort((a, b) => a.row - b.row);
}

/** More than all allowed pairs can cost together, so that one more allowed pair always lowers the total cost. */
function forbiddenCost(costs: readonly (readonly number[])[], size: number): number {
  let largest = 1;
  for (const row of costs) {
    for (const cost of row) if (Number.isFinite(cost)) largest = Math.max(largest, Math.abs(cost));
  }
  return 2 * largest * (size + 1);
}

/** For every column of a square problem, the row assigned to it. Index 0 of the work arrays is a sentinel. */
function solveSquare(size: number, costOf: (row: number, column: number) => number): number[] {
  const rowPotential = new Array<number>(size + 1).fill(0);
  const columnPotential = new Array<number>(size + 1).fill(0);
  const rowOf = new Array<number>(size + 1).fill(0);
  for (let row = 1; row <= size; row++) {
    augment(row, size, costOf, rowPotential, columnPotential, rowOf);
  }
  return rowOf.slice(1).map((row) => row - 1);
}

function augment(
  row: number,
  size: number,
  costOf: (row: number, column: number) => number,
  rowPotential: number[],
  columnPotential: number[],
  rowOf: number[],
): void {
  const slack = new Array<number>(size + 1).fill(Number.POSITIVE_INFINITY);
  const cameFrom = new Array<number>(size + 1).fill(0);
  const isVisited = new Array<boolean>(size + 1).fill(false);
  rowOf[0] = row;
  let column = 0;
  while (at(rowOf, column) !== 0) {
    isVisited[column] = true;
    const currentRow = at(rowOf, column);
    let step = Number.POSITIVE_INFINITY;
    let nextColumn = 0;
    for (let j = 1; j <= size; j++) {
      if (isVisited[j]) continue;
      const reduced = costOf(currentRow - 1, j - 1) - at(rowPotential, currentRow) - at(columnPotential, j);
      if (reduced < at(slack, j)) {
        slack[j] = reduced;
        cameFrom[j] = column;
      }
      if (at(slack, j) < step) {
        step = at(slack, j);
        nextColumn = j;
      }
    }
    for (let j = 0; j <= size; j++) {
      if (isVisited[j]) {
        rowPotential[at(rowOf, j)] = at(rowPotential, at(rowOf, j)) + step;
        columnPotential[j] = at(columnPotential, j) - step;
      } else {
        slack[j] = at(slack, j) - step;
      }
    }
    column = nextColumn;
  }
  while (column !== 0) {
    const previous = at(cameFrom, column);
    rowOf[column] = at(rowOf, previous);
    column = previous;
  }
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? 0;
}
