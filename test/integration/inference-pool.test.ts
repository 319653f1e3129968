import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Clock } from '../../daemon/kernel/clock.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import type { Picture } from '../../daemon/kernel/faces/picture.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import { besideWithinMs, InferencePool, networkHung } from '../../daemon/vision/inference/inference-pool.js';
import { callWithinMs, startWithinMs } from '../../daemon/vision/inference/inference-thread.js';
import { newBoxRecogniser, openTestAnalyser, portrait, toPicture } from '../support/inference.js';
import { until } from '../support/until.js';

const openPool = async (
  change: { readonly provider?: 'cpu' | 'cuda'; readonly mostThreads?: number; readonly clock?: Clock } = {},
) => {
  const { provider = 'cpu', mostThreads = 2, clock = systemClock } = change;
  const { name: recogniser } = await newBoxRecogniser();
  const networks = { provider, detector: 'auto', passivePad: 'none', recogniser, threads: 1 } as const;
  const setup = { ...networks, modelsDirectory: null };
  return InferencePool.open({ setup, mostThreads, clock, logger: silentLogger });
};

/** The picture in memory that threads share. */
function shared(picture: Picture): Picture {
  const data = new Uint8Array(new SharedArrayBuffer(picture.data.length));
  data.set(picture.data);
  return { ...picture, data };
}

/** Everything that an analyser says about the main face. */
async function described(analyser: FaceAnalyser, picture: Picture) {
  const detections = await analyser.detect(picture, { smallestFacePx: 60 });
  const [landmarks] = await analyser.locate(
    picture,
    detections.map(({ box }) => box),
  );
  assert.ok(landmarks, 'a face is found');
  return {
    detections,
    landmarks,
    quality: analyser.assess(picture, landmarks, { smallestFacePx: 60 }),
    texture: analyser.texture(picture, landmarks),
    surroundings: analyser.surroundings(picture, landmarks),
    embedding: [...(await analyser.embed(picture, landmarks))],
    passive: await analyser.passivePad(picture, landmarks.box),
  };
}

/** Niceness of each thread of this process, by its ID. */
function nicenessByThread(): Map<string, number> {
  const tasks = readdirSync('/proc/self/task');
  return new Map(
    tasks.map((task) => {
      const stat = readFileSync(`/proc/self/task/${task}/stat`, 'utf8');
      return [task, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])];
    }),
  );
}

describe('networks in threads', () => {
  let pool: InferencePool;
  let threadsBefore: ReadonlySet<string>;
  before(async () => {
    threadsBefore = new Set(nicenessByThread().keys());
    pool = await openPool();
  });
  after(async () => {
    await pool[Symbol.asyncDispose]();
  });

  test('say the same as networks in the calling thread', async () => {
    await using direct = await openTestAnalyser();
    const picture = shared(await toPicture(portrait('a')));
    assert.deepEqual(await described(pool, picture), await described(direct, picture));
    assert.deepEqual(pool.recogniser, direct.recogniser);
    assert.deepEqual(pool.provider, direct.provider);
  });

  test('grow with the cameras up to their limit, and answer calls that overlap', async () => {
    assert.equal(pool.threadCount, 1);
    pool.serve(5);
    await until('a second thread', () => pool.threadCount === 2);
    const pictures = await Promise.all((['a', 'b', 'c'] as const).map((name) => toPicture(portrait(name))));
    const alone: unknown[] = [];
    for (const picture of pictures) alone.push(await described(pool, picture));
    assert.deepEqual(await Promise.all(pictures.map((picture) => described(pool, picture))), alone);
    assert.equal(pool.threadCount, 2);
  });

  test('leave one of several threads to the calls that frames wait for', async () => {
    const picture = shared(await toPicture(portrait('a')));
    const [face] = await pool.detect(picture, { smallestFacePx: 60 });
    assert.ok(face, 'a face is found');
    assert.equal(pool.threadCount, 2);
    const order: string[] = [];
    const call = async (name: string, answer: Promise<unknown>): Promise<void> => {
      await answer;
      order.push(name);
    };
    await Promise.all([
      call('first look', pool.detect(picture, { smallestFacePx: 40, isBeside: true })),
      call('second look', pool.detect(picture, { smallestFacePx: 40, isBeside: true })),
      call('mesh', pool.locate(picture, [face.box])),
    ]);
    assert.notEqual(order.at(-1), 'mesh', 'it did not wait for the looks');
    assert.equal(order.at(-1), 'second look');
  });

  test('give way to the main thread and its children', () => {
    const all = nicenessByThread();
    const main = all.get(String(process.pid)) ?? 0;
    assert.ok(main <= 16, 'this test has a niceness that can be raised');
    const lowered = [...all].filter(([task, niceness]) => !threadsBefore.has(task) && niceness === main + 3);
    assert.ok(lowered.length >= pool.threadCount, `${lowered.length} threads`);
  });

  test('a failed call rejects, and the thread answers the next one', async () => {
    const good = await toPicture(portrait('a'));
    const torn = { ...good, data: undefined } as unknown as Picture;
    await assert.rejects(pool.detect(torn, { smallestFacePx: 60 }), (error) => isRollcallError(error));
    const unsendable = { ...good, release: () => undefined } as Picture;
    for (let call = 0; call < 2; call++)
      await assert.rejects(pool.detect(unsendable, { smallestFacePx: 60 }), /could not be cloned/);
    for (let call = 0; call < 3; call++)
      assert.ok((await pool.detect(good, { smallestFacePx: 60 })).length > 0, 'the next call is answered');
  });
});

