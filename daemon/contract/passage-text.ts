import { type Said, type Say, said } from '../kernel/said.js';
import { namedLines, table } from '../kernel/text-table.js';
import { columns, type Reader, remedyBelow, type ShownWith } from './command-line.js';
import { eyeLines } from './eye-text.js';
import type {
  MarkEffect,
  MarkOutcome,
  PassageDetails,
  PassageItem,
  PersonRef,
  ReadablePassage,
} from './passages.js';

/** Ids of passages begin with the time in milliseconds: so much of an id names one passage of a box. */
const shortId = (id: string): string => id.slice(0, 13);

const unreadable = 'terminal/passage-unreadable';

/** Who passed, for a column. */
function whoText({ person, stranger }: ReadablePassage, say: Say): string {
  if (person !== undefined) return personText(person);
  if (stranger !== undefined) return say('terminal/stranger', { ...stranger });
  return '-';
}

/** The name, or the id where the caller may not read names. */
const personText = ({ id, name }: PersonRef): string => name ?? id;

/** A table of passages, in the given order. */
export function describePassages(passages: readonly PassageItem[], { show, say }: Reader): string {
  if (passages.length === 0) return say('terminal/no-passages');
  const rows = passages.map((passage) =>
    'unreadable' in passage
      ? ['-', '-', '-', '-', say(unreadable), '-', shortId(passage.id)]
      : [
          show(passage.startedAt),
          passage.camera,
          whoText(passage, say),
          passage.outcome,
          passage.reason,
          passage.end === undefined
            ? say('terminal/in-sight')
            : say('terminal/seconds', { seconds: passage.inSightS }),
          shortId(passage.id),
        ],
  );
  return table(columns(say, ['time', 'camera', 'who', 'outcome', 'reason', 'seen-for', 'id']), rows);
}

/** Two lines for one passage of a stream: the facts, and why. */
export function passageLine(passage: PassageItem, { show, say }: Reader): string {
  if ('unreadable' in passage) return `${shortId(passage.id)}  ${say(unreadable)}`;
  const { startedAt, camera, outcome, reason, inSightS, id, sentence } = passage;
  const facts = [
    ...[show(startedAt), camera, whoText(passage, say), outcome, reason],
    ...[say('terminal/seconds', { seconds: inSightS }), shortId(id)],
  ];
  return `${facts.join('  ')}\n  ${sentence}`;
}

/** Why the box did what it did: who, when and where, the sentence, the remedy, and what was measured. */
export function describeWhy(
  passage: PassageDetails,
  { show, say, isPictureGiven }: Pick<ShownWith, 'show' | 'say' | 'isPictureGiven'>,
): string {
  const { startedAt, camera, inSightS, end, outcome, reason, sentence, remedy, id, events, mark } = passage;
  const time = show(startedAt);
  const facts: readonly (readonly [name: string, value: string])[] = [
    [say('terminal/column-who'), whoText(passage, say)],
    [
      say('terminal/when'),
      end === undefined
        ? say('terminal/still-in-sight', { time })
        : say('terminal/in-sight-for', { time, seconds: inSightS }),
    ],
    [say('terminal/where'), camera],
    [say('terminal/column-outcome'), `${outcome} (${reason})`],
    ...(end === undefined || end === 'left'
      ? []
      : [[say('terminal/end'), say(`terminal/end-${end}`)] as const]),
  ];
  const measured = [...viewsOf(passage), nearestOf(passage), livenessOf(passage)].map((line) => say(line));
  return [
    say('terminal/passage', { id }),
    namedLines(facts, '  '),
    `${say('terminal/why', { text: sentence })}${remedyBelow(say, remedy, '')}`,
    ...(mark === undefined ? [] : [say('terminal/marked', { time: show(mark.at), was: markOf(mark) })]),
    say('terminal/measured'),
    ...[...measured, ...eyeLines(passage.liveness.openness, say), ...cooldownLines(passage, say)].map(
      (line) => `  ${line}`,
    ),
    `  ${events.length === 0 ? say('terminal/events-none') : say('terminal/events', { events: events.join(', ') })}`,
    ...(isPictureGiven && passage.hasPicture ? [] : [pictureLine(passage, say)]),
    ...clipLines(passage, show, say),
  ].join('\n');
}

