import type { AlikePair, CalibratedPerson } from '../../../contract/gallery.js';
import { type Line, readLines } from '../../api/call.js';
import { keptLines } from '../../api/kept-lines.js';
import type en from '../../messages/en/gallery.json';
import { type Column, LongTable, wholeList } from '../../parts/long-table.js';
import { Badge, Facts, Progress, Section } from '../../parts/page.js';
import { Fault } from '../../parts/shown-fault.js';
import { dayAndTime, decimals, number, percent } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('gallery');

const calibration = keptLines(() => readLines('gallery.calibrate'));

const nameOf = ({
  name,
  personId,
}: {
  readonly name?: string | undefined;
  readonly personId: string;
}): string => name ?? personId;
const similarity = (value: number): string => decimals(value, 3, 3);

const columns = (): readonly Column<CalibratedPerson>[] => [
  {
    head: t('person'),
    cell: (person) => <a href={`/people/${person.personId}`}>{nameOf(person)}</a>,
  },
  { head: t('threshold'), cell: ({ threshold }) => similarity(threshold), isFigure: true },
  { head: t('why'), cell: ({ reason }) => t(`why-${reason}`) },
  {
    head: t('nearest'),
    cell: ({ neighbours: [nearest] }) =>
      nearest && t('near', { name: nameOf(nearest), similarity: nearest.similarity }),
    isMinor: true,
  },
  {
    head: t('references'),
    cell: ({ references }) => number(references),
    isMinor: true,
    isFigure: true,
  },
];

/** Compares all persons again. It goes on while the user is elsewhere. */
export function Calibration() {
  const lines = calibration.lines.value;
  const isRunning = calibration.isRunning.value;
  return (
    <Section
      title={t('calibrate')}
      actions={[{ text: t('calibrate-act'), isOffered: !isRunning, onAct: () => void calibration.start() }]}
    >
      <p class="quiet">{t('calibrate-lead')}</p>
      <Fault error={calibration.fault.value} />
      {isRunning && <Progress done={undefined} label={t('calibrating')} />}
      {lines && <Result of={lines} />}
    </Section>
  );
}

function Result({ of: lines }: { readonly of: readonly Line<'gallery.calibrate'>[] }) {
  const summary = lines.find((line) => line.kind === 'summary');
  const persons = lines.flatMap((line) => (line.kind === 'person' ? [line.person] : []));
  const alike = lines.flatMap((line) => (line.kind === 'alike' ? [line.pair] : []));
  return (
    <>
      {summary && (
        <div role="status">
          <Facts
            of={[
              [t('begun'), dayAndTime(summary.startedAt)],
              [t('recogniser'), summary.recogniser],
              [t('why-floor'), similarity(summary.floor)],
              [
                t('expected'),
                summary.expectedFpir === undefined ? t('unknown-share') : percent(summary.expectedFpir, 3),
              ],
              [
                t('expected-missed'),
                summary.expectedFnir === undefined ? undefined : percent(summary.expectedFnir, 3),
              ],
            ]}
          />
        </div>
      )}
      {alike.length > 0 && <Alike of={alike} />}
      <LongTable
        caption={t('calibrate')}
        list={wholeList(persons)}
        columns={columns()}
        keyOf={({ personId }) => personId}
      />
    </>
  );
}

function Alike({ of }: { readonly of: readonly AlikePair[] }) {
  return (
    <>
      <h3>{t('alike')}</h3>
      <ul>
        {of.map(({ a, b, similarity: value, margin, isSeparable }) => (
          <li key={`${a.personId} ${b.personId}`}>
            {t('alike-pair', { a: nameOf(a), b: nameOf(b), similarity: value, margin })}{' '}
            {!isSeparable && <Badge tone="bad">{t('inseparable')}</Badge>}
          </li>
        ))}
      </ul>
    </>
  );
}
