import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../daemon/contract/settings/load.js';

const head = [
  'site: { id: office, timeZone: Europe/Paris }',
  'cameras: [{ id: gate, name: Gate, url: "rtsp://192.0.2.1/" }]',
];
const hook = '{ id: ops, url: "https://ops.example/hook", secret: ops-secret }';
const mail = '{ id: guard, host: mail.example, from: box@example.org, to: [guard@example.org] }';
const rule = (more = '', on = 'unknown', channel = 'ops'): string =>
  `{ id: r, on: ${on}, channels: [${channel}]${more} }`;

function load(alerts: string) {
  return parseConfig([...head, `alerts: { ${alerts} }`].join('\n'));
}

function alertsOf(alerts: string) {
  const loaded = load(alerts);
  assert.ok(loaded.ok, loaded.ok ? '' : JSON.stringify(loaded.problems));
  return loaded.config.alerts;
}

function problemsOf(alerts: string): readonly string[] {
  const loaded = load(alerts);
  return loaded.ok ? [] : loaded.problems.map(({ path, message }) => `${path} ${message}`);
}

describe('alerts in the configuration', () => {
  test('are empty by default', () => {
    const loaded = parseConfig(head.join('\n'));
    assert.ok(loaded.ok);
    assert.deepEqual(loaded.config.alerts, {
      ...{ language: 'en', webhooks: [], emails: [], ntfy: [], telegram: [], sms: [], push: [] },
      rules: [],
    });
  });

  test('have defaults for most settings', () => {
    const { emails, rules } = alertsOf(`webhooks: [${hook}], emails: [${mail}], rules: [${rule()}]`);
    assert.deepEqual([emails[0]?.tls, emails[0]?.port], ['starttls', undefined]);
    assert.deepEqual(rules, [
      { id: 'r', on: 'unknown', channels: ['ops'], cooldownMinutes: 10, severity: 'warning' },
    ]);
  });

  test('the remedy for a user name in the address of a webhook names the setting "secret"', () => {
    const loaded = load(`webhooks: [${hook.replace('//', '//a:b@')}]`);
    const [problem] = loaded.ok ? [] : loaded.problems;
    assert.match(problem?.remedy ?? '', /"secret"/);
    assert.doesNotMatch(problem?.remedy ?? '', /credential/);
  });

  const refused: readonly (readonly [string, string])[] = [
    ['alerts.webhooks.0.url must begin with https', `webhooks: [${hook.replace('https', 'http')}]`],
    ['alerts.webhooks.0.url must not contain a user', `webhooks: [${hook.replace('//', '//a:b@')}]`],
    [
      'alerts.webhooks.0.caFile has no effect without TLS',
      'webhooks: [{ id: a, url: "http://127.0.0.1:9/", secret: s, caFile: /ca.pem }]',
    ],
    ['alerts.webhooks.0.port is not a known key', `webhooks: [${hook.replace(' }', ', port: 1 }')}]`],
    ['alerts.emails.0.tls must not be none', `emails: [${mail.replace(' }', ', tls: none }')}]`],
    [
      'alerts.emails.0.caFile has no effect without TLS',
      `emails: [${mail.replace('mail.example', '127.0.0.1').replace(' }', ', tls: none, caFile: /ca.pem }')}]`,
    ],
    ['alerts.emails.0.host must be', `emails: [${mail.replace('mail.example', '"mail example"')}]`],
    [
      'alerts.emails.0.from must be one',
      `emails: [${mail.replace('box@example.org', '"Box <b@example.org>"')}]`,
    ],
    [
      'alerts.emails.0.to.0 must be one',
      `emails: [${mail.replace('[guard@', '["a@example.org\\r\\nBcc: x@')}]`.replace('org] }', 'org"] }'),
    ],
    [
      'alerts.emails.0.id is already the id of an earlier channel',
      `webhooks: [${hook}], emails: [${mail.replace('guard', 'ops')}]`,
    ],
    [
      'alerts.rules.1.id is already the id of an earlier rule',
      `webhooks: [${hook}], rules: [${rule()}, ${rule()}]`,
    ],
    [
      'alerts.rules.0.channels.0 is not the id of a channel',
      `webhooks: [${hook}], rules: [${rule('', 'unknown', 'opps')}]`,
    ],
    ['alerts.rules.0.on must be one of', `webhooks: [${hook}], rules: [${rule('', 'unknwon')}]`],
    [
      'alerts.rules.0.cameras.0 is not the id of a camera',
      `webhooks: [${hook}], rules: [${rule(', cameras: [gaet]')}]`,
    ],
    [
      'alerts.rules.0.cameras has no effect',
      `webhooks: [${hook}], rules: [${rule(', cameras: [gate]', 'sealed')}]`,
    ],
    [
      'alerts.rules.0.threshold has no effect',
      `webhooks: [${hook}], rules: [${rule(', threshold: { count: 2 }', 'sealed')}]`,
    ],
    [
      'alerts.rules.0.threshold.of must be events for attack',
      `webhooks: [${hook}], rules: [${rule(', threshold: { of: strangers, count: 3 }', 'attack')}]`,
    ],
    [
      'alerts.rules.0.threshold.of must be one of',
      `webhooks: [${hook}], rules: [${rule(', threshold: { of: people }')}]`,
    ],
    [
      'alerts.rules.0.threshold.count must be at least 2',
      `webhooks: [${hook}], rules: [${rule(', threshold: { of: cameras }')}]`,
    ],
    [
      'alerts.rules.0.threshold.count is never reached',
      `webhooks: [${hook}], rules: [${rule(', cameras: [gate], threshold: { of: cameras, count: 2 }')}]`,
    ],
    [
      'alerts.rules.0.threshold.withinMinutes has no effect on visits',
      `webhooks: [${hook}], rules: [${rule(', threshold: { of: visits, count: 3, withinMinutes: 60 }')}]`,
    ],
    ['alerts.rules.0.minimumS has no effect', `webhooks: [${hook}], rules: [${rule(', minimumS: 5')}]`],
    [
      'alerts.rules.0.quietHours.from must be a time',
      `webhooks: [${hook}], rules: [${rule(', quietHours: { from: "24:00", to: "06:00" }')}]`,
    ],
    [
      'alerts.rules.0.quietHours.days.0 must be one of',
      `webhooks: [${hook}], rules: [${rule(', quietHours: { from: "22:00", to: "06:00", days: [monday] }')}]`,
    ],
    [
      'alerts.rules.0.subject contains an unknown field',
      `webhooks: [${hook}], rules: [${rule(', subject: "{sumary}"')}]`,
    ],
    [
      'alerts.rules.0.subject has a "{" without its counterpart',
      `webhooks: [${hook}], rules: [${rule(', subject: "{summary"')}]`,
    ],
    [
      'alerts.rules.0.subject cannot be used',
      `webhooks: [${hook}], rules: [${rule(', subject: "a\\r\\nBcc: x@example.org"')}]`,
    ],
  ];
  for (const [expected, alerts] of refused) {
    test(`${expected} …`, () => {
      const problems = problemsOf(alerts);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.ok(problems[0]?.startsWith(expected), problems[0]);
    });
  }

  test('a rule may count as many cameras as it is about', () => {
    const two = ', cameras: [gate, yard], threshold: { of: cameras, count: 2 }';
    const yard = '{ id: yard, name: Yard, url: "rtsp://192.0.2.2/" }';
    const cameras = head[1]?.replace(']', `, ${yard}]`);
    const alerts = `alerts: { webhooks: [${hook}], rules: [${rule(two)}] }`;
    const loaded = parseConfig([head[0], cameras, alerts].join('\n'));
    assert.ok(loaded.ok, JSON.stringify(loaded));
  });

  test('a rule about strangers is refused where the box remembers none', () => {
    const rules = [
      rule(),
      rule(', threshold: { of: strangers, count: 3 }').replace('id: r', 'id: group'),
      rule('', 'loitering').replace('id: r', 'id: stays'),
    ];
    const alerts = `alerts: { webhooks: [${hook}], rules: [${rules.join(', ')}] }`;
    const loaded = parseConfig([...head, 'retention: { strangers: 0 }', alerts].join('\n'));
    assert.deepEqual(loaded.ok ? [] : loaded.problems.map(({ path }) => path), [
      'alerts.rules.1.threshold.of',
      'alerts.rules.2.on',
    ]);
    const isKept = parseConfig([...head, alerts].join('\n'));
    assert.ok(isKept.ok);
  });

  test('all problems are reported together', () => {
    const problems = problemsOf(
      `webhooks: [${hook.replace('https', 'ftp')}], rules: [${rule('', 'unknwon')}, ${rule('', 'unknown', 'opps')}]`,
    );
    assert.deepEqual(
      problems.map((problem) => problem.split(' ')[0]),
      ['url', 'rules.0.on', 'rules.1.id', 'rules.1.channels.0'].map((path) =>
        path === 'url' ? 'alerts.webhooks.0.url' : `alerts.${path}`,
      ),
    );
  });

  test('the message for a mistyped field names the nearest field', () => {
    const loaded = load(`webhooks: [${hook}], rules: [${rule(', text: "{summry}\\n{site}"')}]`);
    assert.equal(loaded.ok ? undefined : loaded.problems[0]?.remedy, 'Did you mean "{summary}"?');
  });

  for (const host of ['mail.example', 'mail', '192.0.2.1', '2001:db8::1', `${'a.'.repeat(126)}a`]) {
    test(`mail may go to ${host.slice(0, 20)}`, () => {
      assert.deepEqual(problemsOf(`emails: [${mail.replace('mail.example', `"${host}"`)}]`), []);
    });
  }

  test('mail may not go to a host with a name that no server can have', () => {
    for (const host of [`${'a.'.repeat(126)}aa`, '-mail', 'mail..example'])
      assert.equal(problemsOf(`emails: [${mail.replace('mail.example', `"${host}"`)}]`).length, 1, host);
  });

  for (const host of ['127.0.0.1', '127.8.9.10', 'localhost', '[::1]']) {
    test(`plain HTTP may go to ${host}`, () => {
      assert.equal(
        alertsOf(`webhooks: [{ id: a, url: "http://${host}:8080/", secret: s }]`).webhooks.length,
        1,
      );
    });
  }

  for (const host of ['127.0.0.1.example', 'localhost.example', '10.0.0.1', '0.0.0.0', '[::]']) {
    test(`plain HTTP may not go to ${host}`, () => {
      assert.equal(problemsOf(`webhooks: [{ id: a, url: "http://${host}/", secret: s }]`).length, 1);
    });
  }
});
