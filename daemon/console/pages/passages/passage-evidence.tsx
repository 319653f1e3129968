import type { PassageDetails } from '../../../contract/passages.js';
import { qualityReasons } from '../../../kernel/faces/quality.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import { OpennessCurve } from '../../charts/eye-curve.js';
import type en from '../../messages/en/passages.json';
import { Badge, Facts, Section } from '../../parts/page.js';
import { NamedPerson } from '../../parts/person-link.js';
import { Table } from '../../parts/table.js';
import { qualityWord } from '../../parts/term-words.js';
import { clockSeconds, decimals, number, percent } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('passages');

/** The nearest persons against their thresholds. */
function Similarity({ passage: { nearest, threshold, margin } }: { readonly passage: PassageDetails }) {
  return (
    <Section title={t('similarity')}>
      {nearest.length === 0 ? (
        <p class="quiet">{t('no-nearest')}</p>
      ) : (
        <Table
          label={t('similarity')}
          items={nearest}
          keyOf={({ person }) => person.id}
          columns={[
            {
              head: t('person'),
              cell: ({ person, similarity, threshold: own }) => (
                <>
                  <NamedPerson {...person} />
                  <SimilarityBar similarity={similarity} threshold={own} />
                </>
              ),
            },
            { head: t('similarity'), isFigure: true, cell: ({ similarity }) => decimals(similarity, 3, 3) },
            { head: t('threshold'), isFigure: true, cell: ({ threshold: own }) => decimals(own, 3, 3) },
            {
              head: t('matches'),
              cell: ({ similarity, threshold: own }) =>
                similarity >= own ? (
                  <Badge tone="ok" icon="check">
                    {t('reaches')}
                  </Badge>
                ) : (
                  t('below')
                ),
            },
          ]}
        />
      )}
      <p class="quiet">
        {t('policy', { threshold: decimals(threshold, 3, 3), margin: decimals(margin, 3, 3) })}
      </p>
    </Section>
  );
}

/** The figures beside it say the same. */
function SimilarityBar({
  similarity,
  threshold,
}: {
  readonly similarity: number;
  readonly threshold: number;
}) {
  const share = (value: number): number => 100 * Math.min(1, Math.max(0, value));
  return (
    <svg class="similarity" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="ground" width="100" height="6" rx="1" />
      <rect
        class={similarity >= threshold ? 'reached' : 'short'}
        width={share(similarity)}
        height="6"
        rx="1"
      />
      <rect class="threshold" x={share(threshold)} width="0.8" height="6" />
    </svg>
  );
}

/** One moment of a passage. */
interface Moment {
  readonly atMs: number;
  readonly text: string;
}

/** What led to the decision: similarities, the eyes, and what happened when. */
export function Evidence({ passage }: { readonly passage: PassageDetails }) {
  const recorded = useRecorded(passage.events[0]);
  return (
    <>
      <Similarity passage={passage} />
      <Eyes passage={passage} recorded={recorded} />
      <Timeline passage={passage} recorded={recorded} />
    </>
  );
}

/** What happened in the passage, in order: seen, blinked, decided, left. */
function Timeline({
  passage,
  recorded,
}: {
  readonly passage: PassageDetails;
  readonly recorded: string | undefined;
}) {
  const { startedAt, lastSeenAt, liveness, cooldown, end, inSightS } = passage;
  const startMs = Date.parse(startedAt);
  const blinks = liveness.blinks ?? [];
  const moments: readonly Moment[] = [
    { atMs: startMs, text: t('first-seen') },
    ...blinks.map(({ afterS, durationS }) => ({
      atMs: startMs + afterS * 1000,
      text: t('blinked', { duration: decimals(durationS, 2) }),
    })),
    ...(recorded === undefined ? [] : [{ atMs: Date.parse(recorded), text: t('recorded') }]),
    ...(end === undefined ? [] : [{ atMs: Date.parse(lastSeenAt), text: t(`end-${end}`) }]),
  ];
  const ordered = [...moments].sort((one, other) => one.atMs - other.atMs);
  const { verdict, require, blinkCount, observedS, frameCount, passiveScore } = liveness;
  return (
    <Section title={t('timeline')}>
      <MomentLine moments={ordered} startMs={startMs} lengthMs={Math.max(1, inSightS * 1000)} />
      <ol class="moments">
        {ordered.map(({ atMs, text }) => (
          <li key={`${atMs} ${text}`}>
            <span class="figure">{clockSeconds(new Date(atMs))}</span> {text}{' '}
            <span class="quiet">{t('after', { value: decimals((atMs - startMs) / 1000, 1) })}</span>
          </li>
        ))}
      </ol>
      <Facts
        of={[
          [t('liveness'), t(`verdict-${verdict}`)],
          [t('demand'), t('demand-text', { require })],
          [t('blinks'), number(blinkCount)],
          [t('observed'), t('observed-text', { seconds: decimals(observedS, 1), frames: frameCount })],
          [t('passive'), passiveScore === undefined ? undefined : percent(passiveScore)],
          [
            t('cooldown'),
            cooldown &&
              t('cooldown-text', {
                elapsed: number(Math.round(cooldown.elapsedS)),
                cooldown: number(cooldown.cooldownS),
              }),
          ],
          [
            t('before'),
            cooldown?.passage && <a href={`/passages/${cooldown.passage}`}>{t('earlier-passage')}</a>,
          ],
        ]}
      />
    </Section>
  );
}

