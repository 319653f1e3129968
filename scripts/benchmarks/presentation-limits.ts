/*
 * How the limits of movement in a face hold up on people and photographs that did not choose them.
 *
 *   scripts/bench presentation-limits RECORDINGS [--groups FILE]
 *
 * RECORDINGS is the folder that `scripts/bench presentations --record` wrote. What liveness was told is told again to the present rules,
 * with an embedding of the same face after each frame. Then the limits of the skin are chosen for each person, and for each photograph
 * behind attacks, on all the others, at all rates together: of 96 choices those that let in no attack and most people; of several equally
 * good ones, the one in the middle by strictness. The person or photograph is judged with them. What is beside the head holds back attacks
 * only in the first table, in the column "live"; "by skin alone" is what the limits in force give without it and without the rule against
 * fades. "Movements" are the steps that count by skin and mesh, "fades" those of them in which all looks are blends of two.
 * Last, visits: 2 to 5 s about each of the first four blinks of a recording of a living person, as if nothing had been seen before.
 * --groups: JSON with people by group, such as {"glasses": ["portraits/d13.mp4"]}: beginnings of the names of clips. Clips whose names
 * begin alike in the key "same person" ([["cctv/A_"]]) are left out together.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { badInput } from '../../daemon/kernel/errors.js';
import { wilsonInterval } from '../../daemon/kernel/identification/error-rates.js';
import { type ComparedSkin, innerMotionPolicy, isFading } from '../../daemon/kernel/liveness/inner-motion.js';
import type { Blink } from '../../daemon/kernel/liveness/liveness.js';
import {
  assessLiveness,
  initialLiveness,
  nextLiveness,
  defaultLivenessPolicy as policy,
} from '../../daemon/kernel/liveness/liveness-verdict.js';
import type { SkinShift } from '../../daemon/kernel/liveness/skin-shift.kernel.js';
import { table } from '../../daemon/kernel/text-table.js';
import { readOptions } from '../options.js';
import { type RecordedTrack, type Recording, readRecordings } from './presentation-recording.js';

const { values, positionals } = readOptions('scripts/bench presentation-limits RECORDINGS', {
  allowPositionals: true,
  options: { groups: { type: 'string' } },
});
const [folder] = positionals;
if (folder === undefined) {
  throw badInput('bad-usage', 'the folder of recordings is missing', {
    remedy: 'Give the folder that scripts/bench presentations --record wrote.',
  });
}

/** What the rules made of one track. */
interface Judged {
  readonly isLive: boolean;
  readonly isAttack: boolean;
  readonly isSeenLongEnough: boolean;
  readonly blinks: readonly Blink[];
  /** What counted together at the end of each step. */
  readonly skins: readonly { readonly atMs: number; readonly skin: ComparedSkin }[];
  /** For each step in which mesh and skin moved, whether all that was seen was a fade. */
  readonly moves: readonly boolean[];
}

/** Processor time of all rules, and of the search for fades alone, milliseconds; how often fades were searched, and in how long recordings. */
const spent = { rulesMs: 0, fadesMs: 0, fades: 0, seenS: 0 };

/** What `work` returns, and the processor time that it took, milliseconds. */
function timed<T>(work: () => T): readonly [T, number] {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return [result, (user + system) / 1000];
}

/** As after a face was out of sight in a track, milliseconds. */
const longestGapMs = 500;

function judged(track: RecordedTrack): Judged {
  let state = initialLiveness;
  let [isLive, isAttack, isSeenLongEnough] = [false, false, false];
  const blinks: Blink[] = [];
  const skins: { atMs: number; skin: ComparedSkin }[] = [];
  const moves: boolean[] = [];
  for (const input of track) {
    if (input.kind === 'blink') blinks.push(input.blink);
    const before = state.motionSeen;
    if (input.kind === 'eyes' && input.sample.atMs - state.nowMs > longestGapMs && state.sampleCount > 0)
      state = nextLiveness(state, { kind: 'interrupted' }, policy);
    const [next, rulesMs] = timed(() => nextLiveness(state, input, policy));
    spent.rulesMs += rulesMs;
    if (input.kind === 'eyes') spent.seenS += Math.min(longestGapMs, next.nowMs - state.nowMs) / 1000;
    state = next;
    if (input.kind !== 'eyes') continue;
    const { atMs } = input.sample;
    const skin = state.motionSeen === before ? undefined : state.motionSeen.at(-1)?.skin;
    if (skin !== undefined) skins.push({ atMs, skin });
    if (skin !== undefined && skin.nearness >= 1) {
      const [isFade, fadesMs] = timed(() => isFading(state.innerMotion));
      spent.fadesMs += fadesMs;
      spent.fades += 1;
      moves.push(isFade);
    }
    state = nextLiveness(state, { kind: 'same-face', atMs }, policy);
    const { verdict } = assessLiveness(state, policy);
    isLive ||= verdict === 'live';
    isAttack ||= verdict === 'attack';
    isSeenLongEnough ||= state.observedMs >= policy.liveAfterS * 1000;
  }
  return { isLive, isAttack, isSeenLongEnough, blinks, skins, moves };
}

