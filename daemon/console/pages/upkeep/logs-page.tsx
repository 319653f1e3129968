import { useSignal } from '@preact/signals';
import { type LogLevel, logLevels } from '../../../kernel/logger.js';
import type { ItemOf } from '../../api/request.js';
import { useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/upkeep.json';
import { CameraChoice, useCameras } from '../../parts/camera-choice.js';
import { Dialog } from '../../parts/dialog.js';
import { Filters, textsIn } from '../../parts/filters.js';
import { bound, Choice, Field, Tick } from '../../parts/form-fields.js';
import { type Column, LongTable } from '../../parts/long-table.js';
import { Badge, PageHead, type Tone, toSystem } from '../../parts/page.js';
import { useDialog } from '../../parts/use-dialog.js';
import { useQuery, useSettled } from '../../parts/use-query.js';
import { clockSeconds } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('upkeep');

type Line = ItemOf<'host.logs'>;

const tones = { debug: 'quiet', info: 'info', warn: 'warn', error: 'bad' } as const satisfies Record<
  LogLevel,
  Tone
>;

const followEveryMs = 2000;
const keyOf = ({ number }: Line): number => number;

/** The log of the last hour. */
export default function Logs() {
  const query = useQuery();
  const cameras = useCameras();
  const opened = useDialog<Line>();
  const isFollowing = useSignal(false);
  const filters = useSettled({
    ...{ level: query.oneOf('level', logLevels) ?? 'info', limit: 100 },
    ...textsIn(query, ['camera', 'text']),
  });
  const list = useList('host.logs', filters, {
    newer: isFollowing.value ? { everyMs: followEveryMs, keyOf } : undefined,
  });
  return (
    <>
      <PageHead
        title={t('logs-title')}
        lead={t('logs-lead')}
        back={toSystem()}
        actions={[{ text: t('reload'), onAct: list.reload }]}
      >
        <Tick label={t('follow')} {...bound(isFollowing)} />
      </PageHead>
      <Filters saved={{ query, page: 'logs' }}>
        <Choice
          label={t('from-level')}
          value={query.oneOf('level', logLevels) ?? 'info'}
          options={logLevels.map((each) => [each, t(`level-${each}`)])}
          onValue={query.bound('level').onValue}
        />
        <CameraChoice
          label={t('camera')}
          any={t('every-camera')}
          cameras={cameras}
          {...query.bound('camera')}
        />
        <Field label={t('text')} type="search" maxLength={200} {...query.bound('text')} />
      </Filters>
      <LongTable
        caption={t('logs-title')}
        list={list}
        columns={columns(opened.open)}
        keyOf={keyOf}
        empty={t('no-lines')}
      />
      {opened.of && <LineDialog line={opened.of} onClose={opened.closes()} />}
    </>
  );
}

const columns = (open: (line: Line) => void): readonly Column<Line>[] => [
  { head: t('time'), width: 'brief', cell: ({ at }) => clockSeconds(at) },
  {
    head: t('level'),
    width: 'brief',
    cell: ({ level }) => <Badge tone={tones[level]}>{t(`level-${level}`)}</Badge>,
  },
  { head: t('camera'), isMinor: true, width: 'brief', cell: ({ camera }) => camera },
  {
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
