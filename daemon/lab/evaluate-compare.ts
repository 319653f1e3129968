import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { z } from 'zod';
import { identificationSchema, wantedFpir } from '../contract/settings/core-schema.js';
import { attendanceProof } from '../contract/settings/schema.js';
import { livenessSchema } from '../contract/settings/vision-schema.js';
import type { Decider } from '../core/sightings/decider.js';
import type { SearchGallery } from '../core/sightings/gallery-search.js';
import { exitCodes, print, runAction } from '../host/output.js';
import { createPrivateFile } from '../host/private-file.js';
import { systemClock as clock } from '../host/system-clock.js';
import { badInput, messageOf } from '../kernel/errors.js';
import type { EnrolledPerson } from '../kernel/identification/calibration.js';
import { policyOver } from '../kernel/identification/gallery-policy.js';
import type { Identification, MatchPolicy } from '../kernel/identification/match.js';
import type { ComparedPassage, PassageAnswer } from '../kernel/identification/passage-comparison.js';
import { Lifetime } from '../kernel/lifetime.js';
import { defaultLivenessPolicy, type LivenessPolicy } from '../kernel/liveness/liveness-verdict.js';
import type { Sighting } from '../kernel/tracks/sighting.js';
import type { AttendanceProof } from '../kernel/tracks/track-decision.js';
import { VirtualClock } from '../kernel/virtual-clock.js';
import { matchPolicy } from '../vision/operating-point.js';
import { shadowClip } from '../vision/replay-clip.js';
import {
  comparisonCsv,
  comparisonSvg,
  describeComparison,
  type PolicyComparison,
  type PolicySettings,
} from './describe-comparison.js';
import { evaluationNotes } from './evaluation-notes.js';
import { type Clip, enrolAll, readClips, searchIn } from './labelled-collection.js';
import { parseFps } from './replay.js';
import { memoryDecider, type OpenEngines, openReplaySetup, type ReplaySetup } from './replay-setup.js';

interface CompareOptions {
  readonly clips: string;
  readonly known: string;
  readonly a: string;
  readonly b: string;
  readonly fps?: number;
  readonly config?: string;
  readonly camera?: string;
  readonly csv?: string;
  readonly svg?: string;
  readonly json?: boolean;
}

export function registerEvaluateCompare(evaluate: Command, open: OpenEngines): void {
  evaluate
    .command('compare')
    .description('compare the results of two sets of settings on the same passages')
    .requiredOption(
      '--clips <dir>',
      'folder of clips; clips in a subfolder show the person with the name of the subfolder',
    )
    .requiredOption('--known <dir>', 'folder with one folder of photos per person: the gallery')
    .requiredOption('--a <file>', 'YAML with the first settings: identification, liveness or both')
    .requiredOption(
      '--b <file>',
      'YAML with the second settings; settings missing in a file come from the configuration',
    )
    .option('--fps <rate>', 'frames to analyse per second; default: the rates of the camera', parseFps)
    .option('-c, --config <file>', 'use the settings of this configuration; default: default settings')
    .option('--camera <id>', 'use rates, smallest face and direction of this camera in the configuration')
    .option('--csv <file>', 'also write the confusion matrices as CSV')
    .option('--svg <file>', 'also write the confusion matrices as an SVG picture')
    .option('--json', 'print JSON instead of tables')
    .action((options: CompareOptions) =>
      runAction(options.json === true, async () => {
        // Created before the analysis, which takes minutes, so that an unwritable path fails immediately.
        await using csv = options.csv === undefined ? undefined : await createPrivateFile(options.csv);
        await using svg = options.svg === undefined ? undefined : await createPrivateFile(options.svg);
        const comparison = await compare(options, open);
        await csv?.keep(Buffer.from(comparisonCsv(comparison)));
        await svg?.keep(Buffer.from(comparisonSvg(comparison)));
        print(options.json === true, comparison, () => describeComparison(comparison));
        return exitCodes.done;
      }),
    );
}

/** One set of settings. */
interface Side extends PolicySettings {
  /** `match` over the gallery. */
  readonly decides: MatchPolicy;
  readonly liveness: LivenessPolicy & AttendanceProof;
}

async function compare(options: CompareOptions, open: OpenEngines): Promise<PolicyComparison> {
  const written = [await readSettings(options.a), await readSettings(options.b)] as const;
  const clips = await readClips(options.clips);
  const note = evaluationNotes(options);
  await using lifetime = new Lifetime(clock);
  const { config: configPath, camera: cameraId, fps } = options;
  const setup = await openReplaySetup({ configPath, cameraId, fps }, lifetime, open);
  const gallery = await enrolAll(options.known, setup, note);
  const [a, b] = [sideOf(written[0], setup, gallery), sideOf(written[1], setup, gallery)];
  const passages: ComparedPassage[] = [];
  for (const [index, clip] of clips.entries()) {
    note(`clip ${index + 1} of ${clips.length}: ${clip.name}`);
    const path = join(options.clips, clip.name);
    passages.push(...(await compareClip({ ...clip, path }, [a, b], { setup, search: searchIn(gallery) })));
  }
  return {
    recogniser: setup.recogniser.id,
    a: { match: a.match, liveness: a.liveness },
    b: { match: b.match, liveness: b.liveness },
    people: gallery.length,
    clips: clips.length,
    passages,
  };
}

