import type { ComponentChildren } from 'preact';
import { call, type Input, type Output } from '../../api/call.js';
import { me } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/configuration.json';
import { Confirm } from '../../parts/dialog.js';
import { Icon } from '../../parts/icon.js';
import { say } from '../../parts/notes.js';
import { Badge, Loaded } from '../../parts/page.js';
import { Remedy, sentence } from '../../parts/shown-fault.js';
import { Table } from '../../parts/table.js';
import { wordsOf } from '../../words/words.js';

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
      title={t('review')}
      act={t('apply')}
      isReady={problems.length === 0 && differences.length > 0}
      isDestructive={losesData(differences)}
      onAct={async () => {
        const { needRestart } = await call('config.apply', { ...change, ifRevision: revision });
        say(t(needRestart.length === 0 ? 'applied' : 'applied-restart'));
        // What it says about the box may have changed.
        me.value = await call('auth.me');
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

/** The names of settings, by their paths: `messages/en/settings.json`. */
const nameOf = wordsOf<Readonly<Record<string, string>>>('settings');

export type Setting = Output<'config.show'>['settings'][number];
type Difference = Output<'config.check'>['differences'][number];
type Problem = Output<'config.check'>['problems'][number];

/** The name of a section that has settings which can be changed. */
export const sectionName = (section: string): string => nameOf(`section-${section}`) || section;

const units = [
  [/^retention\.(?!atHour)/, () => t('unit-days')],
  [/S$/, () => t('unit-seconds')],
  [/MiB$/, () => t('unit-mebibytes')],
] as const;

/** The name of a setting with its unit; the path of one that has no name of its own. */
export function settingName(path: string): string {
  const label = nameOf(`set-${path}`);
  if (label === '') return path;
  const unit = units.find(([pattern]) => pattern.test(path))?.[1]();
  return unit === undefined ? label : t('with-unit', { label, unit });
}

/** A value in words. */
export function valueText(path: string, value: unknown): string {
  if (value === undefined || value === null) return t('not-set');
  if (typeof value === 'boolean') return value ? t('yes') : t('no');
  if (value === 'forever') return t('without-limit');
  if (value === 'auto') return t('automatic');
  if (typeof value === 'string') return nameOf(`value-${path}-${value}`) || value;
  if (typeof value === 'number') return String(value);
  if (!Array.isArray(value)) return JSON.stringify(value);
  const isPlain = value.every((each) => typeof each !== 'object');
  return isPlain && value.length > 0 ? value.join(', ') : t('list-of', { count: value.length });
}

/** The choices of a setting with their words; undefined where any value may be given. */
export function choicesOf({ path, schema }: Setting): readonly (readonly [string, string])[] | undefined {
  const given = schema['enum'];
  if (!Array.isArray(given)) return undefined;
  return given.map((each) => [String(each), valueText(path, each)] as const);
}

/** The word that may stand in place of a number, such as `forever`. */
export function wordOf({ schema }: Setting): string | undefined {
  const given = schema['anyOf'];
  if (!Array.isArray(given)) return undefined;
  const words = given.map((each: unknown) =>
    typeof each === 'object' && each !== null && 'const' in each ? each.const : undefined,
  );
  return words.find((each): each is string => typeof each === 'string');
}

/** True for a setting that the form cannot show: a list. */
export const isList = ({ schema }: Setting): boolean => schema['type'] === 'array';
