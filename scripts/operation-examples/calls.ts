import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { generateSync } from 'otplib';
import type { ControlClient } from '../../daemon/core/api/client.js';
import { until } from '../../test/support/until.js';
import type { Seeded } from '../seeding/seed.js';
import { cast, portrait } from '../virtual-camera/cast.js';
import type { ExampleCaller } from './example-caller.js';

/** Of `docs/contract/examples`: made for examples, so it is no secret whose it is. */
const issuerKey = fileURLToPath(new URL('../../docs/contract/examples/issuer.jwk', import.meta.url));

/** The second password of the administrator. The box is gone before anyone could use it. */
const newPassword = 'nine quiet otters swim';

/** Has the first password of the administrator. */
const secondAdmin = 'second-admin';

export interface ExampleBox {
  /** For what is no example. */
  readonly client: ControlClient;
  readonly seeded: Seeded;
  /** The public half of a recovery key. */
  readonly recoveryKey: string;
  /** A one-time secret for one more administrator. */
  readonly claimSecret: string;
}

/** Makes the calls: keeps them as examples, or looks at what they leave. */
export type OperationCaller = Pick<ExampleCaller, 'call' | 'use' | 'refused'>;

/** Calls every operation that can be called, in an order in which each finds what it needs. */
export async function callAll(caller: OperationCaller, box: ExampleBox): Promise<void> {
  await callAccounts(caller, box);
  await callGuided(caller);
  await callPersons(caller, box);
  await callRecords(caller, box);
  await callUpkeep(caller, box);
  await callEndOfLogin(caller, box);
}

async function callAccounts(caller: OperationCaller, { seeded, claimSecret }: ExampleBox): Promise<void> {
  const [admin] = seeded.logins;
  const { userName, password } = admin ?? { userName: '', password: '' };
  await caller.call('auth.claim', { secret: claimSecret, userName: secondAdmin, password });
  const login = await caller.call('auth.login', { userName, password });
  if (login.kind !== 'tokens') throw new Error('the login gave no tokens');
  const tokens = await caller.call('auth.refresh', { refreshToken: login.refreshToken });
  caller.use(tokens.accessToken);
  await caller.call('auth.me', {});
  await caller.call('auth.step-up', { password });
  await caller.call('auth.preferences', { language: 'en', timeFormat: '24h' });
  const { secret } = await caller.call('auth.begin-second-factor', {});
  await caller.call('auth.confirm-second-factor', { code: generateSync({ secret }) });
  await caller.call('auth.renew-recovery-codes', {});
  await caller.call('auth.remove-second-factor', {});
  await caller.call('auth.change-password', { oldPassword: password, newPassword });
  await caller.call('auth.login', { userName, password: newPassword });
  const sessions = await caller.call('auth.sessions', {});
  await caller.call('auth.passkeys', {});
  await caller.call('users.list', { limit: 2 });

  await caller.call('roles.create', {
    ...{ name: 'reception', description: 'Sees who is in the house.' },
    scopes: ['status:read', 'attendance:read', 'names:read'],
  });
  await caller.call('roles.list', {});
  await caller.call('roles.get', { name: 'reception' });
  await caller.call('roles.change', { name: 'reception', scopes: ['attendance:read', 'names:read'] });
  const created = await caller.call('users.create', {
    ...{ userName: 'ines', displayName: 'Ines Duarte', role: 'operator', language: 'de' },
  });
  const { id } = created.user;
  await caller.call('users.get', { id });
  await caller.call('users.change', { id, role: 'viewer', ifRevision: created.user.revision });
  await caller.call('users.unlock', { id });
  await caller.call('users.reset-password', { id });
  await caller.call('users.sessions', { id: login.user.id });
  await caller.call('users.end-sessions', { id });
  await caller.call('users.remove', { id });
  await caller.call('roles.remove', { name: 'reception' });
  const key = await caller.call('api-keys.create', { label: 'payroll', scopes: ['attendance:read'] });
  await caller.call('api-keys.list', {});
  await caller.call('api-keys.revoke', { id: key.apiKey.id });
  const other = sessions.find(({ isCurrent }) => !isCurrent);
  await caller.call('auth.end-session', { id: other?.id ?? '' });
}

