import { type Signal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { FollowedFace, LivePicture } from '../../../../contract/live.js';
import { isConnected } from '../../../api/connection.js';
import type en from '../../../messages/en/cameras.json';
import { sentence } from '../../../parts/shown-fault.js';
import { wordsOf } from '../../../words/words.js';
import { drawPicture } from './draw-picture.js';
import { readLiveMessage } from './live-connection.js';
import { whyNotLive } from './live-words.js';
import { type LivePhase, watchLive } from './watch-live.js';

const t = wordsOf<typeof en>('cameras');

interface LiveViewProps {
  readonly cameraId: string;
  readonly name: string;
  readonly faces: readonly FollowedFace[];
  readonly isWanted: boolean;
  /** What happens to the pictures. */
  readonly phase: Signal<LivePhase>;
}

/** The pictures of a camera as the box analyses them, with a box around each face. */
export function LiveView({ cameraId, name, faces, isWanted, phase }: LiveViewProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const followed = useRef<ReadonlyMap<string, FollowedFace>>(new Map());
  followed.current = new Map(faces.map((face) => [face.track, face]));
  const takings = useSignal(0);
  const isVisible = useVisible();
  const faceCount = useLive({
    ...{ cameraId, canvas, followed, phase, isWanted: isWanted && isVisible, takings: takings.value },
  });
  return (
    <div class="live">
      <canvas
        ref={canvas}
        role="img"
        width={960}
        height={540}
        aria-label={
          faceCount === undefined ? t('no-picture-yet', { name }) : t('picture', { name, faceCount })
        }
      />
      <LiveState
        {...{ isWanted, isVisible, phase: phase.value }}
        onTake={() => {
          takings.value += 1;
        }}
      />
    </div>
  );
}

interface LiveOptions {
  readonly cameraId: string;
  readonly canvas: RefObject<HTMLCanvasElement | null>;
  /** What the box makes of the faces, by their tracks. */
  readonly followed: RefObject<ReadonlyMap<string, FollowedFace>>;
  /** False: no pictures come, so that the box encodes none for this page. */
  readonly isWanted: boolean;
  /** Counts how often the user took the pictures over from another page. */
  readonly takings: number;
  readonly phase: Signal<LivePhase>;
}

/**
 * Draws the live pictures of a camera on a canvas as long as they are wanted. Tells how many faces are in the one that is shown;
 * undefined before the first one.
 */
function useLive({ cameraId, canvas, followed, isWanted, takings, phase }: LiveOptions): number | undefined {
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
  return faceCount.value;
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

interface LiveStateProps {
  /** The camera delivers. */
  readonly isWanted: boolean;
  readonly isVisible: boolean;
  readonly phase: LivePhase;
  /** In place of the words for the phase. */
  readonly text?: string | undefined;
  /** Takes the pictures over from another window. */
  readonly onTake: () => void;
}

/** What happens to the pictures of a camera, in words. */
export function LiveState({ isWanted, isVisible, phase, text, onTake }: LiveStateProps) {
  const obstacle = whyNotLive({ isConnected: isConnected.value, isWanted, isVisible });
  const fault = phase.kind === 'trouble' ? phase.fault : undefined;
  const own = phase.kind === 'trouble' ? t(`trouble-${phase.trouble}`) : t(`phase-${phase.kind}`);
  const said = !fault?.message ? own : `${sentence(fault.message)} ${sentence(fault.remedy ?? '')}`;
  return (
    <>
      <p class="live-state" role="status">
        {obstacle === undefined ? (text ?? said) : t(obstacle)}
      </p>
      {phase.kind === 'elsewhere' && (
        <button type="button" class="small secondary" onClick={onTake}>
          {t('watch-here')}
        </button>
      )}
    </>
  );
}

/** Whether the page can be seen: not while its tab is in the background. */
export function useVisible(): boolean {
  const isVisible = useSignal(!document.hidden);
  useEffect(() => {
    const look = (): void => {
      isVisible.value = !document.hidden;
    };
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  return isVisible.value;
}
