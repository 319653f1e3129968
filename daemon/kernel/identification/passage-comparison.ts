/** The result of a passage with one set of settings. */
export interface PassageAnswer {
  /** The name of the recognised person, or the outcome in brackets: `(no match)`. */
  readonly who: string;
  /** The last event of the passage, or `none`. */
  readonly event: string;
  /** Time of that event, or else of the last recognition, in seconds from the first frame of the clip. */
  readonly atS: number | undefined;
}

/** One passage of a clip under two sets of settings. */
export interface ComparedPassage {
  readonly clip: string;
  readonly track: string;
  readonly firstSeenS: number;
  readonly lastSeenS: number;
  /** The true person, if known. */
  readonly truth: string | undefined;
  readonly a: PassageAnswer;
  readonly b: PassageAnswer;
}

/** Whether the two sets of settings give different results. Different times alone do not count. */
export function isDifferent({ a, b }: ComparedPassage): boolean {
  return a.who !== b.who || a.event !== b.event;
}

/** The number of passages for each pair of labels, in two views of the passages. */
export interface ConfusionMatrix {
  readonly rows: string;
  readonly columns: string;
  /** Names first, then outcomes in brackets, each alphabetically; the same for rows and columns. */
  readonly labels: readonly string[];
  /** By row, by column. */
  readonly counts: readonly (readonly number[])[];
}

type LabelOf = (passage: ComparedPassage) => string | undefined;

const views: Readonly<Record<'truth' | 'A' | 'B', LabelOf>> = {
  truth: ({ truth }) => truth,
  A: ({ a }) => a.who,
  B: ({ b }) => b.who,
};

/** A against B and, if the truth of any passage is known, the truth against A and against B. */
export function confusionMatrices(passages: readonly ComparedPassage[]): readonly ConfusionMatrix[] {
  const judged = passages.filter(({ truth }) => truth !== undefined);
  return [
    ...(judged.length === 0 ? [] : [confusion(judged, 'truth', 'A'), confusion(judged, 'truth', 'B')]),
    confusion(passages, 'A', 'B'),
  ];
}

function confusion(
  passages: readonly ComparedPassage[],
  rows: keyof typeof views,
  columns: keyof typeof views,
): ConfusionMatrix {
  const cells = passages.map((passage) => [views[rows](passage), views[columns](passage)] as const);
  const isBracketed = (label: string): number => (label.startsWith('(') ? 1 : 0);
  const labels = [...new Set(cells.flat())]
    .flatMap((label) => label ?? [])
    .sort((x, y) => isBracketed(x) - isBracketed(y) || (x < y ? -1 : 1));
  const counts = labels.map((row) =>
    labels.map((column) => cells.filter(([a, b]) => a === row && b === column).length),
  );
  return { rows, columns, labels, counts };
}
