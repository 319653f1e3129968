import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { PublishedKey } from '../../daemon/contract/events/key-set-schema.js';
import type { EventDetails, OutboxStatus, ResendOutcome } from '../../daemon/contract/events.js';
import { outgoingText } from '../../daemon/core/delivery/sender.js';
import { IdentityKeys } from '../../daemon/core/identity/identity-keys.js';
import { keySetOf } from '../../daemon/core/identity/key-set.js';
import { cameraId, personId } from '../../daemon/kernel/ids.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { type EventApi, withEventApi } from '../support/event-api.js';
import { assortedFacts, attendanceFact, everyNotice } from '../support/facts.js';
import {
  enrolmentOf,
  galleryOptions,
  noiseJpeg,
  openTestGallery,
  temporaryDirectory,
  tester,
} from '../support/gallery-fixture.js';
import { box } from '../support/published-box.js';

/** A caller who is not limited to cameras. */
const everywhere = { cameras: undefined };

interface Listed {
  readonly sequence: string;
}

/** What `identity show` answers beside the keys. */
const unusedIdentity = {
  ...{ site: 'site', box: 'box', keyId: 'k', fingerprint: 'f', since: '2026-03-01T00:00:00.000Z' },
  ...{ former: [], keySet: '' },
};

describe('rollcall events', () => {
  test('list: filters events, and explains invalid filters', async () => {
    await withEventApi(async ({ records, events, run }) => {
      for (const fact of assortedFacts(6)) records.record(fact);
      records.record(attendanceFact({ personId: personId('person-2') }));
      const { signal } = new AbortController();
      const list = async (query: Partial<Parameters<typeof events.list>[0]>): Promise<readonly number[]> => {
        const asked = { limit: 100, order: 'oldest-first', ...query } as const;
        const { items } = await events.list(asked, everywhere, signal);
        return items.map(({ sequence }) => Number(sequence));
      };
      assert.deepEqual(await list({}), [1, 2, 3, 4, 5, 6, 7]);
      assert.deepEqual(await list({ kind: 'attendance', limit: 2, order: 'newest-first' }), [7, 4]);
      assert.deepEqual(await list({ from: 3, to: 5 }), [3, 4, 5]);
      assert.deepEqual(await list({ person: 'person-2' }), [7]);
      assert.deepEqual(await list({ since: '2999-01-01T00:00:00Z' }), []);
      assert.deepEqual(await list({ since: '2020-01-01T00:00:00Z', kind: 'attack' }), [3, 6]);
      assert.deepEqual(await list({ until: '2020-01-01T00:00:00Z' }), []);
      assert.deepEqual((await list({ until: '2999-01-01T00:00:00Z' })).length, 7);
      const options = [
        '--kind',
        'attack',
        '--from',
        '0000000000000002',
        '--to',
        '5',
        '--since',
        '2020-01-01',
      ];
      const listed = await run(['events', 'list', '--json', ...options]);
      assert.deepEqual(
        (JSON.parse(listed.stdout) as readonly Listed[]).map(({ sequence }) => Number(sequence)),
        [3],
      );
      const { stdout } = await run(['events', 'list', '-n', '1']);
      assert.match(stdout, /^ +7 {2}2026-03-01 08:00:00 {2}attendance\.recorded {2}gate {2}person-2 /);
      for (const wrong of [
        ['--kind', 'nonsense'],
        ['--from', '0'],
        ['--since', 'noon'],
      ]) {
        assert.equal((await run(['events', 'list', ...wrong])).exitCode, 2, wrong.join(' '));
      }
    });
  });

  test('show: finds an event by sequence, id or the beginning of an id, and shows its delivery state', async () => {
    await withEventApi(async ({ records, events, run }) => {
      const [first, second] = [records.record(attendanceFact()), records.record(attendanceFact())];
      records.outbox.acknowledge([1]);
      const show = async (which: string) =>
        JSON.parse((await run(['events', 'show', which, '--json'])).stdout) as EventDetails;
      assert.equal((await show('1')).delivery, 'delivered');
      const shown = await show(second.id);
      assert.deepEqual([shown.sequence, shown.delivery], [2, 'waiting']);
      assert.equal((shown.event as { readonly id: string }).id, second.id);
      assert.match((await run(['events', 'show', first.id])).stdout, /delivery: delivered/);
      const missing = await run(['events', 'show', '3']);
      assert.equal(missing.exitCode, 2);
      assert.match(missing.stderr, /no event has the id or the sequence "3"/);
      assert.equal(events.show(second.id.slice(0, -1), everywhere).sequence, 2);
      const unknown = { code: 'no-such-event' };
      assert.throws(() => events.show(`${second.id.slice(0, -1)}x`, everywhere), unknown);
      // Ids begin with the time, so both events share the first four characters.
      const threeCharacters = second.id.slice(0, 3);
      assert.throws(() => events.show(threeCharacters, everywhere), unknown, 'the prefix is too short');
      assert.throws(() => events.show(second.id.slice(0, 4), everywhere), {
        code: 'ambiguous',
        message: /: those with the sequences 1, 2$/,
      });
    });
  });

  test('show --picture: saves the picture of an event for the caller alone, and audits whom it shows', async (t) => {
    await using opened = await openTestGallery(galleryOptions(temporaryDirectory(t)));
    const { gallery } = opened;
    await withEventApi(
      async ({ directory, records, run, audited }) => {
        const id = await gallery.addPerson(enrolmentOf('Ada', [1]), tester);
        const fact = attendanceFact({ personId: id });
        const [kept, bare] = [records.record(fact), records.record(attendanceFact())];
        const jpeg = noiseJpeg(3, 4_000);
        const { cameraId: camera, occurredAtMs: takenAtMs } = fact;
        const about = { kind: 'attendance', eventId: kept.id, personId: id } as const;
        assert.ok(gallery.addEvidence({ ...about, cameraId: camera, takenAtMs, jpeg }));
        const path = join(directory, 'ada.jpg');
        const saved = await run(['events', 'show', '1', '--picture', path]);
        assert.equal(saved.exitCode, 0, saved.stderr);
        assert.deepEqual(await readFile(path), Buffer.from(jpeg));
        assert.equal((await stat(path)).mode & 0o777, 0o600);
        const details = { person: id, camera };
        assert.deepEqual(
          audited.map(({ action, subject, details: found }) => ({ action, subject, details: found })),
          [{ action: 'evidence.read', subject: kept.id, details }],
        );
        const none = await run(['events', 'show', bare.id, '--picture', join(directory, 'none.jpg')]);
        assert.equal(none.exitCode, 2);
        assert.match(none.stderr, /the box keeps no picture of the event 2/);
        await assert.rejects(stat(join(directory, 'none.jpg')), { code: 'ENOENT' });
        const mixed = await run(['events', 'show', '1', '--json', '--picture']);
        assert.match(mixed.stderr, /Give one: --picture FILE/);
      },
      { gallery },
    );
  });

  test('show: tells a caller who is limited to cameras nothing about events of others', async () => {
    await withEventApi(async ({ records, events }) => {
      const at = (camera: string) => records.record(attendanceFact({ cameraId: cameraId(camera) }));
      const [foreign, own] = [at('gate'), at('door')];
      const reader = { cameras: new Set(['door']) };
      // Ids begin with the time, so the events share the first characters.
      const prefix = own.id.slice(0, 4);
      assert.equal(events.show(prefix, reader).sequence, own.sequence, 'the only one of theirs');
      const unknown = { code: 'no-such-event' };
      for (const which of [String(foreign.sequence), foreign.id, foreign.id.slice(0, -1)]) {
        assert.throws(() => events.show(which, reader), unknown, which);
      }
      assert.throws(() => events.show(prefix, { cameras: new Set(['yard']) }), unknown);
      at('gate');
      at('door');
      assert.throws(() => events.show(prefix, reader), {
        code: 'ambiguous',
        message: /: those with the sequences 2, 4$/,
      });
      for (let more = 0; more < 10; more += 1) at('door');
      assert.throws(() => events.show(prefix, reader), {
        code: 'ambiguous',
        // In the order of their ids, which is random within a millisecond; 1 and 3 are of the gate.
        message: /: those with the sequences (?:(?:2|[4-9]|1\d), )+others$/,
      });
    });
  });

  test('resend: puts available events back, names missing ones, and leaves an audit entry', async () => {
    await withEventApi(async ({ records, run, audited }) => {
      for (const fact of assortedFacts(6)) records.record(fact);
      records.outbox.acknowledge([1, 2, 3, 4, 5, 6]);
      records.retention.ageing('attack').begin(Number.MAX_SAFE_INTEGER)(10);
      const { stdout } = await run(['events', 'resend', '--from', '2', '--json', '--yes']);
      const outcome = JSON.parse(stdout) as ResendOutcome;
      const missing = {
        count: 2,
        ranges: [
          { first: 3, last: 3 },
          { first: 6, last: 6 },
        ],
      };
      assert.deepEqual(outcome, { first: 2, last: 6, count: 3, missing });
      assert.equal(records.outbox.depth(), 3);
      const [entry] = audited;
      assert.equal(entry?.action, 'events.resent');
      assert.deepEqual(entry?.details, { first: 2, last: 6, count: 3 });
      const refused = await run(['events', 'resend', '--from', '2']);
      assert.notEqual(refused.exitCode, 0, 'the command needs a confirmation and gets none');
      for (const range of [
        ['--from', '99'],
        ['--from', '5', '--to', '2'],
      ]) {
        const beyond = await run(['events', 'resend', ...range, '--yes']);
        assert.equal(beyond.exitCode, 2);
        assert.match(beyond.stderr, /there is no event from .*6 \(the newest event\)/s);
      }
      assert.equal(audited.length, 1);
    });
  });

  test('outbox status: shows the waiting events of each kind and their limits', async () => {
    await withEventApi(async ({ records, run }) => {
      for (const event of [...assortedFacts(4), ...everyNotice]) records.record(event);
      records.outbox.acknowledge([1]);
      const status = JSON.parse((await run(['outbox', 'status', '--json'])).stdout) as OutboxStatus;
      assert.equal(status.count, 3 + everyNotice.length);
      assert.equal(status.connection.state, 'not configured');
      const [attendance, gap] = status.kinds;
      assert.deepEqual(
        [attendance?.kind, attendance?.count, attendance?.limit],
        ['attendance', 1, { events: 1_000_000, days: 365 }],
      );
      assert.equal(gap?.kind, 'gap', 'the gap comes first because it is worth most');
      const { stdout } = await run(['outbox', 'status']);
      assert.match(stdout, /^outbox: \d+ events, 0\.0 of 2048 MiB/);
      assert.match(stdout, /^camera +2 +\S+ \d\d:\d\d:\d\d +10000 \/ 30 d +0$/m);
    });
  });
});

