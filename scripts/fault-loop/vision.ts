// scripts/faults vision: puts a vision process in place that lies at full speed, and measures what becomes of the core, of a
// process beside it that does not lie, and of the frames of a real camera at which the vision program of a box looks.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRecordStores } from '../../daemon/core/compose/record-stores.js';
import { type FactStore, factStoreOf } from '../../daemon/core/sightings/fact-store.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { systemRandom as random } from '../../daemon/host/system-random.js';
import { type RogueCore, startRogueCore } from '../../test/support/rogue-core.js';
import { type RogueMode, rogueModes } from '../../test/support/rogue-vision.js';
import { startRtspServer } from '../../test/support/rtsp-server.js';
import { visitorClip } from '../../test/support/scenes.js';
import { until } from '../../test/support/until.js';
import { readOptions } from '../options.js';

const { values } = readOptions('scripts/faults vision', {
  options: {
    seconds: { type: 'string', default: '60' },
    modes: { type: 'string', default: rogueModes.join(',') },
    json: { type: 'boolean', default: false },
  },
});

/** What a mode may cost: MiB, milliseconds. */
const mostGrowthMiB = 100;
const longestHoldMs = 100;
const sampleMs = 50;
const bytesInMiB = 1024 * 1024;
const probeEveryMs = 10;

interface Hold {
  readonly heldMs: number;
  /**
   * Most processor time that all threads of this process took in one such time: the loop's own work took no more. The rest
   * of a hold is waiting, for a processor or the disk.
   */
  readonly computedMs: number;
}

/** Looks how late a timer comes: the longest times for which the event loop was held, and computed. */
function watchLoop(): { longest(): Hold; stop(): void } {
  let heldMs = 0;
  let computedMs = 0;
  let lastMs = performance.now();
  let lastUsage = process.cpuUsage();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const { user, system } = process.cpuUsage(lastUsage);
    heldMs = Math.max(heldMs, nowMs - lastMs - probeEveryMs);
    computedMs = Math.max(computedMs, (user + system) / 1000);
    lastMs = nowMs;
    lastUsage = process.cpuUsage();
  }, probeEveryMs);
  return { longest: () => ({ heldMs, computedMs }), stop: () => clearInterval(timer) };
}

interface Row {
  readonly mode: string;
  readonly refused: string;
  readonly restarts: number;
  readonly grownMiB: number;
  readonly heldMs: number;
  /** Most processor time in one such time. */
  readonly computedMs: number;
  /** The longest write of an event to the disk, which holds the loop too. */
  readonly writeMs: number;
  /** Sightings of the process that does not lie: heard, and missing between those. */
  readonly heard: number;
  readonly lost: number;
  readonly events: number;
  readonly lostEvents: number;
  /** Frames of the real camera: analysed, and due but dropped. */
  readonly analysed: number;
  readonly dropped: number;
}

