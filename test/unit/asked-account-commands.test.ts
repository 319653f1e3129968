import { describe } from 'node:test';
import { registerIdentity } from '../../daemon/cli/identity/identity.js';
import { registerTrust } from '../../daemon/cli/identity/trust.js';
import { commandNamed, filePath, testCommands } from '../support/asked-command.js';
import { expectedTexts } from '../support/expected-text.js';

const expected = expectedTexts('account-commands.txt');
const noon = '2026-03-02T11:00:00.000Z';
const evening = '2026-03-02T18:30:00.000Z';

const user = (userName: string, more = {}) => ({
  ...{ id: `u-${userName}`, userName, role: 'viewer', isDisabled: false, mustChangePassword: false },
  ...{ hasSecondFactor: false, ...more },
});
const grace = user('grace', { role: 'admin' });
const users = [
  grace,
  user('off', { isDisabled: true, lockedUntil: evening, mustChangePassword: true }),
  user('locked', { lockedUntil: evening, mustChangePassword: true, hasSecondFactor: true }),
  user('new', { mustChangePassword: true, cameras: ['door'], lastLoginAt: noon }),
  user('two', { cameras: ['door', 'gate'] }),
];
const found = { 'users.list': { items: users } };
const reset = { user: grace, initialPassword: 'six random words' };

describe('rollcall user', async () => {
  testCommands(await commandNamed('user'), expected, [
    ['user claim', 'nobody has claimed the box', { 'users.claim': { secret: 'once', expiresAt: noon } }],
    [
      'user claim --reset',
      'an administrator is lost',
      { 'users.claim': { secret: 'once', expiresAt: noon } },
    ],
    ['user claim --json', 'a program asks', { 'users.claim': { secret: 'once', expiresAt: noon } }],
    ['user list', 'there are accounts in every state', found],
    ['user list', 'there are none', { 'users.list': { items: [] } }],
    ['user list --json', 'a program asks', { 'users.list': { items: [grace] } }],
    ['user add grace --role admin', 'it is new', { 'users.create': reset }],
    [
      "user add grace --role admin --name 'Grace H' --camera door gate",
      'the answer has no password',
      { 'users.create': { user: grace } },
    ],
    ['user add grace --role admin --json', 'a program asks', { 'users.create': reset }],
    ['user add grace', 'no role is given'],
    ['user disable GRACE', 'it exists', { ...found, 'users.change': user('grace', { isDisabled: true }) }],
    ['user enable grace', 'it exists', { ...found, 'users.change': grace }],
    ['user enable grace --json', 'a program asks', { ...found, 'users.change': grace }],
    ['user enable grac', 'nobody is called so', found],
    [`user enable ${'x'.repeat(70)}`, 'the name is longer than any', found],
    ['user unlock grace', 'it exists', { ...found, 'users.unlock': grace }],
    ['user unlock grace --json', 'a program asks', { ...found, 'users.unlock': grace }],
    ['user reset-password grace', 'it exists', { ...found, 'users.reset-password': reset }],
    ['user reset-password grace --json', 'a program asks', { ...found, 'users.reset-password': reset }],
    ['user remove grace --yes', 'it exists', { ...found, 'users.remove': {} }],
    ['user remove grace --yes --json', 'a program asks', { ...found, 'users.remove': { removed: true } }],
    ['user remove grace', 'nobody can confirm it', found],
  ]);
});

const apiKey = { id: 'k-1', label: 'doors', scopes: ['events:read'], createdBy: 'grace', expiresAt: evening };
const made = { apiKey, secret: 'rc_1' };

describe('rollcall user key', async () => {
  testCommands(await commandNamed('user'), expected, [
    ['user key add doors --scope events:read', 'it is new', { 'api-keys.create': made }],
    [
      'user key add doors --scope events:read cameras:read --camera door gate --days 30',
      'it is limited',
      { 'api-keys.create': made },
    ],
    [
      'user key add doors --scope events:read --days 730 --json',
      'a program asks',
      { 'api-keys.create': made },
    ],
    ['user key add doors --scope events:read --days 1', 'it lasts a day', { 'api-keys.create': made }],
    ['user key add doors --scope events:read --days 731', 'it would last too long'],
    ['user key add doors --scope events:read --days 0', 'it would not last'],
    ['user key add doors --scope events:read --days 1.5', 'it would last half a day'],
    ['user key add doors', 'no scope is given'],
    ['user key list', 'there are none', { 'api-keys.list': [] }],
    [
      'user key list',
      'there are some',
      {
        'api-keys.list': [
          apiKey,
          { ...apiKey, cameras: ['door'], lastUsedAt: noon, scopes: ['events:read', 'cameras:read'] },
        ],
      },
    ],
    ['user key list --json', 'a program asks', { 'api-keys.list': [apiKey] }],
    ['user key revoke k-1 --yes', 'it exists', { 'api-keys.revoke': {} }],
    ['user key revoke k-1 --yes --json', 'a program asks', { 'api-keys.revoke': { id: 'k-1' } }],
    ['user key revoke k-1', 'nobody can confirm it'],
  ]);
});

