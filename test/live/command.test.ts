import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { keySetSchema } from '../../daemon/contract/events/key-set-schema.js';
import { createKeyFile } from '../../daemon/host/key-file.js';
import { newKeyPair, openSealed } from '../../daemon/host/sealed-box.js';
import { writeEnrolmentPhotos } from '../../scripts/virtual-camera/cast.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { testClip } from '../support/clips.js';
import {
  type CommandSender,
  connectCentre,
  type Issuer,
  newIssuer,
  sealedJson,
  type TokenOptions,
  token,
} from '../support/command-centre.js';
import type { Reply } from '../support/commanded-box.js';
import { type EventSubscriber, subscribeToEvents } from '../support/event-subscriber.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { startRtspServer } from '../support/rtsp-server.js';

const base = 'rollcall/test-site/test-box';

/** A centre that knows a box only by what the box publishes. */
class Centre {
  readonly issuer: Issuer;
  readonly #sender: CommandSender;
  readonly #subscriber: EventSubscriber;

  constructor(issuer: Issuer, sender: CommandSender, subscriber: EventSubscriber) {
    this.issuer = issuer;
    this.#sender = sender;
    this.#subscriber = subscriber;
  }

  async order(command: string, given: object = {}, options: Partial<TokenOptions> = {}): Promise<Reply> {
    const id = randomUUID();
    const audience = 'test-site/test-box';
    const bytes = await token(this.issuer, { command, id, audience, arguments: { ...given }, ...options });
    await this.#sender.send(`${base}/command/${command}`, bytes);
    const answer = () => this.#replies(id).find(({ outcome }) => outcome !== 'progress');
    await this.#subscriber.until(() => answer() !== undefined);
    const reply = answer();
    assert.ok(reply);
    return reply;
  }

  /** The X25519 key of the box in its retained key set. */
  async sealingKey(): Promise<Buffer> {
    const messages = () => this.#subscriber.messages.filter(({ topic }) => topic === `${base}/keys`);
    await this.#subscriber.until(() => messages().length > 0);
    const { keys } = keySetSchema.parse(JSON.parse(String(messages().at(-1)?.payload)));
    const key = keys.find(({ use, notAfter }) => use === 'enc' && notAfter === undefined);
    assert.ok(key);
    return Buffer.from(key.x, 'base64url');
  }

  /** Waits until the retained state of the box names a condition. */
  async untilCondition(condition: string): Promise<void> {
    const states = () => this.#subscriber.messages.filter(({ topic }) => topic === `${base}/state`);
    await this.#subscriber.until(() => {
      const { conditions = [] } = JSON.parse(String(states().at(-1)?.payload)) as { conditions?: string[] };
      return conditions.includes(condition);
    });
  }

  /** The key that signed the newest message of the box on `topic`. */
  signingKeyId(topic: string): string {
    const newest = this.#subscriber.messages.findLast((message) => message.topic === `${base}/${topic}`);
    const { signature } = JSON.parse(String(newest?.payload)) as { readonly signature: string };
    const header = Buffer.from(signature.split('.')[0] ?? '', 'base64url').toString();
    return (JSON.parse(header) as { readonly kid: string }).kid;
  }

  #replies(id: string): readonly Reply[] {
    return this.#subscriber.messages
      .filter(({ topic }) => topic === `${base}/reply/${id}`)
      .map(({ payload }) => (JSON.parse(payload.toString('utf8')) as { data: Reply }).data);
  }
}

