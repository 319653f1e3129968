import type en from '../../../messages/en/cameras.json';
import { NamedPerson } from '../../../parts/person-link.js';
import { Remedy, sentence } from '../../../parts/shown-fault.js';
import { OutcomeBadge, qualityWord } from '../../../parts/term-words.js';
import { decimals } from '../../../time/site-format.js';
import { wordsOf } from '../../../words/words.js';
import { signOf, toneOf } from './face-tone.js';
import type { SeenFace } from './use-seen-faces.js';

const t = wordsOf<typeof en>('cameras');
const hundredths = (value: number): string => decimals(value, 2, 2);

/** What the box measures at one face, and what prevents its recognition. */
export function FaceCard({ face }: { readonly face: SeenFace }) {
  const { decision, trace, liveness } = face;
  const tone = toneOf(face, decision);
  const open = trace.at(-1) ?? null;
  return (
    <li class={`sighted ${tone}`}>
      <h3>
        <span aria-hidden="true">{signOf[tone]}</span> {t('face', { number: face.number })}{' '}
        {decision && <OutcomeBadge outcome={decision.outcome} />}
      </h3>
      {decision && (
        <>
          <p class="why">{sentence(decision.sentence)}</p>
          {decision.remedy !== undefined && <Remedy>{sentence(decision.remedy)}</Remedy>}
          {decision.nearest && <Nearest of={decision.nearest} />}
        </>
      )}
      <EyeLine
        trace={trace}
        label={open === null ? t('eyes-not-judged') : t('eyes-open', { open: hundredths(open) })}
      />
      <p class="quiet">
        {open === null ? t('eyes-not-judged') : t('eyes-open', { open: hundredths(open) })} ·{' '}
        {t('blinks', {
          count: liveness.blinkCount,
          seconds: decimals(liveness.observedS, 1),
        })}
      </p>
      <p class="quiet">{measuresOf(face)}</p>
      {decision && (
        <p class="quiet">
          <a href={`/passages/${encodeURIComponent(decision.passage)}`}>{t('to-passage')}</a>
        </p>
      )}
    </li>
  );
}

type Decision = NonNullable<SeenFace['decision']>;

function Nearest({
  of: { person, name, similarity, threshold },
}: {
  readonly of: NonNullable<Decision['nearest']>;
}) {
  return (
    <p class="nearest">
      {t('nearest')} <NamedPerson id={person} name={name} />:{' '}
      {t('similarity', { similarity: hundredths(similarity), threshold: hundredths(threshold) })}
    </p>
  );
}

function measuresOf({ quality, measures }: SeenFace): string {
  if (quality === null || measures === null) return t('landmarks-missing');
  const { widthPx, sharpness, yawDeg, meanLuma } = measures;
  const figures = t('measures', {
    ...{ widthPx: Math.round(widthPx), sharpness: hundredths(sharpness), yawDeg: Math.round(yawDeg) },
    ...{ light: Math.round(meanLuma), quality: hundredths(quality.score) },
  });
  const faults = quality.reasons.map(qualityWord).join(', ');
  return faults === '' ? figures : `${figures} · ${t('faults', { faults })}`;
}

const widthUnits = 90;
const heightUnits = 20;
/** Eyes that are further open than this, in heights by width, reach the top. */
const widest = 0.45;

/** How far the eyes were open, as a line that rises and falls; a gap where they could not be judged. */
function EyeLine({ trace, label }: { readonly trace: readonly (number | null)[]; readonly label: string }) {
  return (
    <svg
      class="eye-line"
      viewBox={`0 0 ${widthUnits} ${heightUnits}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path d={pathOf(trace)} />
    </svg>
  );
}

/** The path through the values, the newest at the end. */
function pathOf(trace: readonly (number | null)[]): string {
  const start = widthUnits - trace.length;
  let isDown = false;
  const steps = trace.map((value, index) => {
    if (value === null) {
      isDown = false;
      return '';
    }
    const y = heightUnits - (Math.min(widest, Math.max(0, value)) / widest) * heightUnits;
    const step = `${isDown ? 'L' : 'M'}${start + index} ${y.toFixed(1)}`;
    isDown = true;
    return step;
  });
  return steps.join('');
}