const settingsSchema = z.strictObject({
  identification: identificationSchema.partial().optional(),
  liveness: livenessSchema.partial().optional(),
});
type Settings = z.infer<typeof settingsSchema>;

/** Throws `settings-unreadable`. */
async function readSettings(file: string): Promise<Settings> {
  try {
    const raw: unknown = parse(await readFile(file, 'utf8'));
    settingsSchema.parse(raw ?? {});
    // The raw value, because parsing would fill in defaults where the configuration should apply.
    return (raw ?? {}) as Settings;
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw badInput('settings-unreadable', `cannot read the settings in ${file}: ${reason}`, {
      remedy: 'Write YAML as in the configuration, with identification, liveness or both.',
      cause: error,
    });
  }
}

function sideOf(
  { identification, liveness }: Settings,
  { config, camera, recogniser }: ReplaySetup,
  gallery: readonly EnrolledPerson[],
): Side {
  const merged = identificationSchema.parse({ ...config.identification, ...identification });
  const policy = matchPolicy({ ...config, identification: merged }, recogniser.pack);
  const targetFpir = wantedFpir(merged);
  return {
    match: { ...policy, targetFpir },
    decides: policyOver(gallery, policy, targetFpir),
    liveness: {
      ...defaultLivenessPolicy,
      ...livenessSchema.parse({ ...config.liveness, ...attendanceProof(config, camera), ...liveness }),
    },
  };
}

interface SeenPassage {
  readonly firstSeenS: number;
  readonly lastSeenS: number;
  readonly answer: PassageAnswer;
}

async function compareClip(
  clip: Clip & { readonly path: string },
  sides: readonly [Side, Side],
  { setup, search }: { readonly setup: ReplaySetup; readonly search: SearchGallery },
): Promise<readonly ComparedPassage[]> {
  const { camera, analyser, ffmpeg, match } = setup;
  // No time passes: only the end of a cooldown would need it, and events that a cooldown suppresses count, too.
  const stopped = new VirtualClock();
  const deciders = sides.map(({ decides: policy, liveness: proof }) =>
    memoryDecider(setup, { search, policy, proof, clock: stopped }),
  );
  const seen = sides.map(() => new Map<string, SeenPassage>());
  // Both sides use the same threshold to join the views of a track; otherwise their passages could not be compared.
  const options = { path: clip.path, camera, analyser, ffmpeg, sameFaceThreshold: match.threshold, clock };
  try {
    for await (const { events } of shadowClip(
      options,
      sides.map(({ liveness }) => liveness),
    )) {
      for (const [side, sideEvents] of events.entries()) {
        const [decider, passages] = [deciders[side], seen[side]];
        for (const event of sideEvents) {
          if (event.type !== 'sighting' || decider === undefined || passages === undefined) continue;
          const before = passages.get(event.sighting.trackId);
          passages.set(event.sighting.trackId, await decide(event.sighting, decider, before));
        }
      }
    }
  } finally {
    for (const decider of deciders) decider[Symbol.dispose]();
  }
  return passagesOf(clip, seen[0] ?? new Map(), seen[1] ?? new Map());
}

const unanswered: PassageAnswer = { who: '(not seen well)', event: 'none', atS: undefined };

async function decide(
  sighting: Sighting,
  decider: Decider,
  before: SeenPassage | undefined,
): Promise<SeenPassage> {
  const { identification, recorded, suppressed } = await decider.onSighting(
    sighting,
    (capturedAtMs) => capturedAtMs,
  );
  const atS = sighting.lastSeenMs / 1000;
  let answer = before?.answer ?? unanswered;
  if (identification !== undefined) {
    answer = { ...answer, who: whoIs(identification), atS };
  }
  // Cooldowns are not part of the compared settings.
  const lastFact = [...recorded, ...suppressed].at(-1)?.fact;
  if (lastFact !== undefined) answer = { ...answer, event: lastFact.kind, atS };
  return { firstSeenS: sighting.firstSeenMs / 1000, lastSeenS: atS, answer };
}

function whoIs(identification: Identification): string {
  if (identification.outcome === 'match') return identification.personId;
  if (identification.outcome !== 'ambiguous') return `(${identification.outcome})`;
  // Sorted, so that the same two persons always have the same label.
  const names = identification.candidates.map(({ personId: name }) => name).sort();
  return `(${names.join(' or ')})`;
}

/** Joins the results of both sides for each track, in order of first view. */
function passagesOf(
  { name, truth }: Clip,
  a: ReadonlyMap<string, SeenPassage>,
  b: ReadonlyMap<string, SeenPassage>,
): readonly ComparedPassage[] {
  const nothing: PassageAnswer = { who: '(no passage)', event: 'none', atS: undefined };
  return [...new Set([...a.keys(), ...b.keys()])]
    .flatMap((track): ComparedPassage[] => {
      const [inA, inB] = [a.get(track), b.get(track)];
      const one = inA ?? inB;
      if (one === undefined) return [];
      const { firstSeenS, lastSeenS } = one;
      const answers = { a: inA?.answer ?? nothing, b: inB?.answer ?? nothing };
      return [{ clip: name, track, firstSeenS, lastSeenS, truth, ...answers }];
    })
    .sort((x, y) => x.firstSeenS - y.firstSeenS);
}
