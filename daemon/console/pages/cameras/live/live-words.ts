interface Shown {
  /** The box answers. */
  readonly isConnected: boolean;
  /** The camera delivers. */
  readonly isWanted: boolean;
  /** The page can be seen: not while its tab is in the background. */
  readonly isVisible: boolean;
}

/** Why the frame that is shown is not live; undefined: what its connection says counts. A lost box counts most: it hides the rest. */
export function whyNotLive({
  isConnected,
  isWanted,
  isVisible,
}: Shown): 'phase-stalled' | 'not-streaming' | 'paused' | undefined {
  if (!isConnected) return 'phase-stalled';
  if (!isWanted) return 'not-streaming';
  return isVisible ? undefined : 'paused';
}

/** What stands in place of the faces in sight; undefined: there are some. No face in an old report does not mean that there is none. */
export function whyNoFaces(
  isCurrent: boolean,
  faces: readonly unknown[],
): 'faces-unknown' | 'no-faces' | undefined {
  if (!isCurrent) return 'faces-unknown';
  return faces.length === 0 ? 'no-faces' : undefined;
}

/**
 * Who watches, as the key of a message and the number that it shows. The box counts `viewers` every few seconds, and so may not
 * count this page yet.
 */
export function whoWatches(
  viewers: number,
  isWatching: boolean,
): readonly [key: 'no-viewers' | 'viewers' | 'viewers-and-you', count: number] {
  if (isWatching) return ['viewers-and-you', Math.max(0, viewers - 1)];
  return [viewers === 0 ? 'no-viewers' : 'viewers', viewers];
}
