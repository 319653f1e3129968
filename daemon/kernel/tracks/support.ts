/**
 * How well the detector confirms a mesh. A mesh stays in its place when its face has gone, so a face is only tracked while
 * the independent detector also finds it. In the whole picture the detector can miss a face for seconds because of its size and
 * place; in an enlarged crop of that face it finds it.
 */
export interface Support {
  /** Detector runs on the whole picture in a row that found no face at the mesh, weighted by `weightOfMiss`. */
  readonly misses: number;
  /** The value of `misses` when the detector last found no face in a crop of this face. */
  readonly missesWhenAlone: number;
}

export const supported: Support = { misses: 0, missesWhenAlone: 0 };

/** Misses after which the detector runs on a crop of the face: half of what ends a track, so that several runs are possible. */
const aloneFrom = 4;
/** Misses from which a mesh counts as adrift, if a run on a crop of the face also found nothing. */
const adriftFrom = 8;

export function missedAgain(support: Support, weight: number): Support {
  return { ...support, misses: support.misses + weight };
}

/** The detector found nothing in a crop of the face. */
export function missedAlone(support: Support): Support {
  return { ...support, missesWhenAlone: support.misses };
}

export function isAdrift({ misses, missesWhenAlone }: Support): boolean {
  return misses >= adriftFrom && missesWhenAlone > 0;
}

/**
 * The face whose crop the detector examines in this frame: the one that was missed most often, once for every miss in the whole
 * picture. Only one per frame, to limit the cost. Returns its index; undefined if none is due.
 */
export function chooseAlone(supports: readonly Support[]): number | undefined {
  let chosen: number | undefined;
  let most = 0;
  supports.forEach(({ misses, missesWhenAlone }, index) => {
    if (misses < aloneFrom || misses <= missesWhenAlone || misses <= most) return;
    chosen = index;
    most = misses;
  });
  return chosen;
}
