import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import {
  type CallInput,
  hasIdempotencyField,
  type OperationDeclaration,
} from '../../daemon/contract/operation.js';
import { type OperationId, type Operations, operations } from '../../daemon/contract/operations.js';
import { newRecoveryKey } from '../../daemon/core/backups/recovery-key.js';
import { writeRecoveryKey } from '../../daemon/core/backups/recovery-key-text.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { callAll, type OperationCaller } from '../../scripts/operation-examples/calls.js';
import { withoutBuild } from '../support/box.js';
import {
  type Answered,
  everyScope,
  limitOf,
  openPermissionBox,
  type PermissionBox,
} from '../support/permission-box.js';
import { type Permission, readPermissions, roleLetters } from '../support/permissions.js';
import { withoutOpenssl } from '../support/test-certificate.js';
import { until } from '../support/until.js';

const table = readPermissions();
const ids = Object.keys(operations) as readonly OperationId[];
const rowOf = new Map(table.map((row) => [row.operation, row]));

/** Rows of operations that the network has. */
const remote = table.filter(
  (row): row is Permission & { readonly operation: OperationId } =>
    row.roles !== 'box' && ids.some((id) => id === row.operation),
);

/** Says for each operation what its row claims and the box does not do. */
async function faultsOf(
  rows: readonly (typeof remote)[number][],
  faultOf: (row: (typeof remote)[number]) => Promise<string | undefined>,
): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const row of rows) {
    const fault = await faultOf(row);
    if (fault !== undefined) faults.push(`${row.operation}: ${fault}`);
  }
  return faults;
}

/** The probe's input is wrong: whoever hears that may call the operation. */
const passed = ({ code }: Answered): boolean => code === 'bad-request';
const said = ({ status, code, message }: Answered): string => `${status} ${code} (${message})`;

test('the table of permissions has a row for every operation, and no other', () => {
  assert.deepEqual(table.map(({ operation }) => operation).toSorted(), [...ids].toSorted());
});

