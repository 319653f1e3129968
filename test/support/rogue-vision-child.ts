// See `rogueProgram`: a program in the place of a vision process; its argument selects its behaviour.
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeMessage } from '../../daemon/contract/vision/vision-channel.js';
import type { Report } from '../../daemon/contract/vision/vision-reports.js';
import { encodeEmbedding, type WireSighting } from '../../daemon/contract/vision/vision-sighting.js';
import { largestBestShotBytes } from '../../daemon/kernel/faces/best-shot.js';
import { evilText, forgedLine, honestEveryMs, type RogueMode } from './rogue-vision.js';

const dimensions = 128;

class Rogue {
  readonly #socket = new Socket({ fd: 3, readable: true, writable: true });
  #cameras: readonly string[] = [];

  constructor() {
    this.#socket.on('error', () => process.exit(1));
    this.#socket.on('close', () => process.exit(0));
  }

  get nowMs(): number {
    return Number(process.hrtime.bigint()) / 1e6;
  }

  get camera(): string {
    return this.#cameras[0] ?? 'none';
  }

  /** Reads its orders, all of them unless it is deaf, and learns its cameras from the first. */
  async start(mode: RogueMode): Promise<void> {
    let text = '';
    let heard: () => void = () => undefined;
    const started = new Promise<void>((resolve) => {
      heard = resolve;
    });
    this.#socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (mode === 'late' && !text.includes('"level":"debug"')) return;
      const plan = /"cameras":\[(.*?)\],"threads"/.exec(text)?.[1];
      const ids = plan ?? /"type":"start".*"cameras":\[(.*)\]/.exec(text)?.[1];
      if (ids === undefined) return;
      this.#cameras = [...ids.matchAll(/"id":"([^"]+)"/g)].map(([, id = '']) => id);
      text = '';
      heard();
    });
    await started;
    if (mode === 'deaf') this.#socket.pause();
  }

  async say(report: Report | Record<string, unknown>, attachment?: Uint8Array): Promise<void> {
    await this.write(encodeMessage(report, attachment?.length), ...(attachment ? [attachment] : []));
  }

  /** Waits while the core does not read. */
  async write(...chunks: readonly Uint8Array[]): Promise<void> {
    let isTaken = true;
    for (const chunk of chunks) isTaken = this.#socket.write(chunk);
    if (!isTaken) await once(this.#socket, 'drain');
  }

  ready(text = ''): Promise<void> {
    const provider = { requested: `cpu${text}`, actual: 'cpu' };
    return this.say({
      type: 'ready',
      provider,
      recogniser: 'test-recogniser',
      ffmpegVersion: `7${text}`,
      hasNetwork: true,
    });
  }

  progress(): Promise<void> {
    return this.say({
      type: 'progress',
      processorMs: 1,
      cameras: [{ id: this.camera, counters: { analysed: 1 }, stageTimes: {} }],
    });
  }

  sighting(changes: Partial<WireSighting> = {}): Extract<Report, { type: 'sighting' }> {
    const nowMs = this.nowMs;
    const sighting: WireSighting = {
      cameraId: this.camera,
      trackId: randomUUID(),
      sequence: 0,
      isEnded: false,
      firstSeenMs: nowMs,
      lastSeenMs: nowMs,
      box: { x: 1, y: 1, width: 100, height: 100 },
      quality: { score: 0.9, reasons: [] },
      views: { count: 10, embedded: 0, faults: {} },
      liveness: {
        verdict: 'undetermined',
        reason: 'observed-too-briefly',
        evidence: { blinks: [], unboundBlinks: [], gestures: [], observedS: 1, frameCount: 10 },
      },
      recogniser: 'test-recogniser',
      probes: [],
      ...(changes.isEnded === true ? { endedBy: 'left' as const } : {}),
      ...changes,
    };
    return { type: 'sighting', sighting };
  }

  probe(): WireSighting['probes'][number] {
    const values = Float32Array.from({ length: dimensions }, () => Math.random() - 0.5);
    const length = Math.hypot(...values);
    const embedding = values.map((value) => value / length);
    return { capturedAtMs: this.nowMs, embeddingBase64: encodeEmbedding(embedding), quality: 0.9 };
  }
}

/** As large as a picture of a sighting may be; made once, so that it comes as fast as the pipe takes it. */
const largestJpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), randomBytes(largestBestShotBytes - 3)]);

type Act = (rogue: Rogue, turn: number) => Promise<void>;