function markOf({ was, person }: NonNullable<PassageDetails['mark']>): Said {
  if (was !== 'person') return said(`terminal/was-${was}`);
  const name = person?.name ?? person?.id;
  return name === undefined ? said('terminal/was-some-person') : said('terminal/was-person', { name });
}

const pictureLine = ({ hasPicture, id }: PassageDetails, say: Say): string =>
  hasPicture ? say('terminal/picture', { id: shortId(id) }) : say('terminal/picture-none');

function clipLines({ clip, id }: PassageDetails, show: ShownWith['show'], say: Say): readonly string[] {
  if (clip === undefined) return [];
  const { state, message, remedy, from, until, frames, isShort } = clip;
  if (state === 'pending') return [say('terminal/clip-pending')];
  if (state !== 'kept')
    return [`${say('terminal/clip-none', { text: message ?? state })}${remedyBelow(say, remedy)}`];
  const times = { frames, from: show(from), until: show(until) };
  return [
    say(isShort ? 'terminal/clip-with-gaps' : 'terminal/clip', times),
    `  rollcall passages clip ${shortId(id)} --out ${say('terminal/file')}`,
  ];
}

function viewsOf({ views: { count, embedded, faults, best } }: PassageDetails): readonly Said[] {
  const found = Object.entries(faults)
    .filter(([, views]) => views > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([fault, views]) => said('terminal/fault-in', { fault, views }));
  const views = said('terminal/views', { count, embedded });
  return [
    found.length === 0 ? views : said('terminal/views-faults', { views, faults: listed(found) }),
    ...(best === undefined
      ? []
      : [
          said('terminal/best-view', {
            ...{ quality: best.score, width: Math.round(best.widthPx), light: Math.round(best.meanLuma) },
            ...{ yaw: Math.round(best.yawDeg), pitch: Math.round(best.pitchDeg), sharpness: best.sharpness },
          }),
        ]),
  ];
}

function nearestOf({ nearest, margin }: PassageDetails): Said {
  if (nearest.length === 0) return said('terminal/nearest-none');
  const near = nearest.map(({ person, similarity, threshold }) =>
    said('terminal/similar-to', { name: personText(person), similarity, threshold }),
  );
  const persons = near.reduce((first, second) => said('doctor/joined', { first, second }));
  return said('terminal/nearest', { persons, margin });
}

function livenessOf({ liveness }: PassageDetails): Said {
  const { verdict, reason, blinkCount, observedS, frameCount, require, passiveScore } = liveness;
  return listed([
    said('terminal/liveness', { verdict, reason }),
    said('terminal/blinks', { count: blinkCount }),
    said('terminal/observed', { seconds: observedS }),
    said('terminal/eyes-measured', { frames: frameCount }),
    ...(passiveScore === undefined ? [] : [said('terminal/passive-score', { score: passiveScore })]),
    said('terminal/camera-demands', { require }),
  ]);
}

function cooldownLines({ cooldown }: PassageDetails, say: Say): readonly string[] {
  if (cooldown === undefined) return [];
  const { elapsedS, cooldownS, passage } = cooldown;
  const values = { elapsed: Math.round(elapsedS), cooldown: Math.round(cooldownS) };
  return [
    passage === undefined
      ? say('terminal/cooldown', values)
      : say('terminal/cooldown-since', { ...values, passage: shortId(passage) }),
  ];
}

/** Parts of a line, such as `a, b`. */
const listed = (parts: readonly Said[]): Said =>
  parts.reduce((first, second) => said('doctor/listed', { first, second }));

export function describeMark({ corrections }: MarkOutcome, done = 'marked'): string {
  if (corrections === 0) return `${done}; no attendance had to be corrected`;
  return `${done}; ${corrections === 1 ? '1 attendance was' : `${corrections} attendances were`} corrected`;
}

/** What a mark does to thresholds, a sentence for each person. */
export function effectText({ thresholds }: MarkEffect): string {
  return thresholds
    .filter(({ before, after }) => after !== before)
    .map(({ person, before, after, comparisons, lost }) => {
      const change = `The threshold of ${personText(person)} changes from ${before.toFixed(3)} to ${after.toFixed(3)}.`;
      const cost = `${lost} of ${comparisons} comparisons of this person's own photos no longer match.`;
      return lost === 0 ? change : `${change} ${cost}`;
    })
    .join('\n');
}