async function callPersons(caller: OperationCaller, { seeded }: ExampleBox): Promise<void> {
  const picture = [await portrait(cast.ada)];
  const [ada, bea] = seeded.persons;
  const id = ada?.id ?? '';
  await caller.call('persons.list', { limit: 2, sort: 'name' });
  await caller.call('persons.names', { ids: [id] });
  await caller.call('persons.show', { id });
  const photographs = await caller.call('persons.photographs.list', { id });
  await caller.call('persons.photographs.read', { id, photographId: photographs[0]?.id ?? '' });
  await caller.call('recognition.detect', { picture });
  await caller.call('recognition.recognise', { picture });
  await caller.call('recognition.verify', { personId: id, picture });
  await caller.call('recognition.similar-persons', { id });
  await caller.call('recognition.similar', { picture });
  const stranger = await portrait(cast.stranger);
  await caller.call('recognition.recognise-clip', { clip: [stranger, stranger, stranger], fps: 15 });
  await caller.call('liveness.judge-clip', { clip: [stranger, stranger, stranger], fps: 15 });
  const enrolled = await caller.call('persons.enrol', {
    ...{ name: 'Max Weber', externalId: '118', photographs: [stranger], idempotencyKey: 'enrolment-118' },
    consent: { basis: 'consent', dateIso: '2026-01-15', reference: 'form 7' },
  });
  if (enrolled.outcome !== 'enrolled') throw new Error(`the stranger is ${enrolled.outcome}`);
  const { person } = enrolled;
  await caller.call('persons.update', { id: person.id, notes: 'night shift', ifRevision: person.revision });
  await caller.call('persons.change-many', { ids: [person.id], addGroups: ['night'] });
  const again = { id: person.id, photographs: [stranger], isDuplicateAllowed: true };
  await caller.call('persons.photographs.add', again);
  const [former] = person.photographIds;
  const photographId = former ?? '';
  await caller.call('persons.photographs.replace', { ...again, photographId });
  const kept = await caller.call('persons.photographs.list', { id: person.id });
  await caller.call('persons.photographs.remove', { id: person.id, photographId: kept[0]?.id ?? '' });
  await caller.call('persons.remove', { id: person.id });
  await caller.call('persons.restore', { id: person.id });
  await caller.call('persons.export', { id: person.id });
  await caller.call('persons.erase', { id: person.id });
  await caller.call('persons.withdraw-consent', { id: bea?.id ?? '' });
  await caller.call('persons.erase-many', { ids: [bea?.id ?? ''] });

  const { importId } = await caller.call('imports.begin', {});
  await caller.call('imports.stage', { importId, name: 'Max Weber', photographs: [stranger] });
  await caller.call('imports.commit', { importId });
  await caller.call('imports.abandon', { importId });
}

/** A person enrols with the phone of an operator's link. The person is erased, because another call enrols them anew. */
async function callGuided(caller: OperationCaller): Promise<void> {
  const picture = [await portrait(cast.stranger)];
  const consentText = { version: '2026-03 en', text: 'I agree that the box recognises me by my face.' };
  const { id } = await caller.call('enrolments.begin', { person: { name: 'Max Weber', consentText } });
  const { secret } = await caller.call('enrolments.make-link', { id });
  const { key } = await caller.call('enrolments.open-link', { secret });
  const { version } = consentText;
  await caller.call('enrolments.accept-consent-on-phone', { key, version });
  const onPhone = Buffer.from(key);
  await caller.call('enrolments.take-picture-on-phone', { picture, key: onPhone });
  const clip = Array.from({ length: 6 }, () => picture[0] ?? Buffer.alloc(0));
  await caller.call('enrolments.take-clip-on-phone', { clip, fps: 10, key: Buffer.from(key) });
  await caller.call('enrolments.show-on-phone', { key });
  await caller.call('enrolments.cut-link', { id });
  await caller.call('enrolments.accept-consent', { id, version });
  const taken = await caller.call('enrolments.take-picture', { id, picture });
  await caller.call('enrolments.take-clip', { id, clip, fps: 10 });
  await caller.call('enrolments.show', { id });
  await caller.call('enrolments.list', {});
  const [kept, worse] = taken.enrolment.pictures;
  await caller.call('enrolments.read-picture', { id, pictureId: kept?.id ?? '' });
  await caller.call('enrolments.drop-picture', { id, pictureId: worse?.id ?? '' });
  await caller.call('enrolments.finish', { id, isDryRun: true });
  await caller.call('enrolments.abandon', { id });
}