/** Lengths of visits, seconds, and blinks of a track about which they are cut. */
const visitsS = [2, 3, 4, 5];
const mostVisits = 4;
/** A blink so near to the end of a visit would not have been seen, milliseconds. */
const besideBlinkMs = 100;

/** For each length of a visit, how many there are, and how many are live. */
function visitsIn(
  tracks: readonly RecordedTrack[],
): readonly { readonly all: number; readonly live: number }[] {
  return visitsS.map((lengthS) => {
    const visits = tracks.flatMap((track) =>
      track
        .flatMap((input) => (input.kind === 'blink' ? [input.blink] : []))
        .slice(0, mostVisits)
        .map(({ atMs }) => {
          const fromMs = Math.max(0, atMs - lengthS * 500);
          const isIn = (ms: number, besideMs = 0): boolean =>
            ms >= fromMs + besideMs && ms <= fromMs + lengthS * 1000 - besideMs;
          return track.filter(
            (input) =>
              (input.kind === 'eyes' && isIn(input.sample.atMs)) ||
              (input.kind === 'blink' && isIn(input.blink.atMs, besideBlinkMs)),
          );
        }),
    );
    return { all: visits.length, live: visits.filter((visit) => judged(visit).isLive).length };
  });
}

/** A presentation, and who or what must be left out with it. */
interface Presentation extends Omit<Recording, 'tracks'> {
  readonly source: string;
  readonly tracks: readonly Judged[];
  readonly visits: ReturnType<typeof visitsIn>;
}

interface Limits {
  readonly skinShift: number;
  readonly skinAgreement: number;
  readonly noisySkinAgreement: number;
}

const choices: readonly Limits[] = [0.004, 0.006, 0.008, 0.01].flatMap((skinShift) =>
  [0.12, 0.16, 0.2, 0.24, 0.28, 0.32].flatMap((skinAgreement) =>
    [0.25, 0.33, 0.4, 0.5].map((noisySkinAgreement) => ({ skinShift, skinAgreement, noisySkinAgreement })),
  ),
);
/** By strictness, the most lenient first. */
const byStrictness = choices.toSorted((a, b) => strictnessOf(a) - strictnessOf(b));

function strictnessOf({ skinShift, skinAgreement, noisySkinAgreement }: Limits): number {
  return Math.log(skinShift * skinAgreement * noisySkinAgreement);
}

/** Whether the presentation would be live with these limits, whatever is seen beside the head. */
function isLiveWith({ tracks }: Presentation, limits: Limits): boolean {
  return tracks.some(({ isSeenLongEnough, blinks, skins }) => {
    const movedMs = skins.flatMap(({ atMs, skin }) => (doesCount(skin, limits) ? [atMs] : []));
    const isNear = (ms: number, blink: Blink): boolean =>
      Math.abs(ms - blink.atMs) <= policy.movesWithinS * 1000;
    return isSeenLongEnough && blinks.some((blink) => movedMs.some((ms) => isNear(ms, blink)));
  });
}

function doesCount({ latest, smallness, ...all }: ComparedSkin, limits: Limits): boolean {
  const isNoisy = all.noise > innerMotionPolicy.clearSkinNoise;
  const least = isNoisy ? limits.noisySkinAgreement : limits.skinAgreement;
  const reach = ({ shift, agreement }: SkinShift, part: number): boolean =>
    shift >= part * smallness * limits.skinShift && agreement >= part * least;
  return reach(all, 1) && reach(latest, innerMotionPolicy.latestPart);
}