describe('rollcall events verify', () => {
  const withKeys = async (
    work: (api: EventApi & { readonly lines: readonly string[]; readonly keysPath: string }) => Promise<void>,
  ): Promise<void> => {
    const clock = new VirtualClock(Date.UTC(2026, 2, 1));
    const shown = { keys: [] as readonly PublishedKey[] };
    await withEventApi(
      async (api) => {
        const places = { secretsDirectory: api.directory, dataDir: join(api.directory, 'data') };
        using keys = await IdentityKeys.open({ places, clock, overlapMs: 0 });
        const set = await keySetOf(keys.state, { from: box, nowMs: clock.wallMs() });
        shown.keys = set.keys;
        const keysPath = join(api.directory, 'keys.json');
        await writeFile(keysPath, JSON.stringify(set));
        for (const fact of assortedFacts(5)) api.records.record(fact);
        const lines: string[] = [];
        for (const row of api.records.outbox.pending(0, 10, [])) {
          lines.push(
            `rollcall/site/box/event/${row.kind} ${await keys.sign(outgoingText(row, { isHistorical: false }))}`,
          );
        }
        await work({ ...api, lines, keysPath });
      },
      { identity: () => ({ ...unusedIdentity, jwks: shown }) },
    );
  };

  test('accepts all events, with keys of the box or of a file', async () => {
    await withKeys(async ({ lines, keysPath, run }) => {
      for (const keys of [[], ['--keys', keysPath]]) {
        const { exitCode, stdout, stderr } = await run(
          ['events', 'verify', ...keys],
          `${lines.join('\n')}\n`,
        );
        assert.equal(exitCode, 0, `${stdout}${stderr}`);
        assert.match(
          stdout,
          /^1: valid {2}\/site\/box {2}sequence 1 {2}attendance\.recorded {2}key [0-9a-f]{4} [0-9a-f]{4}$/m,
        );
        assert.match(stdout, /5 events from 1 to 5, 0 repeated; none missing/);
      }
    });
  });

  test('exits with 1 when an event is missing, forged or unsigned, and names it', async () => {
    await withKeys(async ({ lines, keysPath, directory, run }) => {
      const [first = '', second = '', , ...others] = lines;
      const path = join(directory, 'captured');
      const verify = async (captured: readonly string[]) => {
        await writeFile(path, captured.join('\n'));
        const { exitCode, stdout } = await run(['events', 'verify', path, '--keys', keysPath, '--json']);
        return {
          exitCode,
          said: stdout
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as Record<string, unknown>),
        };
      };
      const gap = await verify([first, second, second, ...others]);
      assert.equal(gap.exitCode, 1);
      assert.deepEqual(gap.said.at(-1)?.['missing'], [{ first: 3, last: 3 }]);
      assert.equal(gap.said[2]?.['outcome'], 'repeated');
      const forged = await verify([first.replace('person-1', 'person-2'), second]);
      assert.equal(forged.exitCode, 1);
      assert.deepEqual([forged.said[0]?.['outcome'], forged.said[0]?.['isGood']], ['bad-signature', false]);
      assert.equal((await verify(lines)).exitCode, 0);
      assert.equal(
        (await run(['events', 'verify', join(directory, 'nothing'), '--keys', keysPath])).exitCode,
        2,
      );
      assert.equal((await run(['events', 'verify', path, '--keys', path])).exitCode, 2);
      const folder = await run(['events', 'verify', directory, '--keys', keysPath]);
      assert.equal(folder.exitCode, 2);
      assert.match(folder.stderr, /cannot be read.*\n.*Give the path of a file/);
      const nothing = await run(['events', 'verify', '--keys', keysPath], '\n');
      assert.equal(nothing.exitCode, 2, 'an empty input proves nothing');
      assert.match(nothing.stderr, /input contains no messages/);
    });
  });
});
