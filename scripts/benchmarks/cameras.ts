import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { subscribe } from '../demo-events.js';
import { writeEnrolmentPhotos } from '../virtual-camera/cast.js';
import { type CamerasBench, openCameras } from './cameras-box.js';
import { shows } from './cameras-clip.js';
import { type Arrival, printCameras } from './cameras-report.js';
import { usageNow } from './cameras-usage.js';

const usage = `The built daemon with several 1080p25 cameras over RTSP: what it does, what it costs, how late events are.

usage: scripts/bench cameras [options]

  --cameras N      virtual cameras, all different parts of one clip (4)
  --seconds N      how long to measure (60)
  --show KIND      walk: people come and go; stand: one person stays before each camera; empty (walk)
  --processes N    vision processes (as the daemon chooses)
  --threads N      threads of each for the networks (as the daemon chooses)
  --dist DIR       the built program (dist)
  --json           one JSON object instead of tables
`;

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
  const vision = {
    ...(values.processes === undefined ? {} : { processes: Number(values.processes) }),
    ...(values.threads === undefined ? {} : { threads: Number(values.threads) }),
  };
  await using bench = await openCameras({
    cameraCount: Number(values.cameras),
    show: shows.find((show) => show === values.show) ?? 'walk',
    settleMs,
    directory: fileURLToPath(new URL('../../var/bench-cameras', import.meta.url)),
    program: values.dist,
    settings: { vision },
  });
  await measure(bench, Number(values.seconds), values.json);
}

async function measure(
  { box, broker, pids, watchCameras }: CamerasBench,
  seconds: number,
  isJson: boolean,
): Promise<void> {
  {
    await using photos = await writeEnrolmentPhotos();
    for (const id of ['ada', 'bea'] as const)
      await box.command('person', 'add', id, '--image', photos.files[id]);
  }
  const arrivals: Arrival[] = [];
  await using _subscription = await subscribe(broker.url, ({ type, time }) => {
    arrivals.push({ type, afterMs: Date.now() - Date.parse(time) });
  });
  await watchCameras();
  const sample = async () => ({
    atMs: performance.now(),
    status: await box.client.call('status.show'),
    usage: usageNow(pids),
  });
  arrivals.length = 0;
  const before = await sample();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const after = await sample();
  printCameras({ before, after, arrivals, broker: broker.name }, isJson);
}

await main();