async function callRecords(caller: OperationCaller, { client, seeded }: ExampleBox): Promise<void> {
  const person = seeded.persons[0]?.id ?? '';
  const [event] = await caller.call('events.list', { kind: 'attendance', limit: 2 });
  await caller.call('events.show', { event: event?.id ?? '' });
  const sequence = Number(event?.sequence ?? 1);
  await caller.call('events.follow', { after: sequence - 1 });
  await caller.call('events.resend', { from: sequence, to: sequence });
  await caller.call('strangers.list', {});
  await caller.call('outbox.show', {});
  // Of the day before each hour is over.
  const date = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const [unproven] = await caller.call('passages.list', { limit: 2, outcome: 'unproven' });
  const since = unproven !== undefined && 'startedAt' in unproven ? unproven.startedAt : '';
  const eveningOf = new Date(Date.parse(since) + 8 * 3_600_000).toISOString();
  await caller.call('passages.timeline', { since, until: eveningOf });
  await caller.call('passages.follow', { after: 0 });
  const [waiting] = await caller.call('review.list', { kind: 'unproven', limit: 2 });
  await caller.call('review.counts', {});
  await caller.call('review.set-aside', { item: waiting?.id ?? '', for: 'everyone' });
  await caller.call('review.restore', { item: waiting?.id ?? '', for: 'everyone' });
  const at = new Date(Date.now() - 3_600_000).toISOString();
  await caller.call('passages.missed', { camera: 'front-door', person, at, note: 'came with a helmet' });
  await caller.call('reports.recognition', { from: date, to: date });
  await caller.call('reports.preview', {
    ...{ camera: 'front-door', last: 100 },
    policies: [{ threshold: 0.6 }, { threshold: 0.6, require: 'not-attack' }],
  });
  await caller.call('reports.accuracy', {});
  await caller.call('attendance.today', {});
  await caller.call('attendance.report', { from: date, to: date, person });
  await caller.call('attendance.correct', {
    ...{ person, date, kind: 'in', time: '08:00', reason: 'the camera was off' },
  });
  await caller.call('attendance.shifts', {});
  await caller.call('attendance.preview', {
    ...{ from: date, to: date },
    shifts: [{ id: 'day', from: '08:30', to: '17:00' }],
  });

  await caller.call('alerts.test', {});
  await until('an alert about the camera', async () => {
    const { items } = await client.call('alerts.list');
    return items.length > 0;
  });
  const [alert] = await caller.call('alerts.list', { limit: 2 });
  await caller.call('alerts.acknowledge', { alert: alert?.id ?? '' });
  await caller.call('alerts.mute', { rule: 'camera-down', minutes: 60 });
  await caller.call('alerts.rules', {});
  await caller.call('alerts.mutes', {});
  await caller.call('alerts.unmute', { rule: 'camera-down' });
  const secret = () => Buffer.from('not-a-token');
  const url = 'https://ntfy.example.org/rollcall-k3v9x2';
  await caller.call('alerts.create-channel', {
    ...{ id: 'guards', kind: 'ntfy', settings: { url }, secret: secret() },
  });
  await caller.call('alerts.channels', {});
  await caller.call('alerts.change-channel', {
    ...{ id: 'guards', kind: 'ntfy', settings: { url: `${url}-night` }, secret: secret() },
  });
  await caller.call('alerts.delete-channel', { id: 'guards' });
  await caller.call('audit.list', { action: 'person', limit: 2 });
  await caller.call('audit.verify', {});
  await caller.call('audit.report', { from: `${date}T00:00:00.000Z`, to: new Date().toISOString() });
}

