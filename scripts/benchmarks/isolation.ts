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

usage: scripts/bench isolation [rounds (5)] [photos in each round (20)]
`;

/** A vision process that is ready for photos. */
async function startVision(launcher: VisionLauncher) {
  const config = configSchema.parse({
    site: { id: 'bench', timeZone: 'Etc/UTC' },
    vision: { provider: 'cpu' },
  });
  const { name } = await chooseRecogniser(await openConfiguredStore(null), 'auto');
  const startedMs = clock.monotonicMs();
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
  const startMs = clock.monotonicMs() - startedMs;
  return {
    startMs,
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

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const [rounds = 5, photos = 20] = process.argv.slice(2).map(Number);
const sandbox = await probeSandbox();
if (!(rounds >= 1 && photos >= 1)) process.stderr.write(usage);
else if (!('launch' in sandbox))
  process.stderr.write(`error: ${sandbox.reason}\n  what to do: ${sandbox.remedy}\n`);
else {
  const photo = await readFile(join(programRoot(), 'node_modules/@vladmandic/face-api/demo/sample6.jpg'));
  const ways = { without: plainLauncher(undefined), with: sandbox };
  const starts = { without: [] as number[], with: [] as number[] };
  const cost = { without: 0, with: 0 };
  for (let round = 0; round < rounds; round += 1) {
    await using without = await startVision(ways.without);
    await using within = await startVision(ways.with);
    starts.without.push(without.startMs);
    starts.with.push(within.startMs);
    for (let index = 0; index < photos; index += 1) {
      cost.without += await without.analyse(photo);
      cost.with += await within.analyse(photo);
    }
  }
  const count = rounds * photos;
  console.log('                                   without     with');
  console.log(
    `start until ready, median      ${median(starts.without).toFixed(0).padStart(8)} ms${median(starts.with).toFixed(0).padStart(6)} ms`,
  );
  console.log(
    `start until ready, fastest     ${Math.min(...starts.without)
      .toFixed(0)
      .padStart(8)} ms${Math.min(...starts.with)
      .toFixed(0)
      .padStart(6)} ms`,
  );
  console.log(
    `processor time of a photo      ${(cost.without / count).toFixed(1).padStart(8)} ms${(cost.with / count).toFixed(1).padStart(6)} ms  (${((cost.with / cost.without - 1) * 100).toFixed(1)} %, ${count} photos)`,
  );
}
