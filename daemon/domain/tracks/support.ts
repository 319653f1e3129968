/**
 * How well the detector bears out a mesh. A mesh believes in itself: it stays where it is when its face has gone, so
 * a face is only followed for as long as the detector, which knows nothing of the mesh, sees it, too. In the
 * whole picture the detector may miss a face for seconds, by its size and place; shown that face alone and enlarged, it finds it.
 */
export interface Support {
  /** Looks at the whole picture in a row that found nothing where the mesh is, weighed by `weightOfMiss`. */
  readonly misses: number;
  /** `misses` when the detector last looked at this face alone and found nothing, either. */
  readonly missesWhenAlone: number;
}

export const supported: Support = { misses: 0, missesWhenAlone: 0 };

/** Misses after which the face is looked at alone: half of what ends a track, so there is time for several tries. */
const aloneFrom = 4;
/** Misses from which a mesh counts as adrift, provided that the face was looked at alone as well. */
const adriftFrom = 8;

export function missedAgain(support: Support, weight: number): Support {
  return { ...support, misses: support.misses + weight };
}

/** The detector looked at the face alone and found nothing. */
export function missedAlone(support: Support): Support {
  return { ...support, missesWhenAlone: support.misses };
}

export function isAdrift({ misses, missesWhenAlone }: Support): boolean {
  return misses >= adriftFrom && missesWhenAlone > 0;
}

/**
 * The one face to look at alone in this frame, so that its cost is bounded: the one that was missed most often, once
 * for every miss of the whole picture. Returns its index; undefined where none is due.
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
