import { isConnected } from '../../../api/connection.js';
import type en from '../../../messages/en/cameras.json';
import { sentence } from '../../../parts/fault.js';
import { wordsOf } from '../../../words/words.js';
import type { LivePhase } from './watch-live.js';

const t = wordsOf<typeof en>('cameras');

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
  const fault = phase.kind === 'trouble' ? phase.fault : undefined;
  const own = phase.kind === 'trouble' ? t(`trouble-${phase.trouble}`) : t(`phase-${phase.kind}`);
  const said = !fault?.message ? own : `${sentence(fault.message)} ${sentence(fault.remedy ?? '')}`;
  return (
    <>
      <p class="live-state" role="status">
        {!isConnected.value
          ? t('phase-stalled')
          : !isWanted
            ? t('not-streaming')
            : !isVisible
              ? t('paused')
              : (text ?? said)}
      </p>
      {phase.kind === 'elsewhere' && (
        <button type="button" class="small secondary" onClick={onTake}>
          {t('watch-here')}
        </button>
      )}
    </>
  );
}
