import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';
import type { FollowedFace, LivePicture } from '../../../../contract/live.js';
import { drawPicture } from './draw-picture.js';
import { readLiveMessage } from './live-message.js';
import { type LivePhase, watchLive } from './watch-live.js';

interface LiveOptions {
  readonly cameraId: string;
  readonly canvas: RefObject<HTMLCanvasElement | null>;
  /** What the box makes of the faces, by their tracks. */
  readonly followed: RefObject<ReadonlyMap<string, FollowedFace>>;
  /** False: no pictures come, so that the box encodes none for this page. */
  readonly isWanted: boolean;
  /** Counts how often the user took the pictures over from another page. */
  readonly takings: number;
}

export interface Live {
  readonly phase: LivePhase;
  /** Faces in the picture that is shown; absent before the first one. */
  readonly faceCount: number | undefined;
}

/** Draws the live pictures of a camera on a canvas as long as they are wanted. */
export function useLive({ cameraId, canvas, followed, isWanted, takings }: LiveOptions): Live {
  const phase = useSignal<LivePhase>({ kind: 'opening' });
  const faceCount = useSignal<number | undefined>(undefined);
  useEffect(() => {
    if (!isWanted) return;
    const leaving = new AbortController();
    const { signal } = leaving;
    const show = async (message: ArrayBuffer): Promise<void> => {
      const { about, media } = readLiveMessage<LivePicture>(message);
      const bitmap = await createImageBitmap(new Blob([media], { type: 'image/jpeg' }));
      if (canvas.current !== null && !signal.aborted) {
        drawPicture(canvas.current, bitmap, about, followed.current ?? new Map());
        canvas.current.dataset['capturedAt'] = about.capturedAt;
        faceCount.value = about.faces.length;
      }
      bitmap.close();
    };
    void watchLive({
      ...{ cameraId, what: 'live', signal, takesOver: takings > 0 },
      onPhase: (next) => {
        phase.value = next;
      },
      onMessage: newestFirst(show),
    });
    return () => leaving.abort();
  }, [cameraId, isWanted, takings]);
  return { phase: phase.value, faceCount: faceCount.value };
}

/** Works on one item at a time. Of those that come meanwhile, only the newest is kept: a picture is never shown late. */
function newestFirst<Item>(work: (item: Item) => Promise<void>): (item: Item) => void {
  let waiting: Item | undefined;
  let isBusy = false;
  const run = async (): Promise<void> => {
    isBusy = true;
    try {
      while (waiting !== undefined) {
        const item = waiting;
        waiting = undefined;
        await work(item);
      }
    } finally {
      isBusy = false;
    }
  };
  return (item) => {
    waiting = item;
    if (!isBusy) void run();
  };
}