const role = {
  name: 'guard',
  isBuiltIn: false,
  userCount: 2,
  description: 'at the gate',
  scopes: ['cameras:read'],
};

describe('rollcall role', async () => {
  testCommands(await commandNamed('role'), expected, [
    [
      'role list',
      'there are two',
      {
        'roles.list': [
          role,
          { ...role, name: 'admin', isBuiltIn: true, description: 'all', scopes: ['a', 'b'] },
        ],
      },
    ],
    ['role list --json', 'a program asks', { 'roles.list': [role] }],
    ['role show guard', 'it is of this box', { 'roles.get': role }],
    [
      'role show admin',
      'it is built in',
      { 'roles.get': { ...role, name: 'admin', isBuiltIn: true, description: '' } },
    ],
    ['role show guard --json', 'a program asks', { 'roles.get': role }],
    ['role add guard --scope cameras:read', 'it is new', { 'roles.create': role }],
    [
      "role add guard --scope cameras:read --description 'at the gate' --json",
      'a program asks',
      { 'roles.create': role },
    ],
    ['role add guard', 'no scope is given'],
    ['role change guard --scope cameras:read events:read', 'the scopes change', { 'roles.change': role }],
    ["role change guard --description 'at the door'", 'the description changes', { 'roles.change': role }],
    ['role change guard --description x --json', 'a program asks', { 'roles.change': role }],
    ['role change guard', 'no change is given'],
    ['role change guard --json', 'no change is given to a program'],
    ['role remove guard --yes', 'it exists', { 'roles.remove': {} }],
    ['role remove guard --yes --json', 'a program asks', { 'roles.remove': { name: 'guard' } }],
    ['role remove guard', 'nobody can confirm it'],
  ]);
});

const approval = {
  ...{ id: 'a-1', operation: 'persons.erase', input: { id: 'p-1' }, askedBy: { userName: 'grace' } },
  ...{ expiresAt: evening, state: 'waiting' },
};

describe('rollcall approval', async () => {
  testCommands(await commandNamed('approval'), expected, [
    ['approval list', 'there is one', { 'approvals.list': { items: [approval] } }],
    ['approval list', 'there is none', { 'approvals.list': { items: [] } }],
    ['approval list --json', 'a program asks', { 'approvals.list': { items: [approval] } }],
    ['approval approve a-1', 'it waits', { 'approvals.approve': { ...approval, state: 'approved' } }],
    ['approval refuse a-1', 'it waits', { 'approvals.refuse': { ...approval, state: 'refused' } }],
    ['approval refuse a-1 --json', 'a program asks', { 'approvals.refuse': approval }],
  ]);
});

const identity = {
  ...{ site: 'here', box: 'box', keyId: 'k-now', fingerprint: 'SHA256:now', since: noon, former: [] },
  ...{ keySet: '{"signed":true}', jwks: { keys: [{ kty: 'OKP' }] } },
};
const former = [
  { fingerprint: 'SHA256:old', since: noon, until: evening, isEndorsing: true, keyId: 'k-old' },
  { fingerprint: 'SHA256:older', since: noon, until: evening, isEndorsing: false, keyId: 'k-older' },
];
const gateCertificate = { notAfter: evening, fingerprint: 'AA:BB' };

describe('rollcall identity', () => {
  testCommands(registerIdentity, expected, [
    ['identity show', 'there is one key', { 'identity.show': identity }],
    ['identity show', 'there were others', { 'identity.show': { ...identity, former, gateCertificate } }],
    ['identity show --json', 'a program asks', { 'identity.show': identity }],
    ['identity show --jwks', 'the keys are wanted', { 'identity.show': identity }],
    ['identity show --key-set', 'the signed set is wanted', { 'identity.show': identity }],
    ['identity show --jwks --json', 'both are given'],
    ['identity show --jwks --key-set', 'both are given'],
    ['identity show --key-set --json', 'both are given'],
    [
      'identity rotate --yes',
      'nothing is noted',
      { 'identity.show': identity, 'identity.rotate': { ...identity, former } },
    ],
    [
      'identity rotate --yes',
      'something is noted',
      { 'identity.show': identity, 'identity.rotate': { ...identity, note: 'n' } },
    ],
    [
      'identity rotate --yes --json',
      'a program asks',
      { 'identity.show': identity, 'identity.rotate': { note: 'n' } },
    ],
    ['identity rotate', 'nobody can confirm it', { 'identity.show': identity }],
  ]);
});