async function callUpkeep(caller: OperationCaller, box: ExampleBox): Promise<void> {
  const { recoveryKey } = box;
  const key = await readFile(issuerKey, 'utf8');
  await caller.call('trust.add', { issuer: 'centre', key, scopes: ['persons:write', 'persons:erase'] });
  await caller.call('trust.list', {});
  await caller.call('trust.remove', { issuer: 'centre' });
  await caller.call('trust.dismiss', {});
  await caller.call('identity.show', {});
  await callApprovals(caller, box);

  await caller.call('cameras.list', {});
  await caller.call('cameras.show', { id: 'front-door' });
  await caller.call('cameras.test', { id: 'front-door' });
  await caller.call('cameras.test-address', { url: 'rtsp://127.0.0.1/yard' });
  await caller.call('cameras.release', { id: 'front-door' });
  const login = Buffer.from('viewer:not-a-password');
  const url = 'rtsp://192.0.2.30/stream2';
  await caller.call('cameras.create', { id: 'yard', name: 'Yard', url, direction: 'in', login });
  await caller.call('cameras.change', { id: 'yard', url: 'rtsp://192.0.2.31/stream2', login, idleFps: 4 });
  await caller.call('cameras.delete', { id: 'yard' });
  await caller.call('host.logs', { level: 'info', limit: 2 });
  const { revision: ifRevision } = await caller.call('config.show', {});
  const settings = { 'attendance.holidays': ['2026-12-25'] };
  await caller.call('config.check', { settings });
  await caller.call('config.apply', { settings, ifRevision });

  const tablet = await caller.call('screens.add', {
    camera: 'front-door',
    label: 'Tablet at the front door',
  });
  await caller.call('screens.pair', { secret: tablet.secret });
  await caller.call('screens.list', {});
  await caller.call('challenges.follow', { camera: 'front-door' });
  const nonce = 'q83vEjRWeJASNFZ4kKvN7w';
  await caller.call('challenges.shown', { camera: 'front-door', nonce, position: 1 });
  await caller.call('screens.remove', { id: tablet.screen.id });
  for (const id of [
    'health.live',
    'health.ready',
    'status.show',
    'host.show',
    'host.doctor',
    'models.list',
    'metrics.read',
  ] as const) {
    await caller.call(id, {});
  }

  await caller.call('gallery.show', {});
  await caller.call('gallery.calibrate', {});
  await caller.call('gallery.verify', {});
  await caller.call('gallery.re-embed', { to: 'faceres' });
  await caller.call('gallery.cancel-re-embed', {});
  await caller.call('retention.show', {});
  await caller.call('retention.run', { isClockConfirmed: true });
  await caller.call('keys.show', {});
  await caller.call('keys.providers', {});
  await caller.call('keys.unlock', {});

  await caller.call('backups.set-recovery-key', { publicKey: recoveryKey });
  const unattended = await caller.call('backups.make', {});
  await caller.call('backups.fetch', { id: unattended.id });
  const passphrase = Buffer.from('six random words on a sheet');
  const backup = await caller.call('backups.create', { passphrase });
  await caller.call('backups.show', {});
  await caller.call('backups.download', { id: backup.id });
  const upload = await caller.call('backups.upload', { offset: 0, piece: [Buffer.alloc(1024)] });
  await caller.call('backups.remove', { id: upload.id });
  await caller.call('backups.verify', { id: backup.id, passphrase: Buffer.from(passphrase) });
  await caller.call('backups.restore', { id: backup.id, passphrase: Buffer.from(passphrase) });
  await caller.call('keys.rotate', {});
}

/** The configuration demands a second person for the change of the box's key. */
async function callApprovals(caller: OperationCaller, { seeded }: ExampleBox): Promise<void> {
  const password = seeded.logins[0]?.password ?? '';
  await caller.refused('identity.rotate', {});
  const [request] = await caller.call('approvals.list', {});
  const id = request?.id ?? '';
  const second = await caller.call('auth.login', { userName: secondAdmin, password });
  const first = caller.use(second.kind === 'tokens' ? second.accessToken : undefined);
  await caller.call('approvals.approve', { id });
  caller.use(first);
  await caller.call('identity.rotate', {});
  await caller.refused('identity.rotate', {});
  const [other] = await caller.call('approvals.list', {});
  await caller.call('approvals.refuse', { id: other?.id ?? '' });
}

/** The last calls: they end the login. */
async function callEndOfLogin(caller: OperationCaller, { seeded }: ExampleBox): Promise<void> {
  const { user } = await caller.call('auth.me', {});
  const id = user?.id ?? '';
  const { secret } = await caller.call('auth.begin-second-factor', {});
  await caller.call('auth.confirm-second-factor', { code: generateSync({ secret }) });
  await caller.call('users.remove-second-factor', { id });
  const login = await caller.call('auth.login', {
    userName: seeded.logins[0]?.userName ?? '',
    password: newPassword,
  });
  if (login.kind === 'tokens') caller.use(login.accessToken);
  await caller.call('auth.logout', {});
}
