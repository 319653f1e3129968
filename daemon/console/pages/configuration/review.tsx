import type { ComponentChildren } from 'preact';
import { call, type Input, type Output } from '../../api/call.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/configuration.json';
import { Confirm } from '../../parts/dialog.js';
import { Remedy, sentence } from '../../parts/fault.js';
import { Icon } from '../../parts/icon.js';
import { say } from '../../parts/notes.js';
import { Badge, Loaded } from '../../parts/page.js';
import { Table } from '../../parts/table.js';
import { wordsOf } from '../../words/words.js';
import { type Difference, type Problem, settingName, valueText } from './setting-words.js';

const t = wordsOf<typeof en>('configuration');

type Change = Input<'config.check'>;

interface ReviewProps {
  readonly change: Change;
  readonly revision: number;
  /** The change in words, where the page knows them. */
  readonly children?: ComponentChildren;
  /** Called after the change is in force, and when the user gives up. */
  readonly onClose: (isDone: boolean) => void;
}

/** Shows what a change would do, and puts it in force. */
export function Review({ change, revision, children, onClose }: ReviewProps) {
  const checked = useFetched('config.check', change);
  const { problems = [], differences = [] } = checked.value ?? {};
  return (
    <Confirm
      title={t('review-title')}
      act={t('apply')}
      isReady={problems.length === 0 && differences.length > 0}
      isDestructive={losesData(differences)}
      onAct={async () => {
        const { needRestart } = await call('config.apply', { ...change, ifRevision: revision });
        say(t(needRestart.length === 0 ? 'applied' : 'applied-restart'));
      }}
      onClose={onClose}
    >
      {children}
      <Loaded of={checked}>{(value) => <Checked of={value} />}</Loaded>
    </Confirm>
  );
}

function Checked({ of: { problems, differences } }: { readonly of: Output<'config.check'> }) {
  if (problems.length > 0) return <Problems of={problems} />;
  if (differences.length === 0) return <p>{t('nothing')}</p>;
  return (
    <>
      <Differences of={differences} />
      {losesData(differences) && (
        <p>
          <Icon name="warning" /> {t('data-loss')}
        </p>
      )}
      {keepsStrangers(differences) && <p>{t('pictures-kept')}</p>}
    </>
  );
}

/** What is wrong, with file and line. */
export function Problems({ of }: { readonly of: readonly Problem[] }) {
  return (
    <div role="alert">
      <p>
        <Badge tone="bad">{t('refused')}</Badge>
      </p>
      <ul class="findings">
        {of.map(({ file, line, path, message, remedy }) => (
          <li key={`${line} ${path} ${message}`}>
            <p>
              <strong>{path === '' ? '' : settingName(path)}</strong> {sentence(message)}
            </p>
            {line > 0 && <p class="quiet">{t('place', { file, line })}</p>}
            {remedy !== undefined && <Remedy>{sentence(remedy)}</Remedy>}
          </li>
        ))}
      </ul>
    </div>
  );
}

export function Differences({ of }: { readonly of: readonly Difference[] }) {
  return (
    <Table
      label={t('changes', { count: of.length })}
      items={of}
      keyOf={({ path }) => path}
      columns={[
        { head: t('setting'), cell: ({ path }) => settingName(path) },
        { head: t('before'), cell: ({ path, before }) => valueText(path, before) },
        { head: t('after'), cell: ({ path, after }) => valueText(path, after) },
        { head: t('effect'), cell: ({ reload }) => t(`effect-${reload}`) },
      ]}
    />
  );
}

const daysOf = (value: unknown): number => (typeof value === 'number' ? value : Number.POSITIVE_INFINITY);

/** True if something is kept for a shorter time than before. */
const losesData = (differences: readonly Difference[]): boolean =>
  differences.some(
    ({ path, before, after }) =>
      path.startsWith('retention.') && path !== 'retention.atHour' && daysOf(after) < daysOf(before),
  );

const keepsStrangers = (differences: readonly Difference[]): boolean =>
  differences.some(({ path, after }) => path === 'evidence.unknown' && after === true);
