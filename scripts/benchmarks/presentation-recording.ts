import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { badInput, messageOf } from '../../daemon/kernel/errors.js';
import type { LivenessVerdict } from '../../daemon/kernel/liveness/liveness.js';
import type { LivenessInput } from '../../daemon/kernel/liveness/liveness-verdict.js';
import {
  nextSurroundings,
  nothingAround,
  type SeenSurroundings,
  wantsSurroundingsAt,
} from '../../daemon/kernel/liveness/seen-surroundings.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import type { StageEvent, TrackedView } from '../../daemon/vision/stage-event.js';

/*
 * What liveness is told about a face does not depend on its rules, but for the moments of embeddings. So a presentation is analysed once,
 * and rules are tried on what was written down.
 */

/** What liveness was told about one track, in order, without embeddings. */
export type RecordedTrack = readonly LivenessInput[];

/** Writes down what liveness is told while a presentation is analysed. */
export class InputRecorder {
  readonly #analyser: Pick<FaceAnalyser, 'texture' | 'surroundings'>;
  readonly #tracks = new Map<string, { around: SeenSurroundings; readonly inputs: LivenessInput[] }>();

  constructor(analyser: Pick<FaceAnalyser, 'texture' | 'surroundings'>) {
    this.#analyser = analyser;
  }

  get tracks(): readonly RecordedTrack[] {
    return [...this.#tracks.values()].map(({ inputs }) => inputs);
  }

  /** As `FaceObservation.observe` tells liveness; surroundings at the same pace. */
  see({ trackId, atMs, landmarks, eyes, picture }: TrackedView): void {
    const track = this.#trackOf(trackId);
    const isCompared = eyes.left !== undefined && eyes.right !== undefined && eyes.isShapeLost !== true;
    const surroundings =
      isCompared && wantsSurroundingsAt(track.around, atMs)
        ? this.#analyser.surroundings(picture, landmarks)
        : undefined;
    track.around = nextSurroundings(track.around, atMs, surroundings);
    track.inputs.push({
      ...{ kind: 'eyes', sample: eyes, landmarks },
      texture: isCompared ? this.#analyser.texture(picture, landmarks) : undefined,
      ...(surroundings === undefined ? {} : { surroundings }),
    });
  }

  hear(event: StageEvent): void {
    if (event.type === 'blink')
      this.#trackOf(event.trackId).inputs.push({ kind: 'blink', blink: event.blink });
    if (event.type === 'gesture')
      this.#trackOf(event.trackId).inputs.push({ kind: 'gesture', gesture: event.gesture });
  }

  #trackOf(id: string) {
    const track = this.#tracks.get(id) ?? { around: nothingAround, inputs: [] };
    this.#tracks.set(id, track);
    return track;
  }
}

/** A presentation as liveness was told of it, by one set of networks at one rate. */
export interface Recording {
  readonly networks: string;
  readonly fps: number;
  readonly group: string;
  readonly name: string;
  readonly isGenuine: boolean;
  /** By the rules at that time. */
  readonly verdict: LivenessVerdict;
  readonly tracks: readonly RecordedTrack[];
}

export async function writeRecording(folder: string, recording: Recording): Promise<void> {
  const { networks, fps, group, name } = recording;
  const file = [networks, fps, group, name].join('-').replaceAll(/[^\w.-]+/g, '_');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${file}.recording`), serialize(recording));
}

/** The recordings of a folder, one after the other, by name. Throws `folder-unreadable`. */
export async function* readRecordings(folder: string): AsyncGenerator<Recording> {
  const files = await readdir(folder).catch((error: unknown) => {
    throw badInput('folder-unreadable', `cannot read the folder ${folder}: ${messageOf(error)}`, {
      remedy: 'Give the folder that scripts/bench presentations --record wrote.',
      cause: error,
    });
  });
  for (const file of files.filter((each) => each.endsWith('.recording')).sort())
    yield deserialize(await readFile(join(folder, file))) as Recording;
}
