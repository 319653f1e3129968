import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller } from '../../daemon/contract/caller.js';
import type { EnrolmentResult } from '../../daemon/contract/enrolment.js';
import { restorableMs, type StrangerEntry } from '../../daemon/core/gallery/strangers/strangers-aside.js';
import { SetAside, type SetAsideOptions } from '../../daemon/core/strangers/set-aside.js';
import { type SettledMoves, settleMoves } from '../../daemon/core/strangers/settle-moves.js';
import { shownStranger, strangerDetails } from '../../daemon/core/strangers/shown-stranger.js';
import {
  StrangerEnrolment,
  type StrangerEnrolmentOptions,
} from '../../daemon/core/strangers/stranger-enrolment.js';
import { badInput } from '../../daemon/kernel/errors.js';
import { cameraId, passageId, personId, strangerId } from '../../daemon/kernel/ids.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { aPassage } from '../support/passages.js';
import { tallyOf } from '../support/sightings.js';

const startMs = Date.UTC(2026, 2, 2, 9);
const at = (minute: number): string => new Date(startMs + minute * 60_000).toISOString();

/** Passages from one minute to another, each at a camera. */
function entryOf(
  ...passages: readonly (readonly [camera: string, from: number, until: number])[]
): StrangerEntry {
  const appearances = passages.map(([camera, from, until], index) => ({
    ...{ passageId: passageId(`p-${index + 1}`), cameraId: cameraId(camera) },
    ...{ firstSeenMs: startMs + from * 60_000, lastSeenMs: startMs + until * 60_000 },
  }));
  return {
    ...{ id: strangerId('s-1'), state: 'active', visits: 2, appearances },
    ...{ comparedPassages: [passageId('p-1')], firstSeenMs: startMs, lastSeenMs: startMs + 60_000 },
  };
}

const by = { actor: 'user:1', origin: 'https 192.0.2.1' };

describe('an unknown person in a list', () => {
  test('has the cameras by the time of the last passage there', () => {
    const entry = entryOf(['yard', 0, 9], ['gate', 1, 2], ['yard', 3, 4], ['gate', 5, 6]);
    const shown = shownStranger(entry, () => false);
    assert.deepEqual(shown.cameras, [
      { camera: 'yard', lastSeenAt: at(9) },
      { camera: 'gate', lastSeenAt: at(6) },
    ]);
    assert.deepEqual([shown.passages, shown.visits, shown.state], [4, 2, 'active']);
    assert.equal('pictured' in shown || 'forgottenAt' in shown || 'person' in shown, false);
  });

  test('is shown by the newest picture of the last three passages', () => {
    const entry = entryOf(['gate', 0, 1], ['gate', 2, 3], ['gate', 4, 5], ['gate', 6, 7]);
    const pictured = (...ids: readonly string[]) => shownStranger(entry, (id) => ids.includes(id)).pictured;
    assert.equal(pictured('p-2', 'p-3'), 'p-3');
    assert.equal(pictured('p-2'), 'p-2');
    assert.equal(pictured('p-1'), undefined);
  });

  test('who is set aside names the person to whom they were assigned, and until when this can be undone', () => {
    const entry = entryOf(['gate', 0, 1]);
    const forgottenAtMs = startMs + 60_000;
    const assigned = { change: 'assigned', personId: personId('person-1') } as const;
    const shown = shownStranger(entry, () => false, { fate: assigned, forgottenAtMs });
    assert.deepEqual([shown.state, shown.forgottenAt, shown.person], ['set-aside', at(1), 'person-1']);
    const discarded = shownStranger(entry, () => false, { fate: { change: 'discarded' }, forgottenAtMs });
    assert.equal('person' in discarded, false);
    assert.equal('person' in shownStranger(entry, () => false, { fate: undefined, forgottenAtMs }), false);
  });

  test('in detail has each passage with its event, its picture, and whether faces are compared with it', () => {
    const entry = entryOf(['gate', 0, 1], ['yard', 2, 3]);
    const [first, second] = entry.appearances;
    assert.ok(first !== undefined && second !== undefined);
    const recorded = { ...entry, appearances: [first, { ...second, recordedAtMs: startMs }] };
    const similar = [{ strangerId: strangerId('s-2'), similarity: 0.7 }];
    const details = strangerDetails(recorded, similar, (id) => id === 'p-2');
    assert.deepEqual(details.history, [
      {
        ...{ passage: 'p-1', camera: 'gate', firstSeenAt: at(0), lastSeenAt: at(1) },
        ...{ hasEvent: false, hasPicture: false, isCompared: true },
      },
      {
        ...{ passage: 'p-2', camera: 'yard', firstSeenAt: at(2), lastSeenAt: at(3) },
        ...{ hasEvent: true, hasPicture: true, isCompared: false },
      },
    ]);
    assert.deepEqual(details.similar, [{ stranger: 's-2', similarity: 0.7 }]);
  });
});

