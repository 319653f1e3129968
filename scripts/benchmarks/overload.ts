import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Detection, FaceLandmarks } from '../../daemon/kernel/faces/face.js';
import type { Box } from '../../daemon/kernel/faces/geometry.js';
import type { Picture } from '../../daemon/kernel/faces/picture.js';
import { cameraId, trackId } from '../../daemon/kernel/ids.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import { affordable, looked, openGate } from '../../daemon/kernel/tracks/look-gate.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { AnalysisTurns } from '../../daemon/vision/analysis-turns.js';
import { CameraLoop } from '../../daemon/vision/camera-loop.js';
import { CameraPipeline } from '../../daemon/vision/camera-pipeline.js';
import type { DetectOptions } from '../../daemon/vision/face-analyser.js';
import type { Scene } from '../../daemon/vision/scene-watch.js';
import { blinkingAt, ScriptedAnalyser, scriptedFrame } from '../../test/support/scripted-analyser.js';

const usage = `Which frames a box with too much to do loses, on a made-up clock: the turns, loops, and pipelines of the daemon, with networks
that only take time. So every run gives the same figures on every machine, and two versions can be compared on a busy one.

usage: scripts/bench overload [options]

  --cameras N   cameras with substreams, each with one visit of 7 s in 28 s, at different moments (8)
  --cores N     processor cores, and threads for the networks (2)
  --speed N     of the machine, relative to one on which each part takes what it takes alone (1)
  --awake N     for so many seconds after a visit its main stream stays decoded (1.4)
`;

