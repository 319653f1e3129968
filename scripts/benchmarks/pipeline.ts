import { openModelStore } from '../../daemon/host/models/store.js';
import { openPinoLogger } from '../../daemon/host/pino-logger.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import { openFaceAnalyser } from '../../daemon/vision/inference/open-face-analyser.js';
import { detectFfmpeg } from '../../daemon/vision/ingest/ffmpeg-binary.js';
import { ownThreshold } from '../../daemon/vision/operating-point.js';
import { chooseRecogniser } from '../../daemon/vision/recogniser-in-use.js';
import { readOptions } from '../options.js';
import { rtspUrl, startRtspServerProcess } from '../virtual-camera/rtsp-server.js';
import { nobodyScenario, noisyClip, oneFaceScenario } from './pipeline-clip.js';
import { cpuTime, since } from './pipeline-cpu.js';
import { decodeLive, type LiveOptions, watchLive } from './pipeline-live.js';
import { watchMemory } from './pipeline-memory.js';
import { ModelRuns } from './pipeline-models.js';
import { decodeAlone, type PassOptions, plainCamera, productionPass } from './pipeline-pass.js';
import { type NobodyRound, printNobody, printReport, type Round } from './pipeline-report.js';

const usage = `What looking at one camera costs beyond decoding and the networks: 1080p, 25 frames a second, one face.

usage: scripts/bench pipeline [--rounds N] [--fps N] [--clip FILE] [--json]
       scripts/bench pipeline --nobody [--rounds N] [--seconds N] [--clip FILE]
       scripts/bench pipeline --minutes N

  --rounds N   rounds of production, decoding alone and networks alone (5)
  --fps N      frames analysed per second (as while a face is tracked: 15)
  --clip FILE  another clip; by default one rendered by the virtual camera
  --nobody     instead: a live camera with nobody in sight, from the moment at which nothing moves: FFmpeg delivers the
               frames that are analysed, or all of them, with and without the detector, against FFmpeg that only
               decodes the same stream
  --seconds N  how long each measurement of that takes (10)
  --minutes N  instead: run the production stages over and over, print resident memory each minute and its slope
  --json       one JSON object instead of tables
`;

/** Everything twice, the second time for good: code is compiled and memory claimed. */
async function measure(options: PassOptions, runs: ModelRuns, rounds: number): Promise<readonly Round[]> {
  await productionPass(options);
  await runs.record(() => productionPass(options));
  await runs.repeat();
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    runs.takeCount();
    const production = await productionPass(options);
    if (runs.takeCount() !== runs.recordedCount) throw new Error('two passes made different model runs');
    const decodeMs = await decodeAlone(options.clip, options.ffmpeg);
    const before = cpuTime();
    const networks = await runs.repeat();
    measured.push({ production, decodeMs, modelsMs: since(before).ownMs, networks });
  }
  return measured;
}

/** Finds nobody, for nothing. */
function blind(analyser: FaceAnalyser): FaceAnalyser {
  return new Proxy(analyser, {
    get: (target, name) => (name === 'detect' ? () => Promise.resolve([]) : Reflect.get(target, name)),
  });
}

/** What a camera with nobody in sight costs, beside decoding alone. */
async function measureNobody(clip: string, options: Omit<LiveOptions, 'url'>, rounds: number): Promise<void> {
  await using server = await startRtspServerProcess({ mounts: { '/live': { file: clip } } });
  const live = { ...options, url: rtspUrl(server.port, '/live', {}) };
  const ways = [
    { name: 'those that are analysed', live, asksForRate: true },
    {
      name: 'the same, without the detector',
      live: { ...live, analyser: blind(live.analyser) },
      asksForRate: true,
    },
    { name: 'all', live, asksForRate: false },
    {
      name: 'all, without the detector',
      live: { ...live, analyser: blind(live.analyser) },
      asksForRate: false,
    },
  ];
  const measured: NobodyRound[] = [];
  for (let round = 0; round < rounds; round++) {
    const decodeMs = await decodeLive(live);
    const costs = [];
    for (const way of ways) costs.push(await watchLive(way.live, way.asksForRate));
    measured.push({ decodeMs, costs });
  }
  printNobody(
    ways.map(({ name }) => name),
    measured,
  );
}

async function main(): Promise<void> {
  const { values } = readOptions(usage, {
    options: {
      rounds: { type: 'string', default: '5' },
      minutes: { type: 'string' },
      fps: { type: 'string', default: String(plainCamera.rates.trackingFps) },
      clip: { type: 'string' },
      nobody: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '10' },
      json: { type: 'boolean', default: false },
    },
  });
  const runs = new ModelRuns();
  runs.start();
  const clip = values.clip ?? (await noisyClip(values.nobody ? nobodyScenario() : oneFaceScenario()));
  const logger = openPinoLogger({ level: 'warn', clock: systemClock });
  const models = await openModelStore();
  const recogniser = await chooseRecogniser(models, 'auto');
  await using analyser = await openFaceAnalyser({
    models,
    recogniser: recogniser.name,
    provider: 'cpu',
    detector: 'auto',
    passivePad: 'none',
    threads: 1,
    logger,
  });
  const sameFaceThreshold = ownThreshold(recogniser.pack) ?? Number.NaN;
  const fps = Number(values.fps);
  const options = { clip, analyser, ffmpeg: await detectFfmpeg(), sameFaceThreshold, fps };
  if (values.nobody) {
    const measuredMs = Number(values.seconds) * 1000;
    await measureNobody(clip, { ...options, measuredMs, logger }, Number(values.rounds));
    return;
  }
  if (values.minutes !== undefined) {
    await watchMemory(Number(values.minutes), () => productionPass(options));
    return;
  }
  printReport(await measure(options, runs, Number(values.rounds)), fps, values.json);
}

await main();