const issuerKey = {
  ...{ issuer: 'centre', keyId: 'i-1', algorithm: 'EdDSA', scopes: ['cameras', 'events'], isExpired: false },
};
const counts = { accepted: 4, executed: 3, repeated: 2, waiting: 1, refused: {} };
const trust = { keys: [issuerKey], aside: [], commands: counts };
const kept = (reason: string) => ({ reason, kind: 'key', id: 'i-9', at: noon });

describe('rollcall trust', () => {
  testCommands(registerTrust, expected, [
    ['trust list', 'nobody is trusted', { 'trust.list': { ...trust, keys: [] } }],
    [
      'trust list',
      'there is everything',
      {
        'trust.list': {
          keys: [issuerKey, { ...issuerKey, keyId: 'i-2', notAfter: evening, isExpired: true }],
          aside: [
            ...[
              'not-sealed',
              'other-box',
              'put-back',
              'missing',
              'unfinished',
              'log-older',
              'log-broken',
            ].map(kept),
            { reason: 'something-new', at: noon },
          ],
          commands: { ...counts, refused: { 'not-trusted': 5, expired: 6 } },
        },
      },
    ],
    ['trust list --json', 'a program asks', { 'trust.list': trust }],
    ['trust add centre --key /nowhere/key.pem --scope events', 'the file is not there'],
    ['trust add centre --key /nowhere/key.pem --scope nothing', 'there is no such scope'],
    [
      `trust add centre --key ${filePath} --scope events cameras`,
      'the key is readable',
      { 'trust.add': issuerKey },
    ],
    [
      `trust add centre --key ${filePath} --scope events --until 2026-12-31 --json`,
      'a program asks',
      { 'trust.add': issuerKey },
    ],
    ['trust remove centre --yes', 'it is trusted', { 'trust.list': trust, 'trust.remove': { removed: 1 } }],
    [
      'trust remove centre --key i-1 --yes',
      'it has the key',
      { 'trust.list': trust, 'trust.remove': { removed: 2 } },
    ],
    [
      'trust remove centre --yes --json',
      'a program asks',
      { 'trust.list': trust, 'trust.remove': { removed: 1 } },
    ],
    ['trust remove centre', 'nobody can confirm it', { 'trust.list': trust }],
    ['trust remove centre --key i-1', 'nobody can confirm it', { 'trust.list': trust }],
    ['trust remove other --yes', 'it is not trusted', { 'trust.list': trust }],
    ['trust remove centre --key i-3 --yes', 'it has no such key', { 'trust.list': trust }],
    ['trust dismiss', 'there is nothing', { 'trust.list': trust, 'trust.dismiss': { dismissed: 0 } }],
    ['trust dismiss', 'nobody can confirm it', { 'trust.list': { ...trust, aside: [kept('missing')] } }],
    [
      'trust dismiss',
      'nobody can confirm several',
      { 'trust.list': { ...trust, aside: ['a', 'b'].map(kept) } },
    ],
    [
      'trust dismiss --yes',
      'there is one',
      { 'trust.list': { ...trust, aside: [kept('a')] }, 'trust.dismiss': { dismissed: 1 } },
    ],
    [
      'trust dismiss --yes --json',
      'a program asks',
      { 'trust.list': trust, 'trust.dismiss': { dismissed: 1 } },
    ],
  ]);
});

