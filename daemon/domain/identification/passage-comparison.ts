/** What one set of settings made of a passage. */
export interface PassageAnswer {
  /** The name of the person who was recognised, or in brackets why there is none: `(no match)`. */
  readonly who: string;
  /** The last event that would have been told of the passage; `none` where there would have been none. */
  readonly event: string;
  /** When that was, else when it was last known who it is, in seconds from the first frame of the clip. */
  readonly atS: number | undefined;
}

/** One passage of a clip under two sets of settings. */
export interface ComparedPassage {
  readonly clip: string;
  readonly track: string;
  readonly firstSeenS: number;
  readonly lastSeenS: number;
  /** Who it is in truth, where that is known. */
  readonly truth: string | undefined;
  readonly a: PassageAnswer;
  readonly b: PassageAnswer;
}

/** Whether the two sets of settings would have told anything different. Times alone are no difference. */
export function isDifferent({ a, b }: ComparedPassage): boolean {
  return a.who !== b.who || a.event !== b.event;
}

/** How many passages one view of them gives each row and another view each column. */
export interface ConfusionMatrix {
  readonly rows: string;
  readonly columns: string;
  /** Names first, then what stands in brackets; each in order of the alphabet. Those of rows and columns alike. */
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

/** A against B; where the truth of any passage is known also the truth against either. */
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
