import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { LiveVideoPart } from '../../../../contract/live.js';
import type en from '../../../messages/en/cameras.json';
import { wordsOf } from '../../../words/words.js';
import { readLiveMessage } from './live-connection.js';
import { LiveState, useVisible } from './live-view.js';
import { SmoothPlayer } from './smooth-player.js';
import { type LivePhase, watchLive } from './watch-live.js';

const t = wordsOf<typeof en>('cameras');

interface SmoothViewProps {
  readonly cameraId: string;
  readonly name: string;
  readonly isWanted: boolean;
  /** What happens to the video. */
  readonly phase: Signal<LivePhase>;
  /** Called once where it cannot be shown. */
  readonly onTrouble: (trouble: SmoothTrouble) => void;
}

/** Why it cannot be shown: this browser does not play it, or the camera gives no second stream. */
export type SmoothTrouble = 'unplayable' | 'no-video';

/** The video of a camera as it sends it, without boxes. */
export function SmoothView({ cameraId, name, isWanted, phase, onTrouble }: SmoothViewProps) {
  const video = useRef<HTMLVideoElement>(null);
  const isPlaying = useSignal(false);
  const takings = useSignal(0);
  const isVisible = useVisible();
  const isShown = isWanted && isVisible;
  useEffect(() => {
    if (!isShown || video.current === null) return;
    const leaving = new AbortController();
    const { signal } = leaving;
    isPlaying.value = false;
    const player = new SmoothPlayer(video.current, () => {
      leaving.abort();
      onTrouble('unplayable');
    });
    void watchLive({
      ...{ cameraId, what: 'video', signal, takesOver: takings.value > 0 },
      onPhase: (next) => {
        phase.value = next;
        if (next.kind === 'trouble' && next.trouble === 'no-video') onTrouble('no-video');
      },
      onMessage: (message) => player.take(readLiveMessage<LiveVideoPart>(message)),
    });
    return () => {
      leaving.abort();
      player[Symbol.dispose]();
    };
  }, [cameraId, isShown, takings.value]);
  return (
    <div class="live">
      <video
        ref={video}
        muted
        playsInline
        aria-label={t('smooth-of', { name })}
        onPlaying={() => {
          isPlaying.value = true;
        }}
      />
      <LiveState
        {...{ isWanted, isVisible }}
        phase={phase.value}
        text={
          phase.value.kind === 'open' ? t(isPlaying.value ? 'smooth-playing' : 'smooth-waiting') : undefined
        }
        onTake={() => {
          takings.value += 1;
        }}
      />
    </div>
  );
}