describe('permissions of a running box', { skip: withoutBuild || withoutOpenssl }, () => {
  let box: PermissionBox;
  const hook = createServer((_, response) => response.writeHead(204).end());

  before(async () => {
    hook.listen(0, '127.0.0.1');
    await once(hook, 'listening');
    box = await openPermissionBox({ hookPort: (hook.address() as AddressInfo).port });
  });
  after(async () => {
    await box?.[Symbol.asyncDispose]();
    hook.closeAllConnections();
    hook.close();
  });

  test('give each role what the table says', async () => {
    const faults: string[] = [];
    for (const role of Object.values(roleLetters)) {
      faults.push(
        ...(await faultsOf(remote, async ({ operation, roles }) => {
          const isMeant = roles === 'anyone' || roles.includes(role);
          const answer = await box.probe(operation, box.tokens[role]);
          const isRefused = answer.status === 403 && answer.code === 'forbidden';
          if (isMeant ? passed(answer) : isRefused) return undefined;
          return `${role} ${isMeant ? 'may call it' : 'may not call it'}, and the box says ${said(answer)}`;
        })),
      );
    }
    assert.deepEqual(faults, []);
  });

  test('give nobody without a login more than the table says', async () => {
    const faults = await faultsOf(remote, async ({ operation, roles }) => {
      const answer = await box.probe(operation, undefined);
      if (roles === 'anyone' ? passed(answer) : answer.status === 401) return undefined;
      return `${roles === 'anyone' ? 'needs no login' : 'needs a login'}, and the box says ${said(answer)}`;
    });
    assert.deepEqual(faults, []);
  });

  test('demand the scope, the fresh proof and the rate class of the table', async () => {
    const everything = await box.key(everyScope);
    const little = new Map([
      ['gallery:read', await box.key(['gallery:read'])],
      ['outbox', await box.key(['logs:read'])],
    ]);
    const faults = await faultsOf(remote, async (row) => {
      const { operation, scope, proof, rate } = row;
      const found: string[] = [];
      const isOwn = scope === 'public' || scope.startsWith('self');
      const [poor = ''] = [...little].flatMap(([has, key]) => (has === scope ? [] : [key]));
      const refused = await box.probe(operation, poor);
      const asked = isOwn ? undefined : refused.details['scope'];
      if (!isOwn && asked !== scope) found.push(`needs ${scope}, and the box asks for ${String(asked)}`);
      if (isOwn && refused.code === 'forbidden')
        found.push(`needs no scope, and the box says ${said(refused)}`);
      // An API key proves nothing about who uses it.
      const byKey =
        proof === 'some'
          ? await box.call(operation, someProof[operation]?.needing ?? {}, everything)
          : await box.probe(operation, everything);
      const isProofAsked = byKey.code === 'step-up-required';
      if (isProofAsked !== (proof !== '-')) {
        found.push(`proof is ${proof}, and the box says ${said(byKey)} to an API key`);
      }
      if (proof === 'some') {
        const free = await box.call(operation, someProof[operation]?.free ?? {}, everything);
        // Of one thing that is not there, or of many, each of which is said to be not there.
        if (![200, 404].includes(free.status))
          found.push(`its harmless input waits for a proof: ${said(free)}`);
      }
      const { limit } = await box.probe(operation, box.tokens.admin);
      if (limit !== limitOf(rate))
        found.push(`its rate class is ${rate}, and the box counts it in another one`);
      return found.length === 0 ? undefined : found.join('; ');
    });
    assert.deepEqual(faults, []);
  });

  test('let an account that must choose a password first do what the table says', async () => {
    const faults = await faultsOf(remote, async ({ operation, scope }) => {
      const answer = await box.probe(operation, box.newcomer);
      const isMeant = scope === 'public' || scope === 'self+first';
      if (isMeant ? passed(answer) : answer.code === 'forbidden') return undefined;
      return `${scope}, and the box says ${said(answer)}`;
    });
    assert.deepEqual(faults, []);
  });

  test('show the network no operation that is for callers on the box', async () => {
    const local = table.filter(({ roles }) => roles === 'box').map(({ operation }) => operation);
    assert.deepEqual(
      local,
      ids.filter((id) => (operations[id] as OperationDeclaration).isLocalOnly === true),
    );
    for (const id of ids.filter((each) => local.includes(each))) {
      const { status, code } = await box.call(id, inputOfLocal[id] ?? {}, box.tokens.admin);
      // Its address may be known by another method.
      assert.ok([400, 404, 405, 415].includes(status), `${id}: ${status} ${code}`);
    }
  });

  test('keep callers who are limited to cameras to what these cameras saw', async () => {
    const limited = await box.administrator('limited', ['front-door']);
    const seen = await whatCamerasSaw(box);
    const words = ['back-door', 'Back door', ...seen.onlyAtBack];
    const faults = await faultsOf(remote, async ({ operation, cameras, roles }) => {
      if (roles === 'anyone') return undefined;
      if (cameras.startsWith('field:')) {
        const name = cameras.slice('field:'.length);
        const input = { ...fieldInputs(seen)[operation], [name]: 'back-door' };
        const answer = await box.call(operation, input, limited);
        return answer.status === 403 && answer.code === 'forbidden'
          ? undefined
          : `takes another camera: ${said(answer)}`;
      }
      if (cameras === 'object') {
        const make = objectInputs(seen)[operation];
        if (make === undefined) return 'the test knows no object of a camera for it';
        const other = await box.call(operation, make(seen.back), limited);
        // An answer about many says of each that it is not there.
        const isHidden = [403, 404].includes(other.status) || other.body.includes('"no-such-passage"');
        if (!isHidden) return `finds what another camera saw: ${said(other)}`;
        return undefined;
      }
      if (cameras === 'refused') {
        const answer = await approved(box, operation, refusedInputs(seen)[operation] ?? {}, limited);
        return answer.status === 403 && answer.code === 'forbidden'
          ? undefined
          : `is not refused: ${said(answer)}`;
      }
      const input = readingInputs(seen)[operation];
      const { method, path } = operations[operation] as OperationDeclaration;
      const isPlainReading = method === 'GET' && !path.includes('{');
      if (input === undefined && cameras === 'filtered' && !isPlainReading)
        return 'the test has no input for it';
      if (input === undefined && !isPlainReading) return undefined;
      const answer = await approved(box, operation, input ?? {}, limited);
      if (answer.status !== 200) return `answers ${said(answer)}`;
      const shown = words.filter((word) => answer.body.includes(word));
      return shown.length === 0
        ? undefined
        : `shows what another camera saw: ${shown.slice(0, 3).join(', ')}`;
    });
    assert.deepEqual(faults, []);
  });

  test('ask for a second person and leave the audit entry as the table says, once for each idempotency key', async () => {
    const caller = new WatchedCaller(box);
    const { secret: claimSecret } = await box.local.client.call('users.claim', { isReset: true });
    const recoveryKey = Buffer.from(writeRecoveryKey('public', newRecoveryKey().publicKey))
      .toString('latin1')
      .trim();
    await callOthers(caller, box);
    await callAll(caller, { client: box.local.client, seeded: box.seeded, claimSecret, recoveryKey });
    const uncalled = remote.map(({ operation }) => operation).filter((id) => !caller.called.has(id));
    assert.deepEqual(uncalled.toSorted(), Object.keys(heldElsewhere).toSorted());
    assert.deepEqual(caller.faults, []);
  });
});

