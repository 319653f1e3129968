import type { PassageDetails } from '../../../contract/passages.js';
import { OpennessCurve } from '../../charts/openness-curve.js';
import type en from '../../messages/en/passages.json';
import { Section } from '../../parts/page.js';
import { number } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('passages');

type Sample = NonNullable<PassageDetails['liveness']['openness']>['samples'][number];
type Fault = NonNullable<Sample['fault']>;

const tenths = { maximumFractionDigits: 1 } as const;
const hundredths = { maximumFractionDigits: 2 } as const;
/** A decision that came later than this after the last view is not in the curve, seconds. */
const latestMarkS = 3;

/** How far the eyes were open, as a curve and in words. */
export function Eyes({
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
    ...{ from: number(first.afterS, tenths), until: number(last.afterS, tenths) },
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
          : t('eyes-lines', { open: number(openEyes, hundredths), closed: number(closedUnder, hundredths) })}
      </p>
    </Section>
  );
}
