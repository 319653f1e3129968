import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { mostOpenTracks } from '../../daemon/contract/vision/report-guard.js';
import { planVision } from '../../daemon/core/cameras/vision-plan.js';
import { VisionSlot } from '../../daemon/core/cameras/vision-slot.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { openVisionLauncher } from '../../daemon/vision/open-vision-launcher.js';
import { builtProgram } from '../support/built.js';
import { type RogueCore, startRogueCore } from '../support/rogue-core.js';
import { forgedLine, type RogueMode, rogueModes, rogueProgram } from '../support/rogue-vision.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

/** Why the reports of each process are rejected. */
const refusedFor: Readonly<Partial<Record<RogueMode, string>>> = {
  'invented-cameras': 'camera',
  'many-tracks': 'tracks',
  'new-counters': 'rate',
  'huge-report': 'protocol',
  'deep-nesting': 'protocol',
  'far-times': 'time',
  'sighting-flood': 'rate',
  'evidence-flood': 'rate',
  'state-flood': 'rate',
  'unasked-answers': 'answer',
  garbage: 'protocol',
};

const statusOfCamera = ({ config, part }: RogueCore, id: string) =>
  part.board.status(config.cameras).find((camera) => camera.id === id);

async function replaced(core: RogueCore, mode: RogueMode, why: string): Promise<void> {
  await until(`${mode} to be replaced`, () => core.statusOf(mode).restarts > 0);
  const { refused, lastFailure } = core.statusOf(mode);
  assert.ok((refused?.[why] ?? 0) > 0, JSON.stringify(refused));
  assert.match(lastFailure ?? '', /misbehaves|over the limit|does not fit|not JSON|picture/);
  await until(`${mode} to be told`, () =>
    core.conditions.heard.some(
      (line) => line.startsWith('change vision-misbehaving') && line.endsWith(`+${mode}`),
    ),
  );
}