/** Valid input, where the network must not even get so far. */
const inputOfLocal: Readonly<Partial<Record<OperationId, object>>> = {};

/** Calls an operation, and lets the box approve it where that is asked. */
async function approved(
  box: PermissionBox,
  id: OperationId,
  input: object,
  token: string | undefined,
): Promise<Answered> {
  const lines = 40;
  const answer = await box.call(id, input, token, lines);
  if (answer.code !== 'approval-required') return answer;
  await box.local.client.call('approvals.approve', { id: String(answer.details['approval']) });
  return box.call(id, input, token, lines);
}

/** One thing of each kind that a camera saw. */
interface SeenAt {
  readonly passage: string;
  /** A passage that waits in the review queue. */
  readonly reviewed: string;
  readonly event: string;
  readonly stranger: string;
  readonly alert: string;
  readonly screen: string;
}

interface Seen {
  readonly front: SeenAt;
  readonly back: SeenAt;
  /** Ids that a caller who is limited to the front door must never read. */
  readonly onlyAtBack: readonly string[];
  /** Seen at both doors. */
  readonly strangerOfBoth: string;
  readonly person: string;
  /** When the front door saw a person, ISO 8601. */
  readonly seenAt: string;
  /** Of the settings. */
  readonly revision: number;
}

/** Adds what the past of the demo lacks, and finds something of each kind for both cameras. */
async function whatCamerasSaw({ local: { client }, seeded }: PermissionBox): Promise<Seen> {
  const person = seeded.persons[0]?.id ?? '';
  const at = new Date(Date.now() - 3_600_000).toISOString();
  for (const camera of ['front-door', 'back-door']) {
    await client.call('passages.missed', { camera, person, at, note: `at the ${camera}` });
    await client.call('screens.add', { camera, label: `Tablet of the ${camera}` });
  }
  await until('alerts about both cameras', async () => {
    const { items } = await client.call('alerts.list');
    return ['front-door', 'back-door'].every((id) => items.some(({ rule }) => rule === id));
  });
  await client.call('alerts.mute', { rule: 'back-door', minutes: 60 });
  const passages = (await client.call('passages.list', { limit: 1000 })).items.flatMap((each) =>
    'unreadable' in each ? [] : [each],
  );
  const events = (await client.call('events.list', { limit: 1000, kind: 'attendance' })).items;
  const reviewed = (await client.call('review.list', { limit: 1000 })).items.flatMap((each) =>
    'passage' in each ? [each.passage] : [],
  );
  const strangers = (await client.call('strangers.list', { limit: 100 })).items;
  const screens = await client.call('screens.list');
  const { revision } = await client.call('config.show', {});
  const alerts = (await client.call('alerts.list')).items;
  const only = (camera: string) =>
    strangers.filter(({ cameras }) => cameras.every((each) => each.camera === camera));
  const of = (camera: string): SeenAt => ({
    passage: passages.find((each) => each.camera === camera && each.outcome === 'attended')?.id ?? '',
    reviewed: reviewed.find((each) => each.camera === camera)?.id ?? '',
    event: events.find((each) => JSON.stringify(each).includes(`"${camera}"`))?.id ?? '',
    stranger: only(camera)[0]?.id ?? '',
    alert: alerts.find(({ rule }) => rule === camera)?.id ?? '',
    screen: screens.find((each) => each.camera === camera)?.id ?? '',
  });
  const back = of('back-door');
  const front = of('front-door');
  for (const id of [...Object.values(back), ...Object.values(front)])
    assert.notEqual(id, '', JSON.stringify({ front, back }));
  return {
    ...{ front, back, person, revision },
    seenAt: passages.find(({ id }) => id === front.passage)?.startedAt ?? '',
    onlyAtBack: [
      ...passages.filter((each) => each.camera === 'back-door').map(({ id }) => id),
      ...only('back-door').map(({ id }) => id),
    ],
    strangerOfBoth: strangers.find(({ cameras }) => cameras.length === 2)?.id ?? '',
  };
}

