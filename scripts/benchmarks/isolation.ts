import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import type { Report } from '../../daemon/contract/vision/vision-reports.js';
import { openConfiguredStore } from '../../daemon/host/models/configured-store.js';
import { processorTime } from '../../daemon/host/process-facts.js';
import { programRoot } from '../../daemon/host/program-files.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { plainLauncher } from '../../daemon/vision/plain-launcher.js';
import { photoPlan } from '../../daemon/vision/plan.js';
import { chooseRecogniser } from '../../daemon/vision/recogniser-in-use.js';
import { probeSandbox } from '../../daemon/vision/sandbox-launcher.js';
import type { VisionLauncher } from '../../daemon/vision/vision-launcher.js';
import { spawnVisionProcess } from '../../daemon/vision/vision-process.js';

const usage = `What the sandbox of a vision process costs: time to start, and processor time for each photo. Both ways alternate, so that a
busy machine disturbs both alike.

usage: scripts/bench isolation [photos (40)] [starts (20)]
`;

/** A vision process that is ready for photos. */
async function startVision(launcher: VisionLauncher) {
  const config = configSchema.parse({
    site: { id: 'bench', timeZone: 'Etc/UTC' },
    vision: { provider: 'cpu' },
  });
  const { name } = await chooseRecogniser(await openConfiguredStore(null), 'auto');
  let take: (report: Report) => void = () => undefined;
  const vision = spawnVisionProcess({
    ...{ launcher, purpose: 'photographs', readable: [], logger: silentLogger },
    onReport: (report) => take(report),
    isPictureAsked: () => true,
  });
  const next = (type: Report['type']): Promise<void> =>
    new Promise((resolve, reject) => {
      take = (report) => {
        if (report.type === 'failed') reject(new Error(report.message));
        if (report.type === type) resolve();
      };
    });
  const ready = next('ready');
  vision.send({ type: 'start', plan: photoPlan(config, name) });
  await ready;
  return {
    /** Processor time for one photo, milliseconds. */
    async analyse(photo: Uint8Array): Promise<number> {
      const { processMs } = processorTime(vision.pid ?? 0);
      const answered = next('photo');
      vision.send({ type: 'analyse-photo', request: 0, photograph: 'kept' }, photo);
      await answered;
      return processorTime(vision.pid ?? 0).processMs - processMs;
    },
    [Symbol.asyncDispose]: () => vision.stop(3_000),
  };
}

/** Until a program that does nothing has run, milliseconds. */
async function startMs(launcher: VisionLauncher): Promise<number> {
  const startedMs = clock.monotonicMs();
  await launcher.launch({ purpose: 'photographs', program: ['--version'], readable: [] }).ended;
  return clock.monotonicMs() - startedMs;
}

const ways = ['without', 'with'] as const;
type ByWay = Record<(typeof ways)[number], number[]>;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const shown = (ms: number): string => `${ms.toFixed(0).padStart(6)} ms`;

const [photos = 40, starts = 20] = process.argv.slice(2).map(Number);
const sandbox = await probeSandbox();
if (!(photos >= 1 && starts >= 1)) process.stderr.write(usage);
else if (!('launch' in sandbox))
  process.stderr.write(`error: ${sandbox.reason}\n  what to do: ${sandbox.remedy}\n`);
else {
  const launchers = { without: plainLauncher(undefined), with: sandbox };
  const started: ByWay = { without: [], with: [] };
  for (let index = 0; index < starts; index += 1) {
    for (const way of ways) started[way].push(await startMs(launchers[way]));
  }
  const photo = await readFile(join(programRoot(), 'node_modules/@vladmandic/face-api/demo/sample6.jpg'));
  await using without = await startVision(launchers.without);
  await using within = await startVision(launchers.with);
  const cost: ByWay = { without: [], with: [] };
  for (let index = 0; index < photos; index += 1) {
    cost.without.push(await without.analyse(photo));
    cost.with.push(await within.analyse(photo));
  }
  const added = (100 * (sum(cost.with) / sum(cost.without) - 1)).toFixed(1);
  console.log('sandbox                       without      with');
  console.log(
    `start, median of ${starts}           ${shown(median(started.without))} ${shown(median(started.with))}`,
  );
  console.log(
    `processor time of a photo    ${shown(sum(cost.without) / photos)} ${shown(sum(cost.with) / photos)}  (${added} % of ${photos} photos)`,
  );
}
