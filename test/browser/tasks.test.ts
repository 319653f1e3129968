import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { demoSections } from '../../scripts/seeding/seed.js';
import { administratorTasks } from '../support/administrator-tasks.js';
import { openHttpSink } from '../support/alert-sinks.js';
import { withoutBuild } from '../support/box.js';
import { isWiderThanScreen, startBrowser, type WatchedPage, withoutChromium } from '../support/browser.js';
import { testClip } from '../support/clips.js';
import { type ConsoleBox, startConsoleBox } from '../support/console-box.js';
import { CountedUser, type Task } from '../support/counted-user.js';
import { operatorTasks } from '../support/operator-tasks.js';
import { personnelScopes, personnelTasks } from '../support/personnel-tasks.js';
import { startRtspServer } from '../support/rtsp-server.js';
import { technicianTasks } from '../support/technician-tasks.js';

/**
 * A camera that fails, one at the address of those to come, a rule and a channel. The
 * users of the test are faster than people.
 */
const sectionsWith =
  (cameraUrl: string) =>
  (port: number): string =>
    `${demoSections(
      port,
      `  - { id: yard, name: Yard, url: "rtsp://127.0.0.1:1/" }
  - { id: gate, name: Gate, url: "${cameraUrl}", enabled: false }
`,
    )}api: { channelNetworks: [127.0.0.0/8], limits: { default: 1000, heavy: 60, stream: 100 } }
alerts:
  webhooks: [{ id: control-room, url: "https://127.0.0.1:9/", secret: no-such-secret }]
  rules: [{ id: down, on: camera-down, minimumS: 0, severity: critical, channels: [control-room] }]
`;

test('users do their main tasks in few steps', { skip: withoutBuild || withoutChromium }, async (t) => {
  await using cameras = await startRtspServer({ mounts: { '/door': await testClip() } });
  await using sink = await openHttpSink();
  await using browser = await startBrowser();
  const cameraUrl = cameras.url('/door');
  await using box = await startConsoleBox({ content: 'past', browser, sections: sectionsWith(cameraUrl) });
  await box.box.client.call('roles.create', { name: 'personnel', scopes: [...personnelScopes] });
  const channelUrl = `http://127.0.0.1:${sink.port}/rollcall`;

  await doesAll(t, box, 'an operator', operatorTasks, await box.open('operator', '/'));
  await doesAll(
    t,
    box,
    'a person of the personnel department',
    personnelTasks,
    await box.open('personnel', '/'),
  );
  await box.box.client.call('cameras.create', { id: 'side-gate', name: 'Side gate', url: cameraUrl });
  const phone = await box.openOnPhone('technician', '/');
  await doesAll(t, box, 'a technician on a phone', technicianTasks(cameraUrl), phone);
  await doesAll(t, box, 'an administrator', administratorTasks(channelUrl), await box.open('admin', '/'));
});

/** Each task begins on the start page, as a user finds it after the login. */
async function doesAll(
  t: TestContext,
  box: ConsoleBox,
  who: string,
  tasks: readonly Task[],
  opened: WatchedPage,
): Promise<void> {
  const { page, context, faults } = opened;
  const isOnPhone = await page.evaluate<boolean>('navigator.maxTouchPoints > 0');
  for (const { name, steps, act } of tasks) {
    await t.test(`${who} can ${name} in ${steps === 1 ? 'one step' : `${steps} steps`}`, async () => {
      await page.goto('/');
      await page.getByRole('heading', { name: 'Now', level: 1 }).waitFor();
      const user = new CountedUser(page, { isOnPhone });
      await act(user, box);
      assert.equal(user.steps, steps);
      assert.equal(await isWiderThanScreen(opened), false, 'the page is as wide as the screen');
    });
  }
  await t.test(`${who} meets no fault of the console`, () => assert.deepEqual(faults, []));
  await context.close();
}