test('a centre commands a box', { skip: withoutBuild || withoutMosquitto }, async (t) => {
  await using broker = await startMosquitto();
  await using subscriber = await subscribeToEvents(broker.url);
  const clip = await testClip({ widthPx: 320, heightPx: 180, framesPerS: 10 });
  await using cameras = await startRtspServer({ mounts: { '/live': clip } });
  const config = {
    mqtt: { url: broker.url },
    cameras: [{ id: 'gate', name: 'Gate', url: cameras.url('/live') }],
  };
  await using box = await makeBox({ config });
  await box.start();
  const issuer = await newIssuer();
  const keyPath = join(box.directory, 'head-office.jwk');
  await writeFile(keyPath, issuer.publicText);
  await using sender = await connectCentre(broker.url);
  const centre = new Centre(issuer, sender, subscriber);
  // A box that never connected to this broker does not receive earlier messages.
  await subscriber.until(() => subscriber.messages.some(({ topic }) => topic === `${base}/state`));

  await t.test('commands need the trust of the box', () => trusting(box, centre, keyPath));
  await t.test('enrols a person from photographs and erases them', () => persons(box, centre));
  await t.test('gets a picture that only it can open', () => snapshot(box, centre));
  await t.test('switches a camera across a restart, and releases it', () => switching(box, centre));
  await t.test('reloads the configuration and rotates keys', () => upkeep(box, centre));
  await t.test('commands are refused after the removal of its key', () => removed(box, centre));
});

async function trusting(box: TestBox, centre: Centre, keyPath: string): Promise<void> {
  assert.equal((await centre.order('gallery-digest', { digestKey: 'AAAA' })).code, 'unknown-issuer');
  const scopes = [
    'persons:write',
    'persons:erase',
    'persons:read',
    'events',
    'cameras',
    'snapshots',
    'configuration',
  ];
  const added = await box.command('trust', 'add', 'head-office', '--key', keyPath, '--scope', ...scopes);
  assert.equal(added.exitCode, 0, added.stderr);
  assert.match(added.stdout, /head-office: key \S{43} \(EdDSA\) may use persons:write/);
  assert.equal((await centre.order('rotate-keys', { key: 'identity' })).code, 'out-of-scope');
  const more = await box.command('trust', 'add', 'head-office', '--key', keyPath, '--scope', 'keys');
  assert.equal(more.exitCode, 2);
  assert.match(more.stderr, /already trusts this key/);
  await box.command('trust', 'remove', 'head-office', '--yes');
  await box.command('trust', 'add', 'head-office', '--key', keyPath, '--scope', ...scopes, 'keys');
  const listed = await box.command('trust', 'list');
  assert.match(listed.stdout, /head-office {2}\S{43} {2}EdDSA .* keys configuration/);
  assert.match(listed.stdout, /refused: unknown-issuer 1, out-of-scope 1/);
  const audit = await box.command('audit', 'list', '--action', 'trust', '--json');
  assert.deepEqual(
    (JSON.parse(audit.stdout) as { action: string }[]).map(({ action }) => action),
    ['trust.stated', 'trust.stated', 'trust.added', 'trust.removed', 'trust.added'],
  );
}

async function persons(box: TestBox, centre: Centre): Promise<void> {
  await using portraits = await writeEnrolmentPhotos();
  const photograph = (await readFile(portraits.files.ada)).toString('base64url');
  const person = { externalId: 'E-7', name: 'Ada', photographs: [photograph] };
  const key = await centre.sealingKey();
  const enrolled = await centre.order('enrol-person', { sealed: sealedJson(key, person) });
  assert.equal(enrolled.outcome, 'done', JSON.stringify(enrolled));
  const list = JSON.parse((await box.command('person', 'list', '--json')).stdout) as {
    id: string;
    name: string;
  }[];
  assert.deepEqual(
    list.map(({ id, name }) => [id, name]),
    [[enrolled.result?.['person'], 'Ada']],
  );
  const erased = await centre.order('erase-person', { person: enrolled.result?.['person'] });
  assert.equal(erased.outcome, 'done', JSON.stringify(erased));
  assert.equal(erased.result?.['by'], 'issuer:head-office');
  const wall = await sharp({ create: { width: 640, height: 480, channels: 3, background: '#889' } })
    .jpeg()
    .toBuffer();
  const faceless = { ...person, photographs: [wall.toString('base64url')] };
  const refused = await centre.order('enrol-person', { sealed: sealedJson(key, faceless) });
  assert.deepEqual([refused.outcome, refused.code], ['failed', 'photographs-refused']);
}

