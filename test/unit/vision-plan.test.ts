import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { attendanceProof, type Config, configSchema } from '../../daemon/contract/settings/schema.js';
import {
  type Dealt,
  dealCameras,
  inferenceThreads,
  networkThreads,
  planVision,
} from '../../daemon/core/cameras/vision-plan.js';
import { usableCores } from '../../daemon/host/usable-cores.js';
import { automaticProcesses } from '../../daemon/kernel/vision-processes.js';
import { threadsOfRun } from '../../daemon/vision/inference/inference-pool.js';

function configured(
  cameras: number,
  vision: Readonly<Record<string, unknown>> = {},
  sections: Readonly<Record<string, unknown>> = {},
): Config {
  return configSchema.parse({
    site: { id: 'site', timeZone: 'Europe/Paris' },
    box: { id: 'box' },
    dataDir: '/nowhere/data',
    secretsDir: '/nowhere/secrets',
    vision,
    ...sections,
    cameras: Array.from({ length: cameras }, (_, index) => ({
      id: `camera-${index}`,
      name: `Camera ${index}`,
      url: `rtsp://127.0.0.1/${index}`,
    })),
  });
}

describe('how vision processes are planned', () => {
  test('by default, cores and cameras decide how many processes there are', async () => {
    for (const cameras of [0, 1, 4, 5, 64]) {
      const { processes, movesCameras } = await planVision(configured(cameras), 'mobilefacenet');
      assert.equal(processes, automaticProcesses(usableCores(), cameras), `${cameras} cameras`);
      assert.equal(movesCameras, false);
    }
    const cases = [
      [2, 16, 1],
      [7, 16, 1],
      [8, 4, 1],
      [8, 5, 2],
      [16, 0, 1],
      [16, 16, 4],
      [16, 64, 4],
      [128, 64, 16],
    ] as const;
    for (const [cores, cameras, processes] of cases)
      assert.equal(automaticProcesses(cores, cameras), processes, `${cameras} cameras on ${cores} cores`);
  });

  test('by default, configured threads of each process do not exceed the cores together', async () => {
    const cases = [
      [1, 4],
      [4, 4],
      [5, 3],
      [8, 2],
      [16, 1],
      [64, 1],
    ] as const;
    for (const [threads, processes] of cases)
      assert.equal(automaticProcesses(16, 64, threads), processes, `${threads} threads on 16 cores`);
    const cores = usableCores();
    const config = configured(64, { threads: Math.min(64, cores) });
    assert.equal((await planVision(config, 'mobilefacenet')).processes, Math.max(1, Math.floor(cores / 64)));
    assert.ok(networkThreads(config) <= cores);
  });

  test('decoders catch up in as many turns as the cores allow, however many threads are configured', async () => {
    const catchUps = async (vision: Readonly<Record<string, unknown>>) =>
      (await planVision(configured(4, { processes: 1, ...vision }), 'mobilefacenet')).plan.catchUps;
    assert.equal(await catchUps({}), Math.max(1, Math.floor(usableCores() / 2)));
    assert.equal(await catchUps({ threads: 64 }), await catchUps({}));
    assert.equal(await catchUps({ processes: 16 }), Math.max(1, Math.floor(usableCores() / 32)));
  });

  test('by default, a further camera changes nothing for the processes of the others', async () => {
    const workers = async (cameras: number) =>
      (await planVision(configured(cameras), 'mobilefacenet')).plan.workers;
    assert.equal(await workers(64), await workers(1));
  });

  test('the threads of a process follow its cores and cameras', () => {
    const cases = [
      ['two cores, four cameras', { cores: 2, cameras: 4, threads: 'auto' }, [2, 1]],
      [
        'half of the cores that cameras leave idle help a single run',
        { cores: 8, cameras: 2, threads: 'auto' },
        [8, 2],
      ],
      ['without cameras', { cores: 4, cameras: 0, threads: 'auto' }, [4, 2]],
      ['a share of less than a core', { cores: 0.5, cameras: 1.5, threads: 'auto' }, [1, 1]],
      ['configured threads', { cores: 2, cameras: 2, threads: 5 }, [5, 2]],
    ] as const;
    for (const [what, share, [workers, threads]] of cases)
      assert.deepEqual(inferenceThreads(share), { workers, threads }, what);
  });

  test('cameras that are added later share the cores that helped single runs', () => {
    const { workers: mostThreads, threads } = inferenceThreads({ cores: 8, cameras: 1, threads: 'auto' });
    assert.equal(threads, 4);
    const pool = { mostThreads, setup: { threads } };
    assert.deepEqual(
      [1, 2, 4, 8].map((count) => threadsOfRun(pool, count)),
      [4, 4, 2, 1],
    );
    assert.equal(threadsOfRun({ mostThreads: 1, setup: { threads: 1 } }, 1), 1);
  });

  test('configured numbers are used', async () => {
    const { processes, plan } = await planVision(
      configured(4, { processes: 3, threads: 5 }),
      'mobilefacenet',
    );
    assert.deepEqual([processes, plan.workers, plan.recogniser], [3, 5, 'mobilefacenet']);
  });

  test('a threshold is part of the plan only if the recogniser has none', async () => {
    const identification = { threshold: 0.4, margin: 0.1 };
    const threshold = async (recogniser: 'mobilefacenet' | 'auraface', sections = {}) =>
      (await planVision(configured(1, {}, sections), recogniser)).plan.threshold;
    assert.equal(await threshold('auraface', { identification }), 0.4);
    // Otherwise a live change of the threshold would replace the processes.
    assert.equal(await threshold('mobilefacenet', { identification }), null);
    assert.equal(await threshold('auraface'), null);
  });

  test('a camera without its secret is left out and reported, the others run', async () => {
    const config = configured(2);
    const cameras = config.cameras.map((camera, index) =>
      index === 0 ? { ...camera, credential: 'not-there' } : camera,
    );
    const { plan, unplanned } = await planVision({ ...config, cameras }, 'mobilefacenet');
    assert.deepEqual(
      plan.cameras.map(({ id }) => id),
      ['camera-1'],
    );
    assert.equal(unplanned[0]?.id, 'camera-0');
  });

  test('the required proof is in no plan: the core decides, and each camera may have its own rule', async () => {
    const before = configured(2);
    const after = configured(2, {}, { liveness: { require: 'not-attack' } });
    const plan = async (config: Config) => (await planVision(config, 'mobilefacenet')).plan;
    assert.deepEqual(await plan(after), await plan(before));
    const [camera] = after.cameras;
    assert.ok(camera !== undefined);
    const requireAt = (config: Config, own: typeof camera | undefined) =>
      attendanceProof(config, own).require;
    assert.equal(requireAt(before, camera), 'blink');
    assert.equal(requireAt(after, camera), 'not-attack');
    assert.equal(requireAt(after, undefined), 'blink', 'the rule of a removed camera is unknown');
    assert.equal(requireAt(after, { ...camera, liveness: { require: 'blink' } }), 'blink');
  });

  test('pictures are made only if some kind of evidence is kept', async () => {
    const isPlanned = async (evidence: Readonly<Record<string, boolean>>): Promise<boolean> =>
      (await planVision(configured(1, {}, { evidence }), 'mobilefacenet')).plan.takesBestShots;
    assert.equal(await isPlanned({}), false);
    for (const kind of ['attendance', 'unknown', 'attack']) {
      assert.equal(await isPlanned({ [kind]: true }), true, kind);
    }
  });
});