async function measure(
  mode: RogueMode | undefined,
  { seconds, realCamera }: { readonly seconds: number; readonly realCamera: string },
): Promise<Row> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-vision-faults-'));
  const records = openRecordStores({
    path: join(folder, 'records.db'),
    encode: (event) => Buffer.from(JSON.stringify(event)),
    clock,
    random,
  });
  try {
    const modes = mode === undefined ? (['honest'] as const) : ([mode, 'honest'] as const);
    let writeMs = 0;
    const facts = factStoreOf(records);
    const store: FactStore = {
      ...facts,
      record(fact, passageOf) {
        const startMs = performance.now();
        const id = facts.record(fact, passageOf);
        writeMs = Math.max(writeMs, performance.now() - startMs);
        return id;
      },
    };
    await using core = await startRogueCore(modes, { store, logsLines: false, realCamera });
    const frames = () => {
      const { counters, state } = core.camera('real');
      return { state, analysed: counters['analysed'] ?? 0, dropped: counters['dropped'] ?? 0 };
    };
    await until('the processes beside it', () => core.sightings.length > 0 && frames().analysed > 10, 60_000);
    const before = process.memoryUsage.rss();
    const seen = frames();
    writeMs = 0;
    const loop = watchLoop();
    let most = before;
    for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
      await sleep(sampleMs);
      most = Math.max(most, process.memoryUsage.rss());
    }
    loop.stop();
    const { refused = {}, restarts } = core.statusOf(mode ?? 'honest');
    const { analysed, dropped, state } = frames();
    if (state !== 'streaming') throw new Error(`the real camera is ${state}`);
    return {
      mode: mode ?? 'none that lies',
      ...{ analysed: analysed - seen.analysed, dropped: dropped - seen.dropped },
      refused: Object.entries(refused)
        .map(([why, count]) => `${why} ${count}`)
        .join(', '),
      restarts,
      grownMiB: Math.round((most - before) / bytesInMiB),
      heldMs: Math.round(loop.longest().heldMs),
      computedMs: Math.round(loop.longest().computedMs),
      writeMs: Math.round(writeMs),
      ...(await comparison(core)),
    };
  } finally {
    await records[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }
}

async function comparison(core: RogueCore): Promise<Pick<Row, 'heard' | 'lost' | 'events' | 'lostEvents'>> {
  const own = core.sightings.filter(({ cameraId }) => cameraId === 'honest');
  const sequences = own.filter(({ isEnded }) => !isEnded).map(({ sequence }) => sequence);
  const due = (sequences.at(-1) ?? -1) + 1;
  const strangers = own.filter(({ isEnded }) => isEnded).length;
  const recorded = (): number => core.facts.filter(({ cameraId }) => cameraId === 'honest').length;
  await until('what was heard to be recorded', () => recorded() >= strangers, 10_000).catch(() => undefined);
  return {
    heard: sequences.length,
    lost: due - sequences.length,
    events: recorded(),
    lostEvents: strangers - recorded(),
  };
}

const modes = values.modes
  .split(',')
  .filter((mode): mode is RogueMode => (rogueModes as readonly string[]).includes(mode));
await using server = await startRtspServer({ mounts: { '/live': await visitorClip('ada') } });
const options = { seconds: Number(values.seconds), realCamera: server.url('/live') };
const rows: Row[] = [];
if (!values.json) {
  console.log(
    '| mode | refused | replaced | memory grown, MiB | loop held, ms | most computed at once, ms | longest write, ms | heard of the other | lost | its events | lost | frames of the real camera | dropped |',
  );
  console.log('| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
}
// First without one that lies: what this machine drops and how late its loop is by itself.
for (const mode of [undefined, ...modes]) {
  const row = await measure(mode, options);
  rows.push(row);
  const {
    refused,
    restarts,
    grownMiB,
    heldMs,
    computedMs,
    writeMs,
    heard,
    lost,
    events,
    lostEvents,
    analysed,
    dropped,
  } = row;
  const cells = [row.mode, refused, restarts, grownMiB, heldMs, computedMs, writeMs];
  const beside = [heard, lost, events, lostEvents, analysed, dropped];
  if (!values.json) console.log(`| ${[...cells, ...beside].join(' | ')} |`);
}
if (values.json) console.log(JSON.stringify(rows));
// Judged by what the core computes: a virtual machine that stands still holds the loop, too, also in the first row.
const isWell = ({ grownMiB, computedMs, lost, lostEvents, dropped }: Row): boolean =>
  grownMiB <= mostGrowthMiB && computedMs <= longestHoldMs && lost === 0 && lostEvents === 0 && dropped === 0;
const bad = rows.filter((row) => !isWell(row));
for (const { mode } of bad)
  console.error(`${mode}: beyond ${mostGrowthMiB} MiB or ${longestHoldMs} ms, or something was lost`);
process.exitCode = bad.length === 0 ? 0 : 1;
