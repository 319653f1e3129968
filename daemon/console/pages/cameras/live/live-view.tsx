import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { FollowedFace } from '../../../../contract/live.js';
import type en from '../../../messages/en/cameras.json';
import { wordsOf } from '../../../words/words.js';
import { LiveState } from './live-state.js';
import { useLive } from './use-live.js';
import { useVisible } from './use-visible.js';

const t = wordsOf<typeof en>('cameras');

interface LiveViewProps {
  readonly cameraId: string;
  readonly name: string;
  readonly faces: readonly FollowedFace[];
  readonly isWanted: boolean;
}

/** The pictures of a camera as the box analyses them, with a box around each face. */
export function LiveView({ cameraId, name, faces, isWanted }: LiveViewProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const followed = useRef<ReadonlyMap<string, FollowedFace>>(new Map());
  followed.current = new Map(faces.map((face) => [face.track, face]));
  const takings = useSignal(0);
  const isVisible = useVisible();
  const live = useLive({
    ...{ cameraId, canvas, followed, isWanted: isWanted && isVisible, takings: takings.value },
  });
  const { phase, faceCount } = live;
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
        {...{ isWanted, isVisible, phase }}
        onTake={() => {
          takings.value += 1;
        }}
      />
    </div>
  );
}