test('a thread that does not answer in time is replaced, and the third one ends the process', async () => {
  const clock = new VirtualClock();
  await using pool = await openPool({ mostThreads: 1, clock });
  const picture = await toPicture(portrait('a'));
  const detect = () => pool.detect(picture, { smallestFacePx: 60 });
  /** No thread can answer before the clock of this turn of the event loop. */
  const hang = async (): Promise<unknown> => {
    // The thread takes the next call when everything about the last one is done.
    await setImmediate();
    const answer = detect().catch((error: unknown) => error);
    clock.advanceBy(callWithinMs);
    return answer;
  };
  for (let count = 1; count <= 2; count += 1) {
    const error = await hang();
    assert.ok(isRollcallError(error, networkHung) && error.kind === 'defect', String(error));
    assert.match(error.message, /did not answer within 60 s/);
    assert.ok((await detect()).length > 0, 'another thread answers the next call');
    clock.advanceBy(callWithinMs);
    assert.equal(pool.threadCount, 1, 'an answered call has no deadline');
  }
  const error = await hang();
  assert.ok(isRollcallError(error, 'inference-failed') && error.kind === 'operational');
});

test('a look that hangs does not hold up the looks of other cameras until it is given up', async () => {
  const clock = new VirtualClock();
  await using pool = await openPool({ clock });
  pool.serve(2);
  await until('a second thread', () => pool.threadCount === 2);
  const picture = shared(await toPicture(portrait('a')));
  const [face] = await pool.detect(picture, { smallestFacePx: 60 });
  assert.ok(face, 'a face is found');
  await setImmediate();
  const order: string[] = [];
  const call = (name: string, answer: Promise<unknown>) => answer.then(() => order.push(name));
  const looks = [1, 2].map(() => call('look', pool.detect(picture, { smallestFacePx: 40, isBeside: true })));
  // No thread can answer before the clock of this turn of the event loop.
  clock.advanceBy(besideWithinMs);
  await Promise.all([...looks, call('mesh', pool.locate(picture, [face.box]))]);
  assert.equal(order[0], 'look', 'both threads looked');
});

test('calls fail where the thread that replaces another one never loads its networks', async () => {
  const clock = new VirtualClock();
  await using pool = await openPool({ mostThreads: 1, clock });
  const picture = await toPicture(portrait('a'));
  const detect = () => pool.detect(picture, { smallestFacePx: 60 });
  const hung = detect().catch((error: unknown) => error);
  clock.advanceBy(callWithinMs);
  assert.ok(isRollcallError(await hung, networkHung));
  const waiting = detect().catch((error: unknown) => error);
  clock.advanceBy(startWithinMs);
  const error = await waiting;
  assert.ok(isRollcallError(error, 'inference-failed') && error.kind === 'operational', String(error));
  assert.match(error.message, /not loaded within 180 s/);
  assert.ok((await detect()).length > 0, 'the next call starts a thread');
});

test('a pool does not start where the networks cannot be loaded, and says why', async () => {
  await assert.rejects(
    openPool({ provider: 'cuda' }),
    (error) => isRollcallError(error, 'provider-unavailable') && error.remedy !== undefined,
  );
});