async function escaped(core: RogueCore): Promise<void> {
  await until('the text of the camera', () => statusOfCamera(core, 'escapes')?.state === 'failed');
  const { status } = {
    status: { vision: core.statusOf('escapes'), camera: statusOfCamera(core, 'escapes') },
  };
  assert.match(
    status.camera?.message ?? '',
    /^\\u001b\[2J\\u001b\]0;owned\\u0007\\u202eno\\u009b31m\\u000a\{"level"/,
  );
  // What JSON itself would escape is not there any more either.
  assert.doesNotMatch(JSON.stringify(status), /[^\x20-\x7e]|(?<!\\)\\u/);
  assert.equal(status.vision.restarts, 0, 'ugly, but within the rules');
}

async function logged(core: RogueCore): Promise<void> {
  await until('lines to be dropped', () => (core.statusOf('log-flood').refused?.['log'] ?? 0) > 1000);
  assert.equal(core.statusOf('log-flood').restarts, 0);
  const forged = core.log.filter((line) => line.includes('forged line of the core'));
  assert.ok(forged.length > 0 && !forged.includes(`${forgedLine}\n`));
  for (const line of core.log) {
    assert.doesNotMatch(line.slice(0, -1), /[^\x20-\x7e…]/);
    const { message, said, visionProcess } = JSON.parse(line) as Record<string, unknown>;
    assert.ok(!String(message).includes('forged'), line);
    if (said !== undefined) assert.equal(typeof visionProcess, 'number');
  }
}

async function deaf({ part, statusOf }: RogueCore): Promise<void> {
  await until('it to be ready', () => statusOf('deaf').state === 'running');
  const unavailable = (error: unknown): boolean => isRollcallError(error, 'vision-unavailable');
  const asked = Array.from({ length: 100 }, () => part.pool.takeSnapshot('deaf', 'A'.repeat(43)));
  const failed = asked.map((each) => assert.rejects(each, unavailable));
  // 64 wait for an answer until the process ends; no more were sent.
  await Promise.all(failed.slice(64));
  void Promise.all(failed.slice(0, 64));
}

function nothingElse(core: RogueCore): void {
  const known = new Set<string>(rogueModes);
  known.add('honest');
  const now = Date.now();
  for (const { cameraId, occurredAtMs } of core.facts) {
    assert.ok(known.has(cameraId), cameraId);
    assert.ok(Math.abs(now - occurredAtMs) < 600_000, new Date(occurredAtMs).toISOString());
  }
  for (const mode of rogueModes) {
    const open = core.sightings.filter(({ cameraId, isEnded }) => cameraId === mode && !isEnded);
    // Each process that replaced another begins anew.
    const most = mostOpenTracks * (core.statusOf(mode).restarts + 1);
    assert.ok(new Set(open.map(({ trackId }) => trackId)).size <= most, mode);
    const counters = Object.keys(statusOfCamera(core, mode)?.counters ?? {});
    assert.ok(counters.length <= 200, `${mode}: ${counters.length} counters`);
  }
}

function honestSuffersNothing({ sightings, statusOf }: RogueCore): void {
  const { restarts, refused } = statusOf('honest');
  assert.deepEqual([restarts, refused], [0, undefined]);
  const own = sightings.filter(({ cameraId }) => cameraId === 'honest');
  const sequences = own.filter(({ isEnded }) => !isEnded).map(({ sequence }) => sequence);
  assert.ok(sequences.length > 0);
  assert.deepEqual(
    sequences,
    sequences.map((_, index) => index),
  );
}

test('several lying vision processes do not affect an honest one', async (t) => {
  await using core = await startRogueCore([...rogueModes, 'honest']);
  await until('the honest one to see something', () =>
    core.sightings.some(({ cameraId }) => cameraId === 'honest'),
  );
  for (const [mode, why] of Object.entries(refusedFor) as [RogueMode, string][]) {
    await t.test(`${mode}: rejected (${why}), replaced and reported`, () => replaced(core, mode, why));
  }
  await t.test('escapes: none of its text controls a terminal', () => escaped(core));
  await t.test('log-flood: its lines are limited and cannot look like lines of the core', () => logged(core));
  await t.test('deaf: the number of open requests is limited', () => deaf(core));
  await t.test('no report about other cameras or times was accepted, and memory did not grow', () =>
    nothingElse(core),
  );
  await t.test('the honest process lost nothing', () => honestSuffersNothing(core));
  await t.test('a network that the wall should have taken away is reported', () => {
    // These processes say that they have one.
    assert.ok(core.part.pool.isolation.gaps.includes('network'));
    if (core.part.pool.isolation.level !== 'none')
      assert.match(core.log.join('\n'), /a vision process has a network/);
  });
});

/** A slot without cameras that runs this program, with a clock that does not advance. */
async function openSlot(
  program: readonly string[],
  modelsDirectory: string | null = null,
): Promise<{ slot: VisionSlot; virtual: VirtualClock }> {
  const virtual = new VirtualClock();
  const { plan } = await planVision(
    configSchema.parse({ site: { id: 's', timeZone: 'UTC' }, box: { id: 'b' } }),
    'dlib-resnet',
  );
  const slot = new VisionSlot({
    ...{ index: 0, purpose: 'cameras', logLevel: 'info', clock: virtual, logger: silentLogger },
    plan: { ...plan, modelsDirectory },
    random: { unit: () => 1 },
    launcher: await openVisionLauncher('preferred'),
    program,
    onReport: () => undefined,
    onDown: () => undefined,
  });
  return { slot, virtual };
}

test('a vision process that cannot load its networks says why, and ends by itself', async () => {
  await using empty = await temporaryDirectory();
  for (const [folder, reason] of [
    ['/nowhere', /^vision processes cannot read the folder of the models, \/nowhere$/],
    [empty.path, /^the model pack \S+ is not on this machine$/],
  ] as const) {
    const { slot } = await openSlot([builtProgram('vision.js')], folder);
    await using running: VisionSlot = slot.start();
    await until('its end', () => running.status().lastFailure !== undefined);
    assert.match(running.status().lastFailure ?? '', reason);
    assert.ok(running.failure?.remedy !== undefined);
  }
});

test('a vision process may take minutes, but not longer, to load its networks on a busy box', async () => {
  const { slot, virtual } = await openSlot(rogueProgram('late'));
  await using running: VisionSlot = slot.start();
  for (let minute = 0; minute < 2; minute += 1) virtual.advanceBy(60_000);
  running.setLogLevel('debug');
  await until('it to be ready', () => running.isRunning);
  assert.equal(running.status().restarts, 0);

  const { slot: other, virtual: itsClock } = await openSlot(rogueProgram('late'));
  await using stuck: VisionSlot = other.start();
  await until('its end', () => {
    itsClock.advanceBy(60_000);
    return stuck.status().restarts > 0;
  });
  assert.match(stuck.status().lastFailure ?? '', /SIGKILL/);
});

test('a vision process that has failed, and cannot end, is killed before it counts as silent', async () => {
  const { slot } = await openSlot(rogueProgram('lingering'));
  await using running: VisionSlot = slot.start();
  await until('its end', () => running.status().lastFailure !== undefined);
  assert.equal(running.status().lastFailure, 'a network hangs');
});

describe('a vision process that keeps misbehaving', () => {
  test('leaves its cameras failed, which is reported, and those of others alone', async () => {
    await using core = await startRogueCore(['garbage', 'honest']);
    const isDegraded = (): boolean => statusOfCamera(core, 'garbage')?.code === 'vision-misbehaving';
    await until('the camera to count as failed', isDegraded);
    assert.equal(core.statusOf('garbage').state, 'degraded');
    assert.equal(core.statusOf('garbage').restarts, 3);
    assert.match(statusOfCamera(core, 'garbage')?.remedy ?? '', /log of rollcalld/);
    const { rounds } = core.progress;
    await until('the watchdog to be fed all the same', () => core.progress.rounds > rounds + 1);
  });

  test('is replaced if it stops in the middle of a report', async () => {
    const { slot, virtual } = await openSlot(rogueProgram('half-a-report'));
    await using running: VisionSlot = slot.start();
    await until('it to be ready', () => running.isRunning);
    await until('its end', () => {
      virtual.advanceBy(8_000);
      return running.status().restarts > 0;
    });
    assert.match(running.status().lastFailure ?? '', /SIGKILL/);
  });

  test('is killed within 40 seconds of its last report', async () => {
    const { slot, virtual } = await openSlot(rogueProgram('half-a-report'));
    await using running: VisionSlot = slot.start();
    await until('it to be ready', () => running.isRunning);
    for (let second = 0; second < 40; second += 1) virtual.advanceBy(1_000);
    await until('its end', () => running.status().lastFailure !== undefined);
    assert.match(running.status().lastFailure ?? '', /SIGKILL/);
  });
});
