import type { CameraStatus } from '../../../contract/cameras.js';
import { isConnected } from '../../api/connection.js';
import type en from '../../messages/en/cameras.json';
import type { IconName } from '../../parts/icon.js';
import { Badge, type Tone } from '../../parts/page.js';
import { Problem } from '../../parts/shown-fault.js';
import { outcomeWord } from '../../parts/term-words.js';
import { decimals, number, percent } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('cameras');

const looks: Readonly<Record<CameraStatus['state'], readonly [tone: Tone, icon?: IconName]>> = {
  streaming: ['ok', 'check'],
  connecting: ['info', 'reload'],
  waiting: ['info', 'reload'],
  failed: ['bad', 'warning'],
  disabled: ['quiet'],
};

/** Whether a camera delivers pictures. */
export function CameraBadge({
  camera,
}: {
  readonly camera: Pick<CameraStatus, 'state' | 'damage' | 'lostStream'>;
}) {
  if (!isConnected.value) return <Badge tone="quiet">{t('state-unknown')}</Badge>;
  if (camera.damage !== undefined) {
    return (
      <Badge tone="warn" icon="warning">
        {t('state-damaged')}
      </Badge>
    );
  }
  if (camera.lostStream !== undefined) {
    return (
      <Badge tone="warn" icon="warning">
        {t(`state-lost-${camera.lostStream.which}`)}
      </Badge>
    );
  }
  const [tone, icon] = looks[camera.state];
  return (
    <Badge tone={tone} {...(icon && { icon })}>
      {t(`state-${camera.state}`)}
    </Badge>
  );
}

/** Why a camera delivers no usable pictures, or needs the processor for them, and what to do. Shows nothing where all is well. */
export function CameraTrouble({ camera }: { readonly camera: CameraStatus }) {
  const { code, message, remedy } = camera.damage ?? camera.lostStream ?? camera.stream?.fallback ?? camera;
  return message === undefined ? null : <Problem of={{ code, message, remedy }} />;
}

/** How many frames were analysed, and what that costs. */
export const loadText = ({
  analysedFps,
  dueFps,
  decoderCores,
  analysisThreads,
}: NonNullable<CameraStatus['load']>): string =>
  t('load-of', {
    analysed: decimals(analysedFps, 0),
    due: decimals(dueFps, 0),
    decoder: percent(decoderCores),
    analysis: percent(analysisThreads),
  });

/** How many passages there were, and what became of them. */
export function passagesText({ passages }: Pick<CameraStatus, 'passages'>): string {
  const outcomes = Object.entries(passages.byOutcome).map(
    // Object.entries forgets that the keys are outcomes.
    ([outcome, count]) => `${outcomeWord(outcome as keyof typeof passages.byOutcome)} ${number(count)}`,
  );
  const all = t('passages', { count: passages.count });
  return outcomes.length === 0 ? all : `${all}: ${outcomes.join(', ')}`;
}