type Inputs = Readonly<Partial<Record<OperationId, object>>>;

const nobody = 'u-00000000000000000000000000';

/** Input that needs a fresh proof and a second person, of operations that also take input without this need. */
const someProof: Readonly<Partial<Record<OperationId, { readonly needing: object; readonly free: object }>>> =
  {
    'persons.erase-many': {
      needing: { ids: ['p-nobody'] },
      free: { ids: ['p-nobody'], isPreview: true },
    },
    'strangers.discard': {
      needing: { stranger: 'x1', isFinal: true },
      free: { stranger: 'x1' },
    },
    'users.change': { needing: { id: nobody, role: 'viewer' }, free: { id: nobody, isDisabled: true } },
  };

/** Input of operations that take a camera, without it. */
const fieldInputs = ({ person }: Seen): Inputs => ({
  'cameras.create': { name: 'Back door', url: 'rtsp://192.0.2.30/stream', direction: 'in' },
  'cameras.change': { name: 'Yard' },
  'enrolments.take-camera-picture': { id: 'x1' },
  'passages.missed': { person, at: new Date().toISOString() },
  'challenges.shown': { nonce: 'q83vEjRWeJASNFZ4kKvN7w', position: 1 },
  'screens.add': { label: 'Tablet' },
});

/** Input of operations about one thing that a camera saw. */
const objectInputs = ({
  person,
  front,
}: Seen): Readonly<Partial<Record<OperationId, (seen: SeenAt) => object>>> => ({
  'alerts.acknowledge': ({ alert }) => ({ alert }),
  'events.show': ({ event }) => ({ event }),
  'events.picture': ({ event }) => ({ event }),
  'passages.show': ({ passage }) => ({ passage }),
  'passages.picture': ({ passage }) => ({ passage }),
  'passages.clip': ({ passage }) => ({ passage }),
  'passages.mark': ({ passage }) => ({ passage, was: 'nobody' }),
  'passages.mark-many': ({ passage }) => ({ passages: [passage], was: 'nobody' }),
  'passages.mark-effect': ({ passage }) => ({ passage, was: 'nobody' }),
  'passages.unmark': ({ passage }) => ({ passage }),
  'passages.add-reference': ({ passage }) => ({ passage }),
  'passages.remove-reference': ({ passage }) => ({ passage }),
  'review.set-aside': ({ reviewed }) => ({ item: `passage.${reviewed}`, for: 'everyone' }),
  'review.restore': ({ reviewed }) => ({ item: `passage.${reviewed}`, for: 'me' }),
  'screens.remove': ({ screen }) => ({ id: screen }),
  'strangers.show': ({ stranger }) => ({ stranger }),
  'strangers.merge': ({ stranger }) => ({ stranger: front.stranger, others: [stranger] }),
  'strangers.split': ({ stranger, passage }) => ({ stranger, passages: [passage] }),
  'strangers.ignore': ({ stranger }) => ({ stranger }),
  'strangers.notice': ({ stranger }) => ({ stranger }),
  'strangers.discard': ({ stranger }) => ({ stranger }),
  'strangers.restore': ({ stranger }) => ({ stranger }),
  'strangers.assign': ({ stranger }) => ({ stranger, person }),
  'strangers.enrol': ({ stranger }) => ({
    ...{ stranger, name: 'Max Weber' },
    consent: { basis: 'consent', dateIso: '2026-01-15', reference: 'form 7' },
  }),
});

/** Input of operations that only callers of all cameras may call. */
function refusedInputs({ person }: Seen): Inputs {
  const period = { from: dayAgo(4), to: dayAgo(1) };
  return {
    'alerts.mute': { rule: 'back-door', minutes: 5 },
    'alerts.unmute': { rule: 'back-door' },
    'attendance.report': period,
    'attendance.preview': { ...period, shifts: [{ id: 'day', from: '08:30', to: '17:00' }] },
    'attendance.correct': {
      person,
      date: dayAgo(1),
      kind: 'in',
      time: '08:00',
      reason: 'the camera was off',
    },
    'persons.export': { id: person },
  };
}

const dayAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

const hourOf = (since: string) => ({
  since,
  until: new Date(Date.parse(since) + 3_600_000).toISOString(),
});

/** Input of operations that read. Those without an input of their own are read as they are. */
function readingInputs({ person, strangerOfBoth, revision, seenAt }: Seen): Inputs {
  const period = { from: dayAgo(4), to: dayAgo(0) };
  return {
    'config.check': { settings: { 'attendance.holidays': ['2026-12-25'] } },
    'config.apply': { settings: { 'attendance.holidays': ['2026-12-26'] }, ifRevision: revision },
    'events.list': { limit: 1000 },
    'events.follow': { after: 0 },
    'passages.list': { limit: 1000 },
    'passages.timeline': hourOf(seenAt),
    'passages.follow': { after: 0 },
    'persons.show': { id: person },
    'reports.recognition': period,
    'reports.preview': { last: 1000, policies: [{ threshold: 0.6 }] },
    'recognition.similar-persons': { id: person },
    'strangers.show': { stranger: strangerOfBoth },
  };
}

/** Entries of an earlier call that come when its work has ended. */
const later: ReadonlySet<string> = new Set([
  'access.refused',
  'gallery.reembed-cancelled',
  'gallery.reembedded',
  'key.rotation-finished',
  // A reading beyond the allowance of its reader is written after a minute.
  'passage.read',
]);

/** What needs a camera that streams, a browser, a broker or another box: its audit entry is held by these tests. */
const heldElsewhere: Readonly<Partial<Record<OperationId, string>>> = {
  'alerts.add-device': 'test/integration/web-push.test.ts',
  'alerts.change-device': 'test/integration/web-push.test.ts',
  'alerts.remove-device': 'test/integration/web-push.test.ts',
  'auth.add-passkey': 'test/integration/passkeys.test.ts',
  'auth.begin-passkey': 'test/integration/passkeys.test.ts',
  'auth.begin-passkey-login': 'test/integration/passkeys.test.ts',
  'auth.begin-passkey-proof': 'test/integration/passkeys.test.ts',
  'auth.login-with-passkey': 'test/integration/passkeys.test.ts',
  'auth.remove-passkey': 'test/integration/passkeys.test.ts',
  'cameras.discover': 'test/integration/own-cameras.test.ts',
  'cameras.follow': 'test/live/live-pictures.test.ts',
  'cameras.profiles': 'test/e2e/own-cameras.test.ts',
  'cameras.snapshot': 'test/unit/camera-snapshot.test.ts',
  'cameras.watch': 'test/live/live-pictures.test.ts',
  'cameras.watch-video': 'test/live/live-pictures.test.ts',
  'enrolments.take-camera-picture': 'test/integration/guided-enrolment.test.ts',
  'host.check-broker': 'test/e2e/host.test.ts',
  'keys.create': 'test/e2e/sealed.test.ts',
};

/** The calls of `callAll` that change nothing, and so leave no entry; why. */
const withoutEffect: ReadonlySet<OperationId> = new Set([
  // The person has accepted on the phone.
  'enrolments.accept-consent',
  // The face is not similar to that of the person.
  'strangers.assign',
  // A dry run.
  'enrolments.finish',
  // The import is committed.
  'imports.abandon',
  'trust.dismiss',
  'cameras.release',
  // Its entry comes when the re-embedding has stopped.
  'gallery.cancel-re-embed',
  // The key is unlocked.
  'keys.unlock',
] as const);

/** The id of the first whose picture the box keeps: not every stranger of the demo has one. */
const firstPictured = (
  items: readonly { readonly id: string }[],
  read: (id: string) => Promise<unknown>,
): Promise<string> => firstKept(items, 'no-such-picture', read);

/** The id of the first of which `read` gives something, in place of the error `absent`. */
async function firstKept(
  items: readonly { readonly id: string }[],
  absent: string,
  read: (id: string) => Promise<unknown>,
): Promise<string> {
  for (const { id } of items) {
    const kept = await read(id).catch((error: unknown) => {
      if (!isRollcallError(error, absent)) throw error;
    });
    if (kept !== undefined) return id;
  }
  throw new Error(`none of these: ${absent}`);
}