describe('passages after a kill between a change of unknown persons and that of their passages', () => {
  /** What is moved and forgotten; `known`: who is there, `aside`: who is set aside. */
  function settled(
    entries: readonly (readonly [action: string, subject: string | undefined, into: unknown])[],
    { known = [], aside = [] }: { readonly known?: readonly string[]; readonly aside?: readonly string[] },
  ): readonly string[] {
    const done: string[] = [];
    const found = (ids: readonly string[], id: string) =>
      ids.includes(id) ? { ...entryOf(['gate', 0, 1]), id: strangerId(id) } : undefined;
    const ports = {
      strangers: {
        show: (id: string) => found(known, id),
        asideOf: (id: string) => {
          const entry = found(aside, id);
          return entry && { entry };
        },
      },
      journal: {
        moveStranger: (from: string, into: string, passages?: readonly string[]) =>
          done.push(`${from} to ${into}${passages === undefined ? '' : `: ${passages.join(' ')}`}`),
        forgetStranger: (id: string) => done.push(`forget ${id}`),
      },
      audit: {
        list: ({ action, limit }: { readonly action: string; readonly limit: number }) => {
          assert.equal(limit, 50);
          return entries
            .filter(([each]) => each === action)
            .map(([, subject, into]) => ({ subject, details: { into } }));
        },
      },
    };
    settleMoves(ports as unknown as SettledMoves);
    return done;
  }
  const merged = 'stranger.merged';
  const split = 'stranger.split';

  test('belong to whoever has them now, over several merges, also if set aside', () => {
    const chain = [
      [merged, 's-2', 's-3'],
      [merged, 's-1', 's-2'],
    ] as const;
    assert.deepEqual(settled(chain, { known: ['s-3'] }), ['s-2 to s-3', 's-1 to s-3']);
    assert.deepEqual(settled(chain, { aside: ['s-3'] }), ['s-2 to s-3', 's-1 to s-3']);
    assert.deepEqual(settled(chain, {}), ['forget s-2', 'forget s-1']);
  });

  test('that were split off belong to the new unknown person, or to whom this one was merged with', () => {
    assert.deepEqual(settled([[split, 's-1', 's-2']], { known: ['s-2'] }), ['s-1 to s-2: p-1']);
    assert.deepEqual(settled([[split, 's-1', 's-2']], {}), []);
    const both = [
      [split, 's-1', 's-2'],
      [merged, 's-2', 's-3'],
    ] as const;
    assert.deepEqual(settled(both, { known: ['s-3'] }), ['s-1 to s-3: p-1', 's-2 to s-3']);
  });

  test('stay where an entry of the audit log does not say what became of whom', () => {
    assert.deepEqual(
      settled(
        [
          [merged, undefined, 's-2'],
          [merged, 's-1', 7],
        ],
        { known: ['s-2'] },
      ),
      [],
    );
  });
});

