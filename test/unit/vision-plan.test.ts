import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, test } from 'node:test';
import { planVision } from '../../daemon/app/cameras/vision-plan.js';
import { attendanceProof, type Config, configSchema } from '../../daemon/config/schema.js';

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
  test('by default two cameras share a process, which never outnumber the cores', async () => {
    const cores = availableParallelism();
    for (const [cameras, wanted] of [
      [0, 1],
      [1, 1],
      [2, 1],
      [3, 2],
      [4, 2],
      [64, 32],
    ] as const) {
      const { processes, plan } = await planVision(configured(cameras), 'mobilefacenet');
      assert.equal(processes, Math.max(1, Math.min(cores, wanted)), `${cameras} cameras`);
      assert.ok(plan.threads >= 1 && plan.threads * processes <= Math.max(cores, processes));
    }
  });

  test('what is configured is what runs', async () => {
    const { processes, plan } = await planVision(
      configured(4, { processes: 3, threads: 5 }),
      'mobilefacenet',
    );
    assert.deepEqual([processes, plan.threads, plan.recogniser], [3, 5, 'mobilefacenet']);
  });

  test('a threshold is part of the plan only where the recogniser has none of its own', async () => {
    const identification = { threshold: 0.4, margin: 0.1 };
    const threshold = async (recogniser: 'mobilefacenet' | 'auraface', sections = {}) =>
      (await planVision(configured(1, {}, sections), recogniser)).plan.threshold;
    assert.equal(await threshold('auraface', { identification }), 0.4);
    // A live change of it would replace the processes.
    assert.equal(await threshold('mobilefacenet', { identification }), null);
    assert.equal(await threshold('auraface'), null);
  });

  test('a camera without its secret is left out and named, the others run', async () => {
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

  test('what a person must show to attend is in no plan: the core decides, and a camera may have its own rule', async () => {
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
    assert.equal(requireAt(after, undefined), 'blink', 'nobody knows what a camera asked for that is gone');
    assert.equal(requireAt(after, { ...camera, liveness: { require: 'blink' } }), 'blink');
  });

  test('pictures are made only where evidence of some kind is kept', async () => {
    const isPlanned = async (evidence: Readonly<Record<string, boolean>>): Promise<boolean> =>
      (await planVision(configured(1, {}, { evidence }), 'mobilefacenet')).plan.takesBestShots;
    assert.equal(await isPlanned({}), false);
    for (const kind of ['attendance', 'unknown', 'attack']) {
      assert.equal(await isPlanned({ [kind]: true }), true, kind);
    }
  });
});