/** What no example calls, because the box of the examples has other data. */
async function callOthers(caller: WatchedCaller, box: PermissionBox): Promise<void> {
  const { client } = box.local;
  caller.use(box.tokens.admin);
  await caller.call('alerts.devices', {});
  const events = (await client.call('events.list', { limit: 1000, kind: 'unknown' })).items;
  const passages = (await client.call('passages.list', { limit: 1000, outcome: 'stranger' })).items;
  const event = await firstPictured(events, (id) => client.call('events.picture', { event: id }));
  const passage = await firstPictured(passages, (id) => client.call('passages.picture', { passage: id }));
  await caller.call('events.picture', { event });
  await caller.call('passages.show', { passage });
  await caller.call('passages.picture', { passage });
  const recorded = (await client.call('passages.list', { limit: 1000 })).items;
  const clipped = await firstKept(recorded, 'no-such-clip', (id) =>
    client.call('passages.clip', { passage: id }),
  );
  await caller.call('passages.clip', { passage: clipped });
  await caller.call('passages.mark-effect', { passage, was: 'nobody' });
  await caller.call('passages.mark', { passage, was: 'nobody' });
  await caller.call('passages.unmark', { passage });
  await caller.call('passages.mark-many', { passages: [passage], was: 'nobody' });
  await client.call('passages.unmark', { passage });
  const known = { passage: await referable(box) };
  await caller.call('passages.add-reference', known);
  await caller.call('passages.remove-reference', known);
  const { items } = await client.call('strangers.list', { limit: 100 });
  const [first, second, third, fourth] = items
    .toSorted((one, other) => other.passages - one.passages)
    .map(({ id }) => id);
  const [stranger = '', other = '', toAssign = '', toEnrol = ''] = [first, second, third, fourth];
  const { history } = await client.call('strangers.show', { stranger });
  await caller.call('strangers.show', { stranger });
  await caller.call('strangers.ignore', { stranger });
  await caller.call('strangers.notice', { stranger });
  await caller.call('strangers.split', {
    stranger,
    passages: [history.filter(({ isCompared }) => isCompared).at(-1)?.passage ?? ''],
  });
  await caller.call('strangers.merge', { stranger, others: [other] });
  await caller.call('strangers.assign', {
    stranger: toAssign,
    person: box.seeded.persons[1]?.id ?? '',
    isDuplicateAllowed: true,
  });
  await caller.call('strangers.enrol', {
    ...{ stranger: toEnrol, name: 'Max Weber' },
    consent: { basis: 'consent', dateIso: '2026-01-15', reference: 'form 7' },
  });
  await caller.call('strangers.discard', { stranger });
  // So that the box knows none of these faces.
  for (const each of [toEnrol, toAssign, stranger])
    await caller.call('strangers.restore', { stranger: each });
}

/** A passage whose picture may become a photograph of its person, who gives consent for that. */
async function referable({ local: { client }, seeded }: PermissionBox): Promise<string> {
  const person = seeded.persons[1]?.id ?? '';
  const consent = { basis: 'consent', dateIso: '2026-01-15', reference: 'form 7' } as const;
  await client.call('persons.update', { id: person, consent });
  const { items } = await client.call('passages.list', { limit: 1000, outcome: 'attended', person });
  for (const { id } of items) {
    const { reference } = await client.call('passages.show', { passage: id });
    if (reference !== undefined && reference.refusal === undefined) return id;
  }
  return assert.fail('no passage has a picture');
}

/** Calls operations and compares what each leaves with its row. */
class WatchedCaller implements OperationCaller {
  readonly faults: string[] = [];
  readonly called = new Set<OperationId>();
  readonly #box: PermissionBox;
  #token: string | undefined;
  #seen = 0;

  constructor(box: PermissionBox) {
    this.#box = box;
  }

  use(token: string | undefined): string | undefined {
    const former = this.#token;
    this.#token = token;
    return former;
  }