const { values } = parseArgs({
  options: {
    cameras: { type: 'string', default: '8' },
    cores: { type: 'string', default: '2' },
    speed: { type: 'string', default: '1' },
    awake: { type: 'string', default: '1.4' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const [cameraCount, cores, speed, awakeS] = [values.cameras, values.cores, values.speed, values.awake].map(
  Number,
) as [number, number, number, number];

/**
 * Processor time of one call of a network, milliseconds, while it has a core for itself: looks as in docs/measurements/performance.md,
 * the mesh and both eyes, and an embedding (`scripts/bench models`).
 */
const callMs = { quick: 22, full: 45, whole: 86, alone: 12, locate: 11, embed: 20 };
/** Cores for what goes on beside the networks (`scripts/bench substream`, `scripts/bench pipeline`). */
const besides = {
  /** Of each camera: its main stream is copied, its substream decoded and watched. */
  resting: 0.04,
  /** While FFmpeg starts and catches up with the video since the last key frame. */
  waking: 0.3,
  /** While a main stream is decoded. */
  decoding: 0.12,
  /** Of one frame a second: handed over, and judged. */
  frames: 0.004,
  /** Of the core, the broker, and the system. */
  others: 0.1,
};
/** Decoders come first, but not all the time. */
const leastForNetworks = 0.2;
type Work = keyof typeof besides | 'looks' | 'meshes' | 'embeddings';
const [visitS, everyS, streamFps] = [7, 28, 25];
/** A main stream shows its first frame so long after somebody came, seconds. */
const wakesAfterS = 0.6;
const goldenSection = (Math.sqrt(5) - 1) / 2;

/** Processor time of each work, in milliseconds of a machine of speed 1. */
const account = new Map<Work, number>();
const spend = (work: Work, ms: number): number => {
  account.set(work, (account.get(work) ?? 0) + ms);
  return ms;
};

interface Job {
  leftMs: number;
  readonly isBeside: boolean;
  end(): void;
}

/** Threads that share what the decoders leave of the processor. Calls wait in order, as in `InferencePool`. */
class Threads {
  #waiting: Job[] = [];
  #running: Job[] = [];

  get hasRoomBeside(): boolean {
    return this.#isRoomBeside && !this.#waiting.some(({ isBeside }) => isBeside);
  }

  get #isRoomBeside(): boolean {
    return this.#running.filter(({ isBeside }) => isBeside).length < Math.max(1, cores - 1);
  }

  run(work: Work, costMs: number, isBeside = false): Promise<void> {
    return new Promise((end) => {
      this.#waiting.push({ leftMs: spend(work, costMs) / speed, isBeside, end });
      this.#next();
    });
  }

  /** One millisecond in which `free` cores are left for the threads. */
  pass(free: number): void {
    const share = Math.min(1, free / Math.max(1, this.#running.length));
    for (const job of this.#running) job.leftMs -= share;
    for (const job of this.#running.filter(({ leftMs }) => leftMs <= 0)) job.end();
    this.#running = this.#running.filter(({ leftMs }) => leftMs > 0);
    this.#next();
  }

  #next(): void {
    while (this.#running.length < cores) {
      const next = this.#waiting.find(({ isBeside }) => !isBeside || this.#isRoomBeside);
      if (next === undefined) return;
      this.#waiting = this.#waiting.filter((each) => each !== next);
      this.#running.push(next);
    }
  }
}

/** Finds the face of a visit after the time that it takes. */
class SlowAnalyser extends ScriptedAnalyser {
  readonly #threads: Threads;

  constructor(threads: Threads, isInSight: (atS: number) => boolean) {
    super((atS) => {
      const box = { x: 800, y: 400, width: 280, height: 280 };
      const sinceS = (atS + everyS) % everyS;
      const openness = blinkingAt(sinceS, [2.2, 4.6]);
      return isInSight(atS) ? [{ box, who: 'ada', openness, mouth: 0.02 * Math.sin(3 * atS) }] : [];
    });
    this.#threads = threads;
  }

  get hasRoomBeside(): boolean {
    return this.#threads.hasRoomBeside;
  }

  override async detect(picture: Picture, options: DetectOptions): Promise<readonly Detection[]> {
    const { isQuick = false, around, parts, isBeside = false } = options;
    const { alone, quick, full, whole } = callMs;
    const fullMs = parts === undefined ? whole : full;
    await this.#threads.run('looks', around !== undefined ? alone : isQuick ? quick : fullMs, isBeside);
    return super.detect(picture, options);
  }

  override async locate(picture: Picture, regions: readonly Box[]) {
    await this.#threads.run('meshes', regions.length * callMs.locate);
    return super.locate(picture, regions);
  }

  override async embed(picture: Picture, landmarks: FaceLandmarks) {
    await this.#threads.run('embeddings', callMs.embed);
    return super.embed(picture, landmarks);
  }
}

/** A scene in which one part of the picture moves as long as a main stream is decoded. */
function movingScene(): Scene {
  let gate = openGate;
  return {
    ...{ see: () => undefined, isResting: () => false },
    forget: () => {
      gate = openGate;
    },
    look(due, { capturedAtMs }, { isShort }) {
      const kind = isShort ? affordable(gate, due, capturedAtMs) : due;
      if (kind === undefined) return undefined;
      gate = looked(gate, kind, 'moving', capturedAtMs);
      return { kind, parts: [{ x: 500, y: 100, width: 900, height: 900 }] };
    },
  };
}

function openCamera(index: number, shared: { clock: VirtualClock; turns: AnalysisTurns; threads: Threads }) {
  const { clock, turns, threads } = shared;
  const cameAtS = everyS * ((index * goldenSection) % 1);
  const sinceS = (atS: number): number => (atS - cameAtS + everyS) % everyS;
  const isDecoded = (atS: number): boolean => sinceS(atS) < visitS + awakeS || pipeline.faceCount > 0;
  let [ids, sequence, nextMs] = [0, 0, 0];
  const pipeline: CameraPipeline = new CameraPipeline({
    cameraId: cameraId(`camera-${index}`),
    analyser: new SlowAnalyser(threads, (atS) => sinceS(atS) < visitS),
    ...{ sink: () => undefined, clock, newTrackId: () => trackId(`t${index}-${++ids}`) },
    ...{ idleFps: 5, trackingFps: 15, provingFps: 30, smallestFacePx: 40, scene: movingScene() },
    hasTime: () => loop.hasTime && turns.hasTime,
    isShortOfTime: () => turns.isShortOfTime,
    ...{ liveness: defaultLivenessPolicy, sameFaceThreshold: 0.5 },
  });
  const loop: CameraLoop = new CameraLoop({
    ...{ analysis: pipeline, clock, seat: turns.join() },
    onFailure: (error) => Promise.reject(error),
    onEnd: (error) => {
      throw error;
    },
  });
  return {
    loop,
    get counts() {
      const { framesAnalysed = 0, detectCount = 0, detectMs = 0, framesEased = 0 } = pipeline.counters;
      return { framesAnalysed, framesEased, detectCount, detectMs, late: loop.late };
    },
    /** Hands over the frame of this moment, if there is one. Returns the cores that the camera takes beside the networks. */
    pass(atMs: number): number {
      const resting = spend('resting', besides.resting);
      if (!isDecoded(atMs / 1000)) return resting;
      if (sinceS(atMs / 1000) < wakesAfterS) return resting + spend('waking', besides.waking);
      const fps = Math.min(streamFps, pipeline.deliveryFps());
      if (atMs >= nextMs) {
        nextMs = Math.max(nextMs + 1000 / fps, atMs);
        loop.put(scriptedFrame(sequence++, atMs));
      }
      return resting + spend('decoding', besides.decoding) + spend('frames', fps * besides.frames);
    },
  };
}

async function main(): Promise<void> {
  const clock = new VirtualClock();
  const threads = new Threads();
  const turns = new AnalysisTurns(clock, () => cores);
  const cameras = Array.from({ length: cameraCount }, (_, index) =>
    openCamera(index, { clock, turns, threads }),
  );
  let before = cameras.map(({ counts }) => counts);
  for (let atMs = 0; atMs < 2000 * everyS; atMs++) {
    if (atMs === 1000 * everyS) {
      before = cameras.map(({ counts }) => counts);
      account.clear();
    }
    const others = cameras.reduce((sum, camera) => sum + camera.pass(atMs), spend('others', besides.others));
    threads.pass(Math.max(leastForNetworks, cores - others / speed));
    // Whatever follows from what ended begins in the same millisecond.
    await setImmediate();
    clock.advanceBy(1);
  }
  const grown = cameras.map(({ counts }, index) => {
    const earlier = before[index] ?? counts;
    const of = (name: keyof typeof counts): number => counts[name] - earlier[name];
    const due = of('framesAnalysed') + of('late');
    return { due, late: of('late'), of, served: of('framesAnalysed') / due };
  });
  const sum = (of: (camera: (typeof grown)[number]) => number): number =>
    grown.reduce((total, camera) => total + of(camera), 0);
  const served = grown.map((camera) => camera.served);
  const looks = sum(({ of }) => of('detectCount'));
  const analysed = sum(({ of }) => of('framesAnalysed'));
  const part = (some: number, all: number): string => `${((100 * some) / all).toFixed(1)} %`;
  console.log(
    `lost of all due frames:          ${part(
      sum(({ late }) => late),
      sum(({ due }) => due),
    )}`,
  );
  console.log(`evenness (least/most served):    ${(Math.min(...served) / Math.max(...served)).toFixed(2)}`);
  console.log(
    `analysed, of that at lower rate: ${(analysed / everyS).toFixed(1)} a second, ${part(
      sum(({ of }) => of('framesEased')),
      analysed,
    )}`,
  );
  console.log(
    `looks, from the wish to the end: ${(looks / everyS).toFixed(1)} a second, ${(sum(({ of }) => of('detectMs')) / looks).toFixed(0)} ms`,
  );
  console.log('\ncores that the work would take on a machine of speed 1:');
  for (const [work, ms] of account) console.log(`  ${work.padEnd(12)} ${(ms / 1000 / everyS).toFixed(2)}`);
  const all = [...account.values()].reduce((total, ms) => total + ms, 0);
  console.log(`  ${'all'.padEnd(12)} ${(all / 1000 / everyS).toFixed(2)} of ${(cores * speed).toFixed(2)}`);
  for (const { loop } of cameras) await loop[Symbol.asyncDispose]();
}

if (values.help) process.stdout.write(usage);
else await main();