const alert = (id: string, more = {}) => ({
  ...{
    id,
    time: noon,
    rule: 'night',
    phase: 'raised',
    subject: 'somebody at night',
    deliveries: [],
    ...more,
  },
});
const alerts = [
  alert('1', { deliveries: [{ channel: 'mail', state: 'delivered', attempts: 1 }] }),
  alert('2', {
    acknowledgement: { by: 'grace', at: evening },
    deliveries: [
      { channel: 'mail', state: 'failed', attempts: 3, reason: 'no answer', code: 'timeout' },
      { channel: 'hook', state: 'waiting', attempts: 2, reason: 'HTTP 500' },
    ],
  }),
  alert('3'),
];
const tests = [
  { kind: 'email', channel: 'mail', outcome: 'delivered' },
  { kind: 'webhook', channel: 'hook', outcome: 'delivered', note: 'HTTP 204' },
];
const mail = { host: 'mail.example.org', from: 'box@example.org', to: ['guard@example.org'] };
const channels = [
  { id: 'control-room', kind: 'webhook', isOwn: false },
  { id: 'guards', kind: 'email', isOwn: true, revision: 7, hasSecret: true, settings: mail },
  { id: 'chat', kind: 'telegram', isOwn: true, revision: 8, settings: { chat: '@guards' } },
  { id: 'phone', isOwn: true, problem: 'the file is damaged' },
];
const failed = { kind: 'email', channel: 'mail', outcome: 'failed', message: 'no answer', code: 'timeout' };

describe('rollcall alerts', async () => {
  testCommands(await commandNamed('alerts'), expected, [
    ['alerts list', 'there are some', { 'alerts.list': { items: alerts } }],
    ['alerts list', 'none has failed', { 'alerts.list': { items: alerts.slice(0, 1) } }],
    ['alerts list', 'there are none', { 'alerts.list': { items: [] } }],
    [
      'alerts list --last 1 --state failed --json',
      'a program asks',
      { 'alerts.list': { items: alerts.slice(0, 1) } },
    ],
    ['alerts list --last 10000', 'many are wanted', { 'alerts.list': { items: [] } }],
    ['alerts list --last 10001', 'too many are wanted'],
    ['alerts list --last 0', 'none is wanted'],
    ['alerts list --last 1.5', 'one and a half are wanted'],
    ['alerts acknowledge 2', 'it exists', { 'alerts.acknowledge': alerts[1] }],
    ['alerts acknowledge 2 --json', 'a program asks', { 'alerts.acknowledge': { id: '2' } }],
    ...['1m', '30m', '8h', '7d', '30d', '43200m', '720h'].map(
      (time) =>
        [
          `alerts mute night --for ${time}`,
          'it is long enough',
          { 'alerts.mute': { until: evening } },
        ] as const,
    ),
    ...['0m', '31d', '43201m', '721h', '5', '5s', '123456m'].map(
      (time) => [`alerts mute night --for ${time}`, 'it is no such time'] as const,
    ),
    ['alerts mute night --for 1h --json', 'a program asks', { 'alerts.mute': { until: evening } }],
    ['alerts mutes', 'there are none', { 'alerts.mutes': [] }],
    [
      'alerts mutes',
      'there is one',
      { 'alerts.mutes': [{ rule: 'night', since: noon, until: evening, by: 'grace' }] },
    ],
    ['alerts mutes --json', 'a program asks', { 'alerts.mutes': [{ rule: 'night' }] }],
    ['alerts unmute night', 'it was muted', { 'alerts.unmute': { wasMuted: true } }],
    ['alerts unmute night', 'it was not', { 'alerts.unmute': { wasMuted: false } }],
    ['alerts unmute night --json', 'a program asks', { 'alerts.unmute': { wasMuted: false } }],
    ['alerts test', 'all arrive', { 'alerts.test': tests }],
    ['alerts test mail', 'one fails', { 'alerts.test': [...tests, failed, { ...failed, remedy: 'Ask.' }] }],
    ['alerts test --json', 'a program asks', { 'alerts.test': [failed] }],
    ['alerts channels', 'there are some', { 'alerts.channels': channels }],
    ['alerts channels', 'there are none', { 'alerts.channels': [] }],
    [
      'alerts add-channel guards --kind ntfy --url https://ntfy.example.org/t',
      'it is new',
      { 'alerts.create-channel': { id: 'guards' } },
    ],
    ['alerts add-channel guards --kind pager', 'there is no such kind'],
    ['alerts add-channel guards --kind email --port 0', 'it is no port'],
    [
      'alerts change-channel guards --to chief@example.org --to night@example.org --no-secret',
      'it is known',
      { 'alerts.channels': channels, 'alerts.change-channel': { id: 'guards' } },
    ],
    [
      'alerts change-channel guards --kind telegram --chat @guards',
      'it becomes another kind',
      { 'alerts.channels': channels, 'alerts.change-channel': { id: 'guards' } },
    ],
    ['alerts change-channel guards', 'nothing is given'],
    ['alerts remove-channel guards --yes', 'it is known', { 'alerts.delete-channel': { id: 'guards' } }],
  ]);
});