async function snapshot(box: TestBox, centre: Centre): Promise<void> {
  await box.untilCamera('gate', 'streaming', ({ state }) => state === 'streaming');
  const pair = newKeyPair();
  const sealTo = Buffer.from(pair.publicKey).toString('base64url');
  const taken = await centre.order('request-snapshot', { camera: 'gate', sealTo });
  assert.equal(taken.outcome, 'done', JSON.stringify(taken).slice(0, 500));
  const jpeg = openSealed(pair, Buffer.from(String(taken.result?.['sealed']), 'base64url'));
  assert.ok(jpeg);
  const { format, width, height } = await sharp(Buffer.from(jpeg)).metadata();
  assert.deepEqual([format, width, height], ['jpeg', 320, 180]);
  assert.deepEqual([taken.result?.['widthPx'], taken.result?.['heightPx']], [320, 180]);
  assert.equal((await centre.order('request-snapshot', { camera: 'attic', sealTo })).code, 'no-such-camera');
  const weak = Buffer.alloc(32).toString('base64url');
  assert.equal(
    (await centre.order('request-snapshot', { camera: 'gate', sealTo: weak })).code,
    'public-key-weak',
  );
}

async function switching(box: TestBox, centre: Centre): Promise<void> {
  const off = await centre.order('set-camera', { camera: 'gate', enabled: false });
  assert.deepEqual(off.result, { camera: 'gate', enabled: false });
  assert.equal((await box.camera('gate')).state, 'disabled');
  assert.equal(await box.stop(), 0);
  await box.start();
  assert.equal((await box.camera('gate')).state, 'disabled', 'a restart does not forget it');
  const listed = await box.command('camera', 'list');
  assert.match(listed.stdout, /gate +disabled \(switched by a centre\)/);
  assert.match((await box.command('camera', 'release', 'gate')).stdout, /the configuration decides again/);
  assert.notEqual((await box.camera('gate')).state, 'disabled');
  assert.match((await box.command('camera', 'release', 'gate')).stdout, /no centre had switched it/);
  assert.equal((await centre.order('set-camera', { camera: 'gate', enabled: false })).outcome, 'done');
  const back = await centre.order('set-camera', { camera: 'gate', enabled: null });
  assert.deepEqual(back.result, { camera: 'gate', enabled: true });
  const { isSwitchedByCentre } = await box.untilCamera(
    'gate',
    'streaming',
    ({ state }) => state === 'streaming',
  );
  assert.equal(isSwitchedByCentre, undefined);
}

async function upkeep(box: TestBox, centre: Centre): Promise<void> {
  const reloaded = await centre.order('reload-configuration');
  assert.deepEqual(reloaded.result, { outcome: 'unchanged', changes: 0, needRestart: 0, problems: 0 });
  const identity = await centre.order('rotate-keys', { key: 'identity' });
  assert.equal(identity.outcome, 'done', JSON.stringify(identity));
  assert.notEqual(identity.result?.['keyId'], identity.result?.['formerKeyId']);
  // This event comes before the answer.
  assert.equal(centre.signingKeyId('event/identity'), identity.result?.['keyId']);
  const early = await centre.order('rotate-keys', { key: 'gallery' });
  assert.deepEqual([early.outcome, early.code], ['failed', 'key-next-missing']);
  await createKeyFile(join(box.directory, 'secrets', 'gallery-key.next'), randomBytes(32));
  const gallery = await centre.order('rotate-keys', { key: 'gallery', depth: 'deep' });
  assert.equal(gallery.outcome, 'done', JSON.stringify(gallery));
  assert.equal((await box.client.call('status.show')).gallery.keyId, gallery.result?.['keyId']);
}

async function removed(box: TestBox, centre: Centre): Promise<void> {
  assert.equal((await box.command('trust', 'remove', 'head-office', '--yes')).exitCode, 0);
  assert.equal((await centre.order('reload-configuration')).code, 'unknown-issuer');
  assert.match((await box.command('trust', 'list')).stdout, /The box trusts no issuer/);
  for (let count = 0; count < 10; count += 1) await centre.order('reload-configuration');
  await centre.untilCondition('commands-refused');
  const log = box.log();
  assert.match(log, /a command was executed/);
  assert.ok(!log.includes('Ada') && !log.includes('E-7'), 'no name reaches the log');
}