/** The moments along the time in sight. The list below says the same. */
function MomentLine({
  moments,
  startMs,
  lengthMs,
}: {
  readonly moments: readonly Moment[];
  readonly startMs: number;
  readonly lengthMs: number;
}) {
  const xOf = (atMs: number): number => 1 + 98 * Math.min(1, Math.max(0, (atMs - startMs) / lengthMs));
  return (
    <svg class="moment-line" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect class="ground" x="1" y="3" width="98" height="2" />
      {moments.map(({ atMs, text }) => (
        <rect key={`${atMs} ${text}`} class="moment" x={xOf(atMs) - 0.4} y="0" width="0.8" height="8" />
      ))}
    </svg>
  );
}

/** When the first event of a passage happened. */
function useRecorded(event: string | undefined): string | undefined {
  const { value } = useFetched(
    'events.show',
    { event: event ?? '' },
    { isWanted: event !== undefined && can('events:read') },
  );
  // A damaged event has no time.
  return value !== undefined && 'time' in value.event && typeof value.event.time === 'string'
    ? value.event.time
    : undefined;
}

/** How well the face was seen. */
export function Views({ passage: { views, recogniser } }: { readonly passage: PassageDetails }) {
  const { count, embedded, faults, best } = views;
  const known = qualityReasons.flatMap((fault) => {
    const seenIn = faults[fault];
    return seenIn === undefined ? [] : [{ fault, count: seenIn }];
  });
  return (
    <Section title={t('views')}>
      <p>{t('views-text', { count, embedded })}</p>
      {known.length > 0 && (
        <ul>
          {known.map(({ fault, count: seenIn }) => (
            <li key={fault}>{t('fault-text', { fault: qualityWord(fault), count: seenIn })}</li>
          ))}
        </ul>
      )}
      {best && (
        <Facts
          of={[
            [t('score'), percent(best.score)],
            [t('width'), t('pixels', { value: Math.round(best.widthPx) })],
            [t('yaw'), t('degrees', { value: Math.round(best.yawDeg) })],
            [t('pitch'), t('degrees', { value: Math.round(best.pitchDeg) })],
            [t('luma'), number(Math.round(best.meanLuma))],
            [t('sharpness'), decimals(best.sharpness, 2)],
          ]}
        />
      )}
      <p class="quiet">{t('recogniser', { name: recogniser })}</p>
    </Section>
  );
}

type Sample = NonNullable<PassageDetails['liveness']['openness']>['samples'][number];
type Fault = NonNullable<Sample['fault']>;

/** A decision that came later than this after the last view is not in the curve, seconds. */
const latestMarkS = 3;

/** How far the eyes were open, as a curve and in words. */
function Eyes({
  passage: { startedAt, liveness },
  recorded,
}: {
  readonly passage: PassageDetails;
  readonly recorded: string | undefined;
}) {
  const { openness, blinks = [] } = liveness;
  const [first, last] = [openness?.samples[0], openness?.samples.at(-1)];
  if (openness === undefined || first === undefined || last === undefined) return null;
  const { samples, openEyes, closedUnder } = openness;
  const atS = recorded === undefined ? undefined : (Date.parse(recorded) - Date.parse(startedAt)) / 1000;
  const isNear = atS !== undefined && atS >= first.afterS && atS <= last.afterS + latestMarkS;
  const inCurve = blinks.filter(({ afterS }) => afterS >= first.afterS && afterS <= last.afterS);
  const faults = new Map<Fault, number>();
  for (const { fault } of samples) if (fault !== undefined) faults.set(fault, (faults.get(fault) ?? 0) + 1);
  const text = t('eyes-text', {
    ...{ views: samples.length, blinks: inCurve.length },
    ...{ from: decimals(first.afterS, 1), until: decimals(last.afterS, 1) },
  });
  return (
    <Section title={t('eyes')}>
      <OpennessCurve
        label={text}
        openness={openness}
        blinks={inCurve}
        marked={isNear ? { atS, word: t('recorded') } : undefined}
        words={{ open: t('eyes-open'), closed: t('eyes-closed'), seconds: t('eyes-seconds') }}
      />
      <p>{text}</p>
      {faults.size > 0 && (
        <ul>
          {[...faults].map(([fault, count]) => (
            <li key={fault}>{t('eyes-fault', { fault: t(`eyes-${fault}`), count })}</li>
          ))}
        </ul>
      )}
      <p class="quiet">
        {openEyes === undefined || closedUnder === undefined
          ? t('eyes-too-brief')
          : t('eyes-lines', { open: decimals(openEyes, 2), closed: decimals(closedUnder, 2) })}
      </p>
    </Section>
  );
}
