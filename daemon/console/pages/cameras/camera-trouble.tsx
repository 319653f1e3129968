import type { CameraStatus } from '../../../contract/cameras.js';
import { isConnected } from '../../api/connection.js';
import type en from '../../messages/en/cameras.json';
import { Remedy, sentence } from '../../parts/fault.js';
import { Icon, type IconName } from '../../parts/icon.js';
import { Badge, type Tone } from '../../parts/page.js';
import { outcomeWord } from '../../parts/terms.js';
import { number } from '../../time/site-time.js';
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
export function CameraBadge({ camera }: { readonly camera: Pick<CameraStatus, 'state' | 'damage'> }) {
  if (!isConnected.value) return <Badge tone="quiet">{t('state-unknown')}</Badge>;
  if (camera.damage !== undefined) {
    return (
      <Badge tone="warn" icon="warning">
        {t('state-damaged')}
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

/** Why a camera delivers no pictures that can be used, and what to do. Shows nothing where all is well. */
export function CameraTrouble({ camera }: { readonly camera: CameraStatus }) {
  const { code, message, remedy } = camera.damage ?? camera;
  return message === undefined ? null : <Trouble of={{ code, message, remedy }} />;
}

interface TroubleProps {
  readonly of: {
    readonly code?: string | undefined;
    readonly message: string;
    readonly remedy?: string | undefined;
  };
}

/** A problem of a camera, as the box tells it. */
export function Trouble({ of: { code, message, remedy } }: TroubleProps) {
  return (
    <div class="fault">
      <Icon name="warning" />
      <div>
        <p class="what">{sentence(message)}</p>
        {remedy && <Remedy>{sentence(remedy)}</Remedy>}
        {code && <p class="quiet">{t('code', { code })}</p>}
      </div>
    </div>
  );
}

/** "3 people watch this camera". Nothing without viewers. */
export function viewersText({ viewers = 0 }: Pick<CameraStatus, 'viewers'>): string {
  return viewers === 0 ? '' : t('viewers', { viewers });
}

/** How many passages there were, and what became of them. */
export function passagesText({ passages }: Pick<CameraStatus, 'passages'>): string {
  const outcomes = Object.entries(passages.byOutcome).map(
    // Object.entries forgets that the keys are outcomes.
    ([outcome, count]) => `${outcomeWord(outcome as keyof typeof passages.byOutcome)} ${number(count)}`,
  );
  const all = t('passages', { count: passages.count });
  return outcomes.length === 0 ? all : `${all}: ${outcomes.join(', ')}`;
}