/** What is done again and again without a pause. */
const acts: Readonly<Record<RogueMode, Act>> = {
  honest: async (rogue, turn) => {
    if (turn % 10 === 0) await rogue.progress();
    await rogue.say(rogue.sighting({ trackId: `steady-${process.pid}`, sequence: turn }));
    // Now and then a stranger, of whom there is an event.
    if (turn % 20 === 0) await rogue.say(rogue.sighting({ isEnded: true, probes: [rogue.probe()] }));
    await sleep(honestEveryMs);
  },
  lingering: async (rogue) => {
    await rogue.ready();
    await rogue.say({ type: 'failed', code: 'test', message: 'a network hangs', remedy: '' });
    await sleep(60_000);
  },
  late: async (rogue) => {
    await rogue.progress();
    await sleep(100);
  },
  'invented-cameras': async (rogue, turn) => {
    const id = `camera-${turn}`;
    await rogue.say({
      type: 'progress',
      processorMs: 1,
      cameras: [{ id, counters: { analysed: turn }, stageTimes: {} }],
    });
    await rogue.say({ type: 'camera', cameraId: id, state: { state: 'connecting' } });
    await rogue.say(rogue.sighting({ cameraId: id, probes: [rogue.probe()] }));
  },
  'many-tracks': (rogue) => rogue.say(rogue.sighting()),
  'new-counters': async (rogue, turn) => {
    const names = Array.from({ length: 100 }, (_, index) => [`n${turn}x${index}`, 1]);
    const cameras = [{ id: rogue.camera, counters: Object.fromEntries(names), stageTimes: {} }];
    await rogue.say({ type: 'progress', processorMs: 1, cameras });
  },
  'huge-report': async (rogue) => {
    const message = encodeMessage({ type: 'progress', cameras: 'x'.repeat(47 * 1024 * 1024) });
    await rogue.write(message);
  },
  'deep-nesting': async (rogue) => {
    const body = Buffer.from('['.repeat(30_000) + ']'.repeat(30_000));
    const header = Buffer.alloc(8);
    header.writeUInt32BE(body.length);
    await rogue.write(header, body);
  },
  'far-times': (rogue, turn) => {
    const farMs = [8.64e15, -8.64e15, 1e300, 0][turn % 4] ?? 0;
    const blinks = [{ atMs: farMs, durationMs: 100 }];
    const { liveness } = rogue.sighting().sighting;
    const evidence = { ...liveness.evidence, blinks };
    const timed: Partial<WireSighting>[] = [
      { firstSeenMs: farMs, lastSeenMs: farMs },
      { liveness: { ...liveness, evidence }, isEnded: true },
    ];
    return rogue.say(rogue.sighting(timed[turn % timed.length]));
  },
  'sighting-flood': (rogue, turn) => rogue.say(rogue.sighting({ trackId: 'flood', sequence: turn })),
  'evidence-flood': (rogue) => {
    const bestShot = { capturedAtMs: rogue.nowMs };
    const probes = Array.from({ length: 4 }, () => rogue.probe());
    return rogue.say(rogue.sighting({ bestShot, probes, isEnded: true }), largestJpeg);
  },
  'state-flood': (rogue, turn) => {
    const state = turn % 2 === 0 ? failedState('broken') : ({ state: 'connecting' } as const);
    return rogue.say({ type: 'camera', cameraId: rogue.camera, state });
  },
  escapes: async (rogue) => {
    await rogue.progress();
    await rogue.say({ type: 'camera', cameraId: rogue.camera, state: failedState(evilText) });
    await sleep(1000);
  },
  'log-flood': async (rogue, turn) => {
    if (turn % 1000 === 0) await rogue.progress();
    const line = turn % 2 === 0 ? `${forgedLine}\n` : `${evilText.repeat(100)}\n`;
    const stream = turn % 3 === 0 ? process.stdout : process.stderr;
    if (!stream.write(line)) await once(stream, 'drain');
  },
  'unasked-answers': async (rogue, turn) => {
    await rogue.say({ type: 'camera-closed', request: turn % 5 });
    const takenAtMs = Date.now();
    const result = { outcome: 'ok', widthPx: 1, heightPx: 1, takenAtMs } as const;
    await rogue.say({ type: 'snapshot', request: turn % 5, result }, randomBytes(1000));
  },
  garbage: (rogue) => rogue.write(randomBytes(65_536)),
  'half-a-report': async (rogue) => {
    const message = encodeMessage(rogue.sighting({ probes: [rogue.probe()] }));
    await rogue.write(message.subarray(0, message.length / 2));
    await sleep(3_600_000);
  },
  // Alive for the core, but its pipe fills.
  deaf: async (rogue) => {
    await rogue.progress();
    await sleep(100);
  },
};

function failedState(text: string) {
  return { state: 'failed', code: text, message: text, remedy: text, nextTryMs: 0 } as const;
}

async function main(mode: RogueMode): Promise<void> {
  const rogue = new Rogue();
  await rogue.start(mode);
  await rogue.ready(mode === 'escapes' ? evilText : '');
  for (let turn = 0; ; turn += 1) await acts[mode](rogue, turn);
}

await main(process.argv[2] as RogueMode);
