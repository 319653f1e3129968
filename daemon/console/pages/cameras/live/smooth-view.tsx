import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { LiveVideoPart } from '../../../../contract/live.js';
import type en from '../../../messages/en/cameras.json';
import { wordsOf } from '../../../words/words.js';
import { readLiveMessage } from './live-message.js';
import { LiveState } from './live-state.js';
import { SmoothPlayer } from './smooth-player.js';
import { useVisible } from './use-visible.js';
import { type LivePhase, watchLive } from './watch-live.js';

const t = wordsOf<typeof en>('cameras');

interface SmoothViewProps {
  readonly cameraId: string;
  readonly name: string;
  /** As the camera names it, for people. */
  readonly codec: string;
  readonly isWanted: boolean;
}

type Playing = 'waiting' | 'playing' | 'unplayable';

/** The video of a camera as it sends it, without boxes. */
export function SmoothView({ cameraId, name, codec, isWanted }: SmoothViewProps) {
  const video = useRef<HTMLVideoElement>(null);
  const phase = useSignal<LivePhase>({ kind: 'opening' });
  const playing = useSignal<Playing>('waiting');
  const takings = useSignal(0);
  const isVisible = useVisible();
  const isShown = isWanted && isVisible;
  useEffect(() => {
    if (!isShown || video.current === null) return;
    const leaving = new AbortController();
    const { signal } = leaving;
    playing.value = 'waiting';
    const player = new SmoothPlayer(video.current, () => {
      playing.value = 'unplayable';
      leaving.abort();
    });
    void watchLive({
      ...{ cameraId, what: 'video', signal, takesOver: takings.value > 0 },
      onPhase: (next) => {
        phase.value = next;
      },
      onMessage: (message) => player.take(readLiveMessage<LiveVideoPart>(message)),
    });
    return () => {
      leaving.abort();
      player[Symbol.dispose]();
    };
  }, [cameraId, isShown, takings.value]);
  const text = {
    playing: t('smooth-playing'),
    unplayable: t('smooth-unplayable', { codec }),
    waiting: t('smooth-waiting'),
  }[playing.value];
  return (
    <div class="live">
      <video
        ref={video}
        muted
        playsInline
        aria-label={t('smooth-of', { name })}
        onPlaying={() => {
          playing.value = 'playing';
        }}
      />
      <LiveState
        {...{ isWanted, isVisible }}
        phase={phase.value}
        text={playing.value === 'unplayable' || phase.value.kind === 'open' ? text : undefined}
        onTake={() => {
          takings.value += 1;
        }}
      />
    </div>
  );
}