/** For each choice, in the order of `byStrictness`, whether each presentation would be live. */
function chosenWithout(source: string, all: readonly Presentation[], live: readonly boolean[][]): number {
  const ranked = byStrictness.map((_, choice) => {
    let [attacks, people] = [0, 0];
    for (const [at, each] of all.entries()) {
      if (each.source === source || live[choice]?.[at] !== true) continue;
      if (each.isGenuine) people += 1;
      else attacks += 1;
    }
    return { choice, attacks, people };
  });
  const fewest = Math.min(...ranked.map(({ attacks }) => attacks));
  const strict = ranked.filter(({ attacks }) => attacks === fewest);
  const most = Math.max(...strict.map(({ people }) => people));
  const best = strict.filter(({ people }) => people === most);
  return best[best.length >> 1]?.choice ?? 0;
}

/** The photographs behind a made attack, such as `Ada_Lovelace_0001`, or `clip-12` for a frame of a clip: none behind a recording. */
function photographsOf(name: string): string[] {
  return [...name.matchAll(/([A-Z][\w-]*?_\d{4})\.jpg|([\w-]+-\d+)\.png/g)].map(([, photograph, frame]) =>
    (photograph ?? frame ?? '').replace(/^.*-(?=[A-Z])/, ''),
  );
}

const personOf = (photograph: string): string => photograph.replace(/[_-]\d+$/, '');

interface Groups {
  readonly [group: string]: readonly string[];
}

const groups =
  values.groups === undefined ? {} : (JSON.parse(await readFile(values.groups, 'utf8')) as Groups);
const { 'same person': together = [], ...shownGroups } = groups;
/** A clip shows one person, whose frames may be behind attacks. */
const personIn = (name: string): string =>
  basename(name.replace(/ from [\d.]+ s$/, '')).replace(/\.\w+$/, '');
const sourceOf = ({ isGenuine, name }: Pick<Recording, 'isGenuine' | 'name'>): string =>
  isGenuine
    ? (together.find((begin) => name.startsWith(begin)) ?? personIn(name))
    : (photographsOf(name).map(personOf)[0] ?? name);

const presentations: Presentation[] = [];
for await (const { tracks, ...recording } of readRecordings(folder))
  presentations.push({
    ...{ ...recording, source: sourceOf(recording), tracks: tracks.map(judged) },
    visits: recording.isGenuine ? visitsIn(tracks) : [],
  });

const live = byStrictness.map((limits) => presentations.map((each) => isLiveWith(each, limits)));
const chosen = new Map(
  [...new Set(presentations.map(({ source }) => source))].map((source) => [
    source,
    chosenWithout(source, presentations, live),
  ]),
);

/** One row for each rate of the presentations that are wanted. */
function rowsOf(group: string, isWanted: (each: Presentation) => boolean): string[][] {
  const wanted = presentations.flatMap((each, at) => (isWanted(each) ? [{ ...each, at }] : []));
  const kinds = [...new Set(wanted.map(({ networks, fps }) => `${networks} ${fps}`))];
  return kinds.map((kind) => {
    const all = wanted.filter(({ networks, fps }) => `${networks} ${fps}` === kind);
    const countWith = (isCounted: (each: (typeof all)[number]) => boolean): number =>
      all.filter(isCounted).length;
    const moves = all.flatMap(({ tracks }) => tracks.flatMap((track) => track.moves));
    const crossed = countWith(({ source, at }) => live[chosen.get(source) ?? 0]?.[at] === true);
    const [low, high] = wilsonInterval(crossed / all.length, all.length);
    return [
      ...[kind, group, String(all.length), String(countWith(({ verdict }) => verdict === 'live'))],
      String(countWith(({ tracks }) => tracks.some(({ isLive }) => isLive))),
      String(countWith((each) => isLiveWith(each, innerMotionPolicy))),
      String(moves.length),
      String(moves.filter((isFade) => isFade).length),
      String(countWith(({ tracks }) => tracks.some(({ isAttack }) => isAttack))),
      String(crossed),
      `${(100 * low).toFixed(0)} to ${(100 * high).toFixed(0)} %`,
    ];
  });
}