describe('an unknown person who was discarded or assigned', () => {
  function setAside({ passages = 0, gone = [] as readonly string[] } = {}) {
    const done: string[] = [];
    const clock = new VirtualClock(startMs);
    const entry = entryOf(['gate', 0, 1]);
    let held: Promise<void> = Promise.resolve();
    const note =
      (what: string) =>
      (...args: readonly unknown[]) => {
        done.push(`${what} ${args.filter((each) => typeof each === 'string').join(' ')}`.trim());
        return 3;
      };
    const pictures =
      (what: string) =>
      (...args: readonly unknown[]) => {
        const ids = args.find((each) => Array.isArray(each)) as readonly string[];
        const { fromMs, untilMs } = args.at(-1) as { readonly fromMs: number; readonly untilMs: number };
        done.push(`${what} ${ids.length} ${fromMs - startMs} ${untilMs - startMs}`);
        return 3;
      };
    const rows = Array.from({ length: passages }, (_, index) => ({
      number: index + 1,
      passage:
        index === 0
          ? undefined
          : aPassage({ id: passageId(`j-${index}`), startedAtMs: startMs - 5, lastSeenMs: startMs + 70_000 }),
    }));
    const options = {
      gallery: () => ({
        removeStrangerPictures: pictures('remove pictures'),
        unassignStrangerPictures: pictures('unassign pictures'),
        strangers: {
          aside: (isDue: (ms: number) => boolean) =>
            [-1, 0, 1, 2 * restorableMs, 2 * restorableMs + 1]
              .map((inMs) => ({ entry, fate: undefined, forgottenAtMs: startMs + inMs }))
              .filter(({ forgottenAtMs }) => isDue(forgottenAtMs)),
          forget: note('forget'),
          restore: (id: string) => {
            done.push(`restore ${id}`);
            return entry;
          },
        },
      }),
      journal: {
        list: ({ afterNumber, limit }: { readonly afterNumber: number; readonly limit: number }) =>
          rows.filter(({ number }) => number > afterNumber).slice(0, limit),
        forgetStranger: note('forget in journal'),
        removeStrangerClips: note('remove clips'),
        unassignStranger: note('unassign in journal'),
      },
      persons: {
        remove: note('remove person'),
        photographs: {
          remove: async ({ photographId }: { readonly photographId: string }) => {
            await held;
            if (gone.includes(photographId))
              throw badInput('no-such-photograph', 'gone', { remedy: 'None.' });
            if (photographId === 'last') throw badInput('last-photograph', 'last', { remedy: 'None.' });
            done.push(`remove photo ${photographId}`);
          },
        },
      },
      clock,
    };
    const aside = new SetAside(options as unknown as SetAsideOptions);
    const hold = () => {
      let release: () => void = () => undefined;
      held = new Promise((resolve) => {
        release = resolve;
      });
      return () => release();
    };
    return { aside, entry, done, clock, hold };
  }
  const forgottenAtMs = startMs + restorableMs;
  const assigned = { change: 'assigned', personId: personId('person-1') } as const;

  test('is restored until the time is over, and not where the row does not open', async () => {
    const { aside, entry, done } = setAside();
    const discarded = { change: 'discarded' } as const;
    const restored = (inMs: number) =>
      aside.restore({ entry, fate: discarded, forgottenAtMs: startMs + inMs }, by);
    assert.equal(await restored(0), undefined);
    assert.equal(await restored(2 * restorableMs + 1), undefined, 'the clock was set back');
    assert.equal(await aside.restore({ entry, fate: undefined, forgottenAtMs }, by), undefined);
    assert.deepEqual(done, []);
    assert.equal(await restored(1), entry);
    assert.equal(await restored(2 * restorableMs), entry);
    assert.deepEqual(done, ['restore s-1', 'restore s-1'], 'nobody learnt from a discarded one');
  });

  test('takes back what the person learnt: the photos, those of them that are left, or the person', async () => {
    const added = setAside({ gone: ['b'] });
    const fate = { ...assigned, photographs: ['a', 'b', 'c'] };
    await added.aside.restore({ entry: added.entry, fate, forgottenAtMs }, by);
    assert.deepEqual(added.done, [
      ...['remove photo a', 'remove photo c', 'unassign pictures 1 0 60000', 'unassign in journal s-1'],
      'restore s-1',
    ]);
    const enrolled = setAside();
    await enrolled.aside.restore({ entry: enrolled.entry, fate: assigned, forgottenAtMs }, by);
    assert.equal(enrolled.done[0], 'remove person person-1');
    const last = setAside();
    const refused = { entry: last.entry, fate: { ...assigned, photographs: ['last'] }, forgottenAtMs };
    await assert.rejects(last.aside.restore(refused, by), { code: 'last-photograph' });
    assert.deepEqual(last.done, []);
    await assert.rejects(last.aside.restore(refused, by), { code: 'last-photograph' });
  });

  test('is neither restored twice nor forgotten while being restored', async () => {
    const { aside, entry, done, hold } = setAside();
    const release = hold();
    const given = { entry, fate: { ...assigned, photographs: ['a'] }, forgottenAtMs };
    const first = aside.restore(given, by);
    assert.equal(await aside.restore(given, by), undefined);
    await aside.forgetDue(new AbortController().signal);
    assert.deepEqual(done, []);
    release();
    assert.equal(await first, entry);
  });

  test('is forgotten when the time is over, until the box stops', async () => {
    const { aside, done } = setAside();
    await aside.forgetDue(new AbortController().signal);
    assert.deepEqual(
      done.filter((each) => each === 'forget s-1').length,
      3,
      'those whose time is over, and one from before the clock was set back',
    );
    done.length = 0;
    await aside.forgetDue(AbortSignal.abort());
    assert.deepEqual(done, []);
  });

  test('is forgotten with the pictures of all passages, unless they are those of a person now', () => {
    for (const [passages, ids] of [
      [0, 1],
      [100, 100],
      [101, 101],
      [250, 250],
    ] as const) {
      const { aside, entry, done } = setAside({ passages });
      assert.equal(aside.forget({ entry, fate: { change: 'discarded' }, forgottenAtMs }), 3);
      const [from, until] = passages === 0 ? [0, 60_000] : [-5, 70_000];
      assert.deepEqual(done, [
        ...[`remove pictures ${ids} ${from} ${until}`, 'remove clips s-1'],
        ...['forget in journal s-1', 'forget s-1'],
      ]);
    }
    const { aside, entry, done } = setAside();
    assert.equal(aside.forget({ entry, fate: assigned, forgottenAtMs }), 0);
    assert.deepEqual(done, ['forget in journal s-1', 'forget s-1']);
  });
});