  call: OperationCaller['call'] = async (id, input) => {
    const { client } = this.#box.local;
    this.#seen = await this.#newest();
    const { creates }: OperationDeclaration = operations[id];
    const needsKey = creates !== undefined && !('idempotencyKey' in Object(input));
    const key = needsKey ? randomUUID() : undefined;
    let answer = await this.#ask(id, Object(input), key);
    const row = rowOf.get(id);
    const isFirst = !this.called.has(id);
    this.called.add(id);
    let second = '-';
    if (answer.code === 'approval-required') {
      const approval = String(answer.details['approval']);
      const { items } = await client.call('approvals.list');
      second = items.find((each) => each.id === approval)?.class ?? 'unknown';
      await client.call('approvals.approve', { id: approval });
      answer = await this.#ask(id, Object(input), key);
    }
    // An approval that an earlier call of the list was given is used up without a question.
    if (isFirst && second !== row?.second && id !== 'identity.rotate') {
      this.faults.push(`${id}: second person is ${row?.second}, and the box asks for ${second}`);
    }
    if (answer.status !== 200) throw new Error(`${id}: ${said(answer)}`);
    if (isFirst && !withoutEffect.has(id)) await this.#compareAudit(id, row?.audit ?? '');
    if (creates !== undefined)
      this.faults.push(...(await this.#faultsOfRepeat(id, Object(input), key, answer)));
    const [first = ''] = answer.body.split('\n');
    const isText = answer.body.startsWith('{');
    const { data, item } = (isText ? JSON.parse(first) : {}) as {
      readonly data?: unknown;
      readonly item?: unknown;
    };
    return (data ?? item) as never;
  };

  async refused<Id extends OperationId>(id: Id, input: CallInput<Operations[Id]>): Promise<void> {
    const { code, status, details } = await this.#ask(id, Object(input));
    assert.equal(`${status} ${code}`, '403 approval-required', id);
    const { items } = await this.#box.local.client.call('approvals.list');
    const asked = items.find((each) => each.id === details['approval']);
    if (asked?.class !== rowOf.get(id)?.second) this.faults.push(`${id}: the box asks for ${asked?.class}`);
  }

  /** What is wrong where the request is sent again with its key, as after a lost answer. */
  async #faultsOfRepeat(
    id: OperationId,
    input: object,
    key: string | undefined,
    first: Answered,
  ): Promise<readonly string[]> {
    this.#seen = await this.#newest();
    const again = await this.#ask(id, input, key);
    const declaration: OperationDeclaration = operations[id];
    // Neither secrets nor what is known of persons is kept for a repeat. An enrolment reads the person again.
    const mustNotBeKept =
      !hasIdempotencyField(declaration) &&
      (declaration.creates?.lost !== undefined || /"p-[0-9a-z]{26}"/.test(first.body));
    const isUnkept = again.code === 'idempotency-answer-not-kept';
    const dataOf = (body: string): unknown => Object(JSON.parse(body)).data;
    const isSame = again.status === 200 && isDeepStrictEqual(dataOf(again.body), dataOf(first.body));
    const { items } = await this.#box.local.client.call('audit.list', { limit: 30 });
    const isDoneAgain = items.some(
      ({ sequence, action }) => sequence > this.#seen && action === rowOf.get(id)?.audit,
    );
    return [
      ...((mustNotBeKept ? isUnkept : isSame)
        ? []
        : [`${id}: a repeat with its key got ${said(again)} ${again.body}`]),
      ...(isDoneAgain ? [`${id}: a repeat with its key left the audit entry again`] : []),
    ];
  }

  async #compareAudit(id: OperationId, expected: string): Promise<void> {
    const { items } = await this.#box.local.client.call('audit.list', { limit: 30 });
    const left = items
      .filter(({ sequence, origin }) => sequence > this.#seen && origin.startsWith('https'))
      .map(({ action }) => action)
      .filter((action) => action === expected || !(action.startsWith('approval.') || later.has(action)));
    if (expected === '-' ? left.length > 0 : !left.includes(expected as (typeof left)[number])) {
      this.faults.push(`${id}: its audit entry is ${expected}, and it left ${left.join(', ') || 'none'}`);
    }
  }

  async #newest(): Promise<number> {
    const { items } = await this.#box.local.client.call('audit.list', { limit: 1 });
    return items[0]?.sequence ?? 0;
  }

  #ask(id: OperationId, input: object, key?: string): Promise<Answered> {
    return this.#box.call(id, input, this.#token, undefined, key);
  }
}