const species = [...new Set(presentations.filter((each) => !each.isGenuine).map(({ group }) => group))];
const people = presentations.filter(({ isGenuine }) => isGenuine);
const peopleGroups = [...new Set(people.map(({ group }) => group))];
const heading = [
  'networks fps',
  'group',
  'clips',
  'when recorded',
  'live',
  'by skin alone',
  'movements',
  'of them fades',
  'attack',
  'left out: live',
  '95 %',
];
console.log(
  table(heading, [
    ...peopleGroups.flatMap((group) => rowsOf(group, (each) => each.isGenuine && each.group === group)),
    ...rowsOf('all people', ({ isGenuine }) => isGenuine),
    ...Object.entries(shownGroups).flatMap(([group, begins]) =>
      rowsOf(group, ({ isGenuine, name }) => isGenuine && begins.some((begin) => name.startsWith(begin))),
    ),
    ...species.flatMap((group) => rowsOf(group, (each) => !each.isGenuine && each.group === group)),
    ...rowsOf('all attacks', ({ isGenuine }) => !isGenuine),
  ]),
);
const attacks = new Set(presentations.flatMap(({ isGenuine, name }) => (isGenuine ? [] : [name])));
const photographs = new Set([...attacks].flatMap(photographsOf));
const recordings = [...attacks].filter((name) => photographsOf(name).length === 0);
const photographed = new Set([...photographs].map(personOf)).size;
console.log(
  `\nattacks: ${attacks.size} clips, ${recordings.length} of them recordings, the others of ${photographs.size} photographs of ${photographed} people`,
);
const counts = new Map<number, number>();
for (const choice of chosen.values()) counts.set(choice, (counts.get(choice) ?? 0) + 1);
console.log('\nchosen, and for how many people and photographs:');
for (const [choice, count] of [...counts].sort((a, b) => b[1] - a[1])) {
  const { skinShift, skinAgreement, noisySkinAgreement } = byStrictness[choice] ?? innerMotionPolicy;
  console.log(
    `shift ${(100 * skinShift).toFixed(1)} %, agreement ${skinAgreement}, in noise ${noisySkinAgreement}: ${count}`,
  );
}
const nearest = presentations
  .filter(({ isGenuine }) => !isGenuine)
  .map(({ tracks, ...rest }) => ({
    ...rest,
    skin: tracks
      .flatMap(({ skins }) => skins.map(({ skin }) => skin))
      .sort((a, b) => b.nearness - a.nearness)[0],
  }))
  .filter(({ skin }) => skin !== undefined)
  .sort((a, b) => (b.skin?.nearness ?? 0) - (a.skin?.nearness ?? 0))
  .slice(0, 10);
console.log('\nattacks whose skin came nearest to a movement:');
console.log(
  table(
    ['networks fps', 'group', 'clip', 'nearness', 'skin %', 'noise %', 'agrees'],
    nearest.map(({ networks, fps, group, name, skin }) => [
      ...[`${networks} ${fps}`, group, name, (skin?.nearness ?? 0).toFixed(2)],
      ...[(100 * (skin?.shift ?? 0)).toFixed(2), (100 * (skin?.noise ?? 0)).toFixed(2)],
      (skin?.agreement ?? 0).toFixed(2),
    ]),
  ),
);

const kinds = [...new Set(people.map(({ networks, fps }) => `${networks} ${fps}`))];
console.log('\nvisits about a blink, and people of whom one is live:');
console.log(
  table(
    ['networks fps', 'seconds', 'visits', 'live', 'people', 'live'],
    kinds.flatMap((kind) =>
      visitsS.map((lengthS, at) => {
        const visits = people
          .filter(({ networks, fps }) => `${networks} ${fps}` === kind)
          .flatMap((each) => each.visits[at] ?? [])
          .filter(({ all }) => all > 0);
        const sum = (of: (each: (typeof visits)[number]) => number): string =>
          String(visits.reduce((total, each) => total + of(each), 0));
        const liveOnce = visits.filter(({ live }) => live > 0).length;
        return [
          ...[kind, String(lengthS), sum(({ all }) => all), sum(({ live }) => live)],
          ...[String(visits.length), String(liveOnce)],
        ];
      }),
    ),
  ),
);
console.log(
  `\nprocessor time: ${spent.rulesMs.toFixed(0)} ms for all rules in ${spent.seenS.toFixed(0)} s of faces, ` +
    `${(spent.fadesMs / Math.max(1, spent.fades)).toFixed(1)} ms for each of ${spent.fades} searches for a fade`,
);
