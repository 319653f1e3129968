import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { subscribe } from '../demo-events.js';
import { writeEnrolmentPhotos } from '../virtual-camera/cast.js';
import { rtspUrl, startRtspServerProcess } from '../virtual-camera/rtsp-server.js';
import { startBox, until } from './cameras-box.js';
import { startBroker } from './cameras-broker.js';
import { scenarioOf, shows, startAtS } from './cameras-clip.js';
import { type Arrival, printCameras } from './cameras-report.js';
import { usageNow } from './cameras-usage.js';
import { noisyClip } from './pipeline-clip.js';

const usage = `The built daemon with several 1080p25 cameras over RTSP: what it does, what it costs, how late events are.

usage: scripts/bench cameras [options]

  --cameras N      virtual cameras, all different parts of one clip (4)
  --seconds N      how long to measure (60)
  --show KIND      walk: people come and go; stand: one person stays before each camera; nobody (walk)
  --processes N    vision processes (as the daemon chooses)
  --threads N      threads of each for the networks (as the daemon chooses)
  --dist DIR       the built program (dist)
  --json           one JSON object instead of tables
`;

/** Tracks begin, code is compiled, memory is claimed: not measured. */
const settleMs = 15_000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cameras: { type: 'string', default: '4' },
      seconds: { type: 'string', default: '60' },
      show: { type: 'string', default: 'walk' },
      processes: { type: 'string' },
      threads: { type: 'string' },
      dist: { type: 'string', default: fileURLToPath(new URL('../../dist', import.meta.url)) },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const ids = Array.from({ length: Number(values.cameras) }, (_, index) => `camera-${index + 1}`);
  const scenario = scenarioOf(shows.find((show) => show === values.show) ?? 'walk');
  const file = await noisyClip(scenario);
  const mounts = ids.map((id, index) => [`/${id}`, { file, startAtS: startAtS(index, scenario) }] as const);
  await using broker = await startBroker();
  await using rtsp = await startRtspServerProcess({ mounts: Object.fromEntries(mounts), transport: 'tcp' });
  const vision = {
    ...(values.processes === undefined ? {} : { processes: Number(values.processes) }),
    ...(values.threads === undefined ? {} : { threads: Number(values.threads) }),
  };
  await using box = await startBox({
    directory: fileURLToPath(new URL('../../var/bench-cameras', import.meta.url)),
    program: values.dist,
    brokerUrl: broker.url,
    settings: { vision },
  });
  {
    await using photos = await writeEnrolmentPhotos();
    for (const id of ['ada', 'bea'] as const)
      await box.command('person', 'add', id, '--image', photos.files[id]);
  }
  const arrivals: Arrival[] = [];
  await using _subscription = await subscribe(broker.url, ({ type, time }) => {
    arrivals.push({ type, afterMs: Date.now() - Date.parse(time) });
  });
  await box.setCameras(ids.map((id) => ({ id, name: id, url: rtspUrl(rtsp.port, `/${id}`) })));
  await until('all cameras to stream', async () => {
    const { cameras } = await box.client.status();
    return cameras.length === ids.length && cameras.every(({ state }) => state === 'streaming');
  });
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const pids = { core: box.pid, rtsp: rtsp.pid, broker: broker.pid };
  const sample = async () => ({
    atMs: performance.now(),
    status: await box.client.status(),
    usage: usageNow(pids),
  });
  arrivals.length = 0;
  const before = await sample();
  await new Promise((resolve) => setTimeout(resolve, Number(values.seconds) * 1000));
  const after = await sample();
  printCameras({ before, after, arrivals, broker: broker.name }, values.json);
}

await main();