/** `0:ab 1:c` for a and b with process 0, and c with process 1. */
const dealt = (text: string): readonly Dealt[] =>
  text
    .split(' ')
    .filter((part) => part !== '')
    .map((part) => ({ index: Number(part[0]), cameras: [...part.slice(2)] }));
const shown = (all: readonly Dealt[]): string =>
  all.map(({ index, cameras }) => `${index}:${cameras.join('')}`).join(' ');

describe('distributing cameras among vision processes', () => {
  const cases = [
    ['at the start', '', 'abcd', 2, '0:ac 1:bd'],
    ['without cameras one process remains', '', '', 1, '0:'],
    ['an added camera joins an existing process', '0:a', 'ab', 1, '0:ab'],
    ['an added camera gets an additional process', '0:ab', 'abc', 2, '0:ab 1:c'],
    ['a removed camera does not move the others', '0:ab 1:c', 'ac', 2, '0:a 1:c'],
    ['of two processes the one with fewer cameras ends', '0:ad 1:c', 'ad', 1, '0:ad'],
    ['of two processes with equally many cameras the first stays', '0:a 1:b', 'ab', 1, '0:ab'],
    ['the order of the configuration has no effect', '0:ab 1:cd', 'dcba', 2, '0:ab 1:cd'],
    ['no camera moves for a better balance', '0:abc 1:d', 'abc', 2, '0:abc 1:'],
    ['more configured processes take over a share', '0:abcd', 'abcd', 2, '0:ab 1:cd'],
    ['a free number is used again', '1:ab', 'abcde', 3, '0:ce 1:ab 2:d'],
  ] as const;
  for (const [what, before, cameras, processes, expected] of cases) {
    test(what, () => {
      assert.equal(
        shown(dealCameras(dealt(before), [...cameras], { processes, movesCameras: true })),
        expected,
      );
    });
  }

  const automatic = [
    ['a fifth camera gets a process of its own', '0:abcd', 'abcde', 2, '0:abcd 1:e'],
    ['a sixth joins it', '0:abcd 1:e', 'abcdef', 2, '0:abcd 1:ef'],
    ['a process with cameras stays though fewer would do', '0:ab 1:c', 'ac', 1, '0:a 1:c'],
    ['a process without cameras ends', '0:abcd 1:e', 'abcd', 1, '0:abcd'],
    ['the last process stays', '0:a', '', 1, '0:'],
  ] as const;
  for (const [what, before, cameras, processes, expected] of automatic) {
    test(`by the box itself: ${what}`, () => {
      const planned = { processes, movesCameras: false };
      assert.equal(shown(dealCameras(dealt(before), [...cameras], planned)), expected);
    });
  }

  test('by the box itself, no camera that stays ever moves', () => {
    const cameras = fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { maxLength: 8 });
    const processes = fc.integer({ min: 1, max: 4 });
    const processOf = (all: readonly Dealt[], id: string) =>
      all.find((each) => each.cameras.includes(id))?.index;
    fc.assert(
      fc.property(cameras, processes, cameras, processes, (first, few, second, many) => {
        const before = dealCameras([], first, { processes: few, movesCameras: false });
        const after = dealCameras(before, second, { processes: many, movesCameras: false });
        for (const id of first.filter((each) => second.includes(each)))
          assert.equal(processOf(after, id), processOf(before, id));
      }),
    );
  });

  test('every camera has one process, after any change', () => {
    const cameras = fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { maxLength: 8 });
    const processes = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(
        cameras,
        processes,
        cameras,
        processes,
        fc.boolean(),
        (first, few, second, many, movesCameras) => {
          const deal = (before: readonly Dealt[], cameras: readonly string[], processes: number) =>
            dealCameras(before, cameras, { processes, movesCameras });
          const all = deal(deal([], first, few), second, many);
          assert.ok(movesCameras ? all.length === many : all.length >= many);
          assert.equal(new Set(all.map(({ index }) => index)).size, all.length);
          assert.deepEqual(all.flatMap((each) => each.cameras).sort(), [...second].sort());
        },
      ),
    );
  });
});