describe('the enrolment of an unknown person', () => {
  const caller = { ...by, scopes: new Set(['names:read']) } as unknown as Caller;
  /** Passages p-1 to p-7 with rising quality and a picture each, unless `without` names them. */
  function enrolling(results: readonly unknown[], without: readonly string[] = []) {
    const asked: string[][] = [];
    const add = async ({ photographs }: { readonly photographs: readonly Buffer[] }) => {
      asked.push(photographs.map(String));
      return results[asked.length - 1] as EnrolmentResult;
    };
    const ids = Array.from({ length: 7 }, (_, index) => `p-${index + 1}`);
    const options = {
      persons: { add, photographs: { add } },
      journal: {
        find: (id: string) => {
          const best = { ...tallyOf().best, quality: { score: ids.indexOf(id) / 10, reasons: [] } };
          const views = { ...tallyOf(), ...(id === 'p-1' ? { best: undefined } : { best }) };
          return { passage: aPassage({ id: passageId(id), views: views as ReturnType<typeof tallyOf> }) };
        },
      },
      pictureOf: ({ id }: { readonly id: string }) => (without.includes(id) ? undefined : Buffer.from(id)),
    };
    const enrolment = new StrangerEnrolment(options as unknown as StrangerEnrolmentOptions);
    const stranger = entryOf(...ids.map((_, index) => ['gate', index, index + 0.5] as const));
    const enrol = (passages?: readonly string[]) =>
      enrolment.enrol(stranger, { name: 'Ada', passages } as never, caller);
    const assign = (passages?: readonly string[]) =>
      enrolment.add(stranger, { person: 'person-1', passages, isDuplicateAllowed: false } as never, caller);
    return { asked, enrol, assign };
  }
  const enrolled = { outcome: 'enrolled', person: { id: 'person-1' }, photographs: [] };
  const refused = (...outcomes: readonly string[]) => ({
    outcome: 'refused',
    photographs: outcomes.map((outcome) => ({ outcome })),
  });

  test('takes the five best pictures, or all that are named', async () => {
    const { asked, enrol, assign } = enrolling(
      [enrolled, enrolled, { ...enrolled, outcome: 'changed' }],
      ['p-6'],
    );
    assert.equal((await enrol()).outcome, 'assigned');
    const all = ['p-1', 'p-2', 'p-3', 'p-4', 'p-5', 'p-7'];
    await enrol(all);
    assert.equal((await assign(['p-2'])).outcome, 'assigned');
    assert.deepEqual(asked, [
      ['p-7', 'p-5', 'p-4', 'p-3', 'p-2'],
      ['p-7', 'p-5', 'p-4', 'p-3', 'p-2', 'p-1'],
      ['p-2'],
    ]);
  });

  test('goes on with the usable pictures, unless the caller chose them', async () => {
    const some = refused('enrolled', 'refused', 'enrolled', 'refused', 'refused');
    const again = enrolling([some, enrolled]);
    assert.equal((await again.enrol()).outcome, 'assigned');
    assert.deepEqual(again.asked[1], ['p-7', 'p-5']);
    for (const [result, passages] of [
      [some, ['p-1', 'p-2', 'p-3', 'p-4', 'p-5']],
      [refused('refused', 'refused', 'refused', 'refused', 'refused'), undefined],
      [refused('enrolled', 'enrolled', 'enrolled', 'enrolled', 'enrolled'), undefined],
      [{ outcome: 'similar', personId: 'person-2', similarity: 0.9 }, undefined],
    ] as const) {
      const once = enrolling([result]);
      assert.deepEqual(await once.enrol(passages), result);
      assert.equal(once.asked.length, 1);
    }
  });

  test('is refused for a passage of somebody else, and without any picture', async () => {
    const { enrol } = enrolling([], ['p-1', 'p-2']);
    await assert.rejects(enrol(['p-3', 'p-9']), { code: 'no-such-passage' });
    await assert.rejects(enrol(['p-1', 'p-2']), { code: 'no-stranger-pictures' });
  });
});
