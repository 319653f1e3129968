import { useSignal } from '@preact/signals';
import { type LogLevel, logLevels } from '../../../kernel/logger.js';
import type { ItemOf } from '../../api/request.js';
import { useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/upkeep.json';
import { CameraChoice, useCameras } from '../../parts/camera-choice.js';
import { Dialog } from '../../parts/dialog.js';
import { Choice, Field, Tick } from '../../parts/field.js';
import { type Column, LongTable } from '../../parts/long-table.js';
import { Badge, PageHead, type Tone } from '../../parts/page.js';
import { clockSeconds } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('upkeep');

type Line = ItemOf<'host.logs'>;

const tones = { debug: 'quiet', info: 'info', warn: 'warn', error: 'bad' } as const satisfies Record<
  LogLevel,
  Tone
>;

interface Filter {
  readonly level: LogLevel;
  readonly camera: string;
  readonly text: string;
}

const followEveryMs = 2000;
const keyOf = ({ number }: Line): number => number;

/** The log of the last hour. */
export default function Logs() {
  const filter = useSignal<Filter>({ level: 'info', camera: '', text: '' });
  const opened = useSignal<Line | undefined>(undefined);
  const { level, camera, text } = filter.value;
  const isFollowing = useSignal(false);
  const list = useList(
    'host.logs',
    { level, limit: 100, ...(camera !== '' && { camera }), ...(text !== '' && { text }) },
    { newer: isFollowing.value ? { everyMs: followEveryMs, keyOf } : undefined },
  );
  return (
    <>
      <PageHead title={t('logs-title')} lead={t('logs-lead')} back={{ href: '/system', text: t('system') }}>
        <Tick
          label={t('follow')}
          isOn={isFollowing.value}
          onChange={(isOn) => {
            isFollowing.value = isOn;
          }}
        />
        <button type="button" class="secondary" onClick={() => void list.reload()}>
          {t('reload')}
        </button>
      </PageHead>
      <Filters
        of={filter.value}
        onChange={(change) => {
          filter.value = { ...filter.value, ...change };
        }}
      />
      <LongTable
        caption={t('logs-title')}
        list={list}
        columns={columns((line) => {
          opened.value = line;
        })}
        keyOf={keyOf}
        empty={t('no-lines')}
      />
      {opened.value !== undefined && (
        <LineDialog
          line={opened.value}
          onClose={() => {
            opened.value = undefined;
          }}
        />
      )}
    </>
  );
}

function Filters({
  of,
  onChange,
}: {
  readonly of: Filter;
  readonly onChange: (of: Partial<Filter>) => void;
}) {
  const cameras = useCameras();
  return (
    <div class="filters">
      <Choice
        label={t('from-level')}
        value={of.level}
        options={logLevels.map((each) => [each, t(`level-${each}`)])}
        onValue={(level) => onChange({ level })}
      />
      <CameraChoice
        label={t('camera')}
        any={t('every-camera')}
        cameras={cameras}
        value={of.camera}
        onValue={(camera) => onChange({ camera })}
      />
      <Field
        label={t('text')}
        type="search"
        maxLength={200}
        value={of.text}
        onValue={(text) => onChange({ text })}
      />
    </div>
  );
}

const columns = (open: (line: Line) => void): readonly Column<Line>[] => [
  { key: 'time', head: t('time'), isBrief: true, cell: ({ at }) => clockSeconds(at) },
  {
    key: 'level',
    head: t('level'),
    isBrief: true,
    cell: ({ level }) => <Badge tone={tones[level]}>{t(`level-${level}`)}</Badge>,
  },
  { key: 'camera', head: t('camera'), isMinor: true, isBrief: true, cell: ({ camera }) => camera },
  {
    key: 'message',
    head: t('message'),
    cell: (line) => (
      <button type="button" class="plain line" onClick={() => open(line)}>
        {messageOf(line)}
      </button>
    ),
  },
];

/** A vision process says something in a field, because it could not be believed otherwise. */
function messageOf({ message, fields }: Line): string {
  const said = fields['said'];
  const inner = typeof said === 'object' && said !== null && 'message' in said ? said.message : said;
  return typeof inner === 'string' ? `${message}: ${inner}` : message;
}

function LineDialog({ line, onClose }: { readonly line: Line; readonly onClose: () => void }) {
  const { number, at, level, message, fields } = line;
  return (
    <Dialog title={t('line-title', { number })} onClose={onClose} isWide>
      <p>
        {clockSeconds(at)} <Badge tone={tones[level]}>{t(`level-${level}`)}</Badge> {message}
      </p>
      <pre class="file">{JSON.stringify(fields, undefined, 2)}</pre>
    </Dialog>
  );
}
