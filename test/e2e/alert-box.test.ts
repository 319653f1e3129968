import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Alert } from '../../daemon/contract/alerts.js';
import { mailHeader, openHttpSink, openSmtpSink } from '../support/alert-sinks.js';
import { makeBox, withoutBuild } from '../support/box.js';
import { until } from '../support/until.js';

interface Posted {
  readonly id: string;
  readonly on: string;
  readonly phase: string;
}

test('a box alerts about its dead camera and its sealed gallery once, also after a kill', {
  skip: withoutBuild,
}, async () => {
  await using web = await openHttpSink();
  await using mail = await openSmtpSink();
  await using box = await makeBox({
    hasNoKey: true,
    secrets: { 'ops-secret': 'a long secret that is hard to guess' },
    config: {
      // No server listens on this port.
      cameras: [{ id: 'gate', name: 'Gate', url: 'rtsp://127.0.0.1:1/gate' }],
      alerts: {
        webhooks: [{ id: 'ops', url: `http://127.0.0.1:${web.port}/`, secret: 'ops-secret' }],
        emails: [
          {
            ...{ id: 'guards', host: '127.0.0.1', port: mail.port, tls: 'none' },
            ...{ from: 'box@example.org', to: ['guards@example.org'] },
          },
        ],
        rules: [
          { id: 'down', on: 'camera-down', minimumS: 1, channels: ['ops', 'guards'] },
          { id: 'sealed', on: 'sealed', severity: 'critical', channels: ['ops', 'guards'] },
        ],
      },
    },
  });
  const posted = (): readonly Posted[] => web.requests.map(({ body }) => JSON.parse(body) as Posted);
  const isTold = (on: string): boolean =>
    posted().some((alert) => alert.on === on && alert.phase === 'raised');

  await box.start();
  await until(
    'both alerts at both channels',
    () => isTold('sealed') && isTold('camera-down') && mail.mails.length === 2,
  );
  const subjects = mail.mails.map((message) => mailHeader(message, 'subject') ?? '').toSorted();
  assert.match(subjects[0] ?? '', /^\[critical\] The gallery is sealed: no person is recognised, since /);
  assert.match(subjects[1] ?? '', /^\[warning\] Camera Gate is down, since /);

  const delivered = async (): Promise<readonly Alert[]> => {
    const { stdout } = await box.command('alerts', 'list', '--state', 'delivered', '--json');
    return JSON.parse(stdout) as readonly Alert[];
  };
  // Delivered messages may still be pending for the box, so a kill may repeat them.
  await until('the history', async () => {
    const states = (await delivered()).flatMap(({ deliveries }) => deliveries.map(({ state }) => state));
    return states.length === 4 && states.every((state) => state === 'delivered');
  });
  assert.equal((await delivered()).length, 2);
  assert.match((await box.command('status')).stdout, /^alerts: 2 rules, 0 deliveries waiting$/m);

  await box.stop('SIGKILL');
  await box.start();
  const tested = await box.command('alerts', 'test');
  assert.equal(tested.exitCode, 0, tested.stdout + tested.stderr);
  assert.equal(mail.mails.length, 3);
  await until(
    'the camera to have been tried again',
    async () => (await box.camera('gate')).state === 'failed',
  );
  const told = posted().filter(({ phase }) => phase !== 'test');
  assert.equal(new Set(told.map(({ id }) => id)).size, 2, 'an alert is not sent again under a new id');
  assert.doesNotMatch(box.log(), /example\.org|hard to guess/);
});
