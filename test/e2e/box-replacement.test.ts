import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ShownIdentity } from '../../daemon/contract/identity.js';
import { followKeySet } from '../../daemon/core/identity/follow-key-set.js';
import type { VerifyingKey } from '../../daemon/core/identity/public-key.js';
import { verifySignedText } from '../../daemon/core/identity/signed-text.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { writeEnrolmentPhotos } from '../../scripts/virtual-camera/cast.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { type EventSubscriber, subscribeToEvents } from '../support/event-subscriber.js';
import { type Mosquitto, startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { until } from '../support/until.js';

const broker = 'broker-login';

async function json<T>(box: TestBox, ...args: readonly string[]): Promise<T> {
  const { exitCode, stdout, stderr } = await box.command(...args, '--json');
  assert.equal(exitCode, 0, stderr);
  return JSON.parse(stdout) as T;
}

interface Message {
  readonly id: string;
  readonly sequence: number;
  readonly type: string;
}

/** A centre as docs/reference/identity.md describes it: follows key sets, and takes what a trusted key has signed. */
class Centre {
  readonly taken: Message[] = [];
  readonly refused: string[] = [];
  #inForce: VerifyingKey;
  #sequence = 0;
  /** The keys of the set that was followed last, and when each ends. */
  #keys = new Map<string, { readonly key: VerifyingKey; readonly notAfterMs: number }>();

  constructor(pinned: VerifyingKey) {
    this.#inForce = pinned;
  }

  async take(topic: string, payload: Buffer): Promise<void> {
    if (topic.endsWith('/keys')) return this.#follow(payload);
    const verdict = await verifySignedText(payload, (keyId) => this.#keys.get(keyId)?.key);
    const end = verdict.outcome === 'valid' ? (this.#keys.get(verdict.keyId)?.notAfterMs ?? 0) : 0;
    const { id, sequence, type } = JSON.parse(payload.toString()) as Message;
    if (end < Date.now()) this.refused.push(id ?? topic);
    else if (topic.includes('/event/')) this.taken.push({ id, type, sequence: Number(sequence) });
  }

  async #follow(payload: Buffer): Promise<void> {
    const followed = await followKeySet(payload, this.#inForce);
    if (followed.outcome !== 'followed' || followed.sequence < this.#sequence) {
      this.refused.push('keys');
      return;
    }
    const { keys } = JSON.parse(payload.toString()) as {
      readonly keys: readonly { readonly kid: string; readonly notAfter?: string }[];
    };
    const endOf = (keyId: string): number =>
      Date.parse(keys.find(({ kid }) => kid === keyId)?.notAfter ?? '9999-01-01');
    this.#inForce = followed.inForce;
    this.#sequence = followed.sequence;
    this.#keys = new Map(
      [...followed.trusted].map(([keyId, key]) => [keyId, { key, notAfterMs: endOf(keyId) }]),
    );
  }
}

/** Gives a centre what has come in since the last call. */
function feed(subscriber: EventSubscriber, centre: Centre): () => Promise<void> {
  let fed = 0;
  return async () => {
    for (; fed < subscriber.messages.length; fed += 1) {
      const message = subscriber.messages[fed];
      if (message !== undefined) await centre.take(message.topic, message.payload);
    }
  };
}

function rowsOf<T>(box: TestBox, database: string, statement: string): readonly T[] {
  const db = new Sqlite(join(box.directory, 'data', database), { readonly: true });
  try {
    return db.prepare<[], T>(statement).all();
  } finally {
    db.close();
  }
}

const isTold = (centre: Centre, type: string): boolean => centre.taken.some((event) => event.type === type);

describe('a new machine that takes the place of a box', {
  skip: withoutBuild || withoutMosquitto,
}, () => {
  let folder: string;
  let mosquitto: Mosquitto;
  let former: TestBox;
  let fresh: TestBox;
  let subscriber: EventSubscriber;
  let centre: Centre;
  let listen: () => Promise<void>;
  let identity: ShownIdentity;
  let key: string;
  let backup: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rollcall-safe-'));
    [key, backup] = [join(folder, 'recovery.key'), join(folder, 'night.rcb')];
    mosquitto = await startMosquitto({ users: { gate: 'made-up-password' } });
    const mqtt = { url: mosquitto.url, credential: broker };
    former = await makeBox({
      config: { disk: { lowMiB: 1 }, mqtt },
      secrets: { [broker]: 'gate:made-up-password' },
    });
    fresh = await makeBox({ config: { site: { id: 'new', timeZone: 'UTC' } } });
    subscriber = await subscribeToEvents(mosquitto.url, { username: 'gate', password: 'made-up-password' });
    await using portraits = await writeEnrolmentPhotos();
    await former.start();
    identity = await json(former, 'identity', 'show');
    const pinned = identity.jwks.keys.find(({ kid }) => kid === identity.keyId);
    if (pinned?.crv !== 'Ed25519') assert.fail('no key');
    centre = new Centre({ kty: pinned.kty, crv: pinned.crv, x: pinned.x });
    listen = feed(subscriber, centre);
    for (const [name, photo] of [
      ['Ada', portraits.files.ada],
      ['Bea', portraits.files.bea],
    ] as const) {
      const { exitCode, stderr } = await former.command('person', 'add', name, '--image', photo);
      assert.equal(exitCode, 0, stderr);
    }
    const claim = await former.command('user', 'claim');
    assert.equal(claim.exitCode, 0, claim.stderr);
    const init = await former.command('backup', 'recovery-key', 'init', '--out', key);
    assert.equal(init.exitCode, 0, init.stderr);
    const made = await json<{ counts: Record<string, number> }>(former, 'backup', 'create', backup);
    assert.equal(made.counts['persons'], 2);
    assert.ok(
      (made.counts['events'] ?? 0) > 2 && (made.counts['files'] ?? 0) > 5,
      JSON.stringify(made.counts),
    );
    // The former box goes on after the backup.
    const later = await former.command('person', 'add', 'Cy', '--image', portraits.files.stranger);
    assert.equal(later.exitCode, 0, later.stderr);
  });

  after(async () => {
    await subscriber?.[Symbol.asyncDispose]();
    await former?.[Symbol.asyncDispose]();
    await fresh?.[Symbol.asyncDispose]();
    await mosquitto?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const replace = (...more: readonly string[]) =>
    fresh.command('backup', 'restore', backup, '--recovery-key', key, '--replace-box', ...more);

  test('a rehearsal builds the whole box of the backup, and opens its databases', async () => {
    const rehearsed = await former.command('backup', 'verify', backup, '--recovery-key', key, '--rehearse');
    assert.equal(rehearsed.exitCode, 0, rehearsed.stderr);
    assert.match(rehearsed.stdout, /3 databases opened/);
  });

  test('a backup of another box is refused by the fingerprint of its key', async () => {
    const refused = await replace('--yes', '--fingerprint', '0000 1111 2222 3333 4444 5555 6666 7777');
    assert.equal(refused.exitCode, 2);
    assert.match(refused.stderr, /signed with the key [0-9a-f ]{39}/);
    assert.ok(refused.stderr.includes(identity.fingerprint));
    assert.deepEqual(
      (await readdir(join(fresh.directory, 'data')).catch(() => [])).filter((name) => name !== 'keys'),
      [],
    );
  });

  test('the command says what will happen, and changes nothing without a confirmation', async () => {
    const asked = await replace();
    assert.equal(asked.exitCode, 2);
    assert.match(asked.stderr, /turns this machine into the box test-box of test-site/);
    assert.ok(asked.stderr.includes(identity.fingerprint));
    assert.match(await readFile(fresh.configPath, 'utf8'), /id: new/);
    assert.ok(!existsSync(join(fresh.directory, 'data', 'rebuild-work')));
  });

  test('a machine on which a box runs is refused', async () => {
    const refused = await former.command(
      ...['backup', 'restore', backup, '--recovery-key', key, '--replace-box', '--yes'],
    );
    assert.notEqual(refused.exitCode, 0);
    assert.match(refused.stderr, /another rollcalld answers/);
  });

  test('the new machine is the box, under a new key, with numbers that the former box cannot reach', async () => {
    await until('the centre to know Cy', async () => {
      await listen();
      return centre.taken.filter(({ type }) => type === 'rollcall.person.enrolled.v1').length === 3;
    });
    const before = centre.taken.map(({ sequence }) => sequence);
    await former.stop('SIGKILL');
    const done = await replace('--yes', '--fingerprint', identity.fingerprint);
    assert.equal(done.exitCode, 0, done.stderr);
    assert.match(done.stdout, /This machine is now test-box of test-site/);
    await fresh.start();
    const shown = await json<ShownIdentity>(fresh, 'identity', 'show');
    assert.notEqual(shown.keyId, identity.keyId);
    assert.deepEqual([shown.site, shown.box], ['test-site', 'test-box']);
    const persons = await json<readonly { name?: string }[]>(fresh, 'person', 'list');
    assert.deepEqual(persons.map(({ name }) => name).sort(), ['Ada', 'Bea']);
    await until('the new box to be told', async () => {
      await listen();
      return isTold(centre, 'rollcall.identity.changed.v1') && isTold(centre, 'rollcall.events.dropped.v1');
    });
    const events = new Map<number, string>();
    for (const { sequence, id } of centre.taken) {
      assert.equal(events.get(sequence) ?? id, id, `two events have the number ${sequence}`);
      events.set(sequence, id);
    }
    const largest = Math.max(...before);
    const later = [...events.keys()].filter((sequence) => sequence > largest);
    assert.ok(later.every((sequence) => sequence > 2 ** 40));
    assert.deepEqual(
      [...events.keys()].filter((sequence) => sequence <= largest).sort((a, b) => a - b),
      Array.from({ length: largest }, (_, index) => index + 1),
      'no event of the former box is missing',
    );
    assert.equal((await fresh.command('audit', 'verify')).exitCode, 0);
    const { conditions } = await fresh.client.call('status.show');
    assert.ok(conditions.includes('records-lost'));
    assert.deepEqual(
      conditions.filter((each) => /altered|damaged/.test(each)),
      [],
    );
  });

  test('accounts are there, without sessions and without the claim', () => {
    assert.deepEqual(rowsOf(fresh, 'accounts.db', 'SELECT * FROM session'), []);
    assert.deepEqual(rowsOf(fresh, 'accounts.db', 'SELECT * FROM claim'), []);
    assert.notDeepEqual(rowsOf(former, 'accounts.db', 'SELECT * FROM claim'), []);
  });

  test('a centre refuses everything that the former box signs from then on', async () => {
    await fresh.stop();
    await listen();
    const known = centre.taken.length;
    const seen = subscriber.messages.length;
    await former.start();
    await until('the former box to publish', () =>
      subscriber.messages
        .slice(seen)
        .some(({ topic, payload }) => topic.includes('/event/') && payload.toString().includes('test-box')),
    );
    await listen();
    assert.equal(centre.taken.length, known);
    assert.ok(centre.refused.includes('keys'));
    assert.ok(centre.refused.length > 1);
    const rotated = await former.command('identity', 'rotate', '--yes');
    assert.equal(rotated.exitCode, 0, rotated.stderr);
    await until('the former box to publish another key', () =>
      subscriber.messages
        .slice(seen)
        .some(({ payload }) => payload.toString().includes('rollcall.identity.changed.v1')),
    );
    await listen();
    assert.equal(centre.taken.length, known, 'its next key does not count either');
    await former.stop();
    await fresh.start();
    await until('the new box to be heard again', async () => {
      await listen();
      return centre.taken.length > known;
    });
  });

  test('a box that has persons is not replaced', async () => {
    await fresh.stop();
    const refused = await replace('--yes');
    assert.equal(refused.exitCode, 2);
    assert.match(refused.stderr, /may hold enrolled persons/);
  });

  test('a daemon does not start with half of a box', async () => {
    await writeFile(join(fresh.directory, 'data', 'replacement-unfinished'), '');
    const { exitCode, stderr } = await fresh.startAndEnd();
    assert.notEqual(exitCode, 0);
    assert.match(stderr, /interrupted/);
  });
});
