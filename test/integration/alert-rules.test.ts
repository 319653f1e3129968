import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AlertBox } from '../support/alert-box.js';
import { alerting, posted, rule, subjects } from '../support/alert-hook.js';
import { openHttpSink } from '../support/alert-sinks.js';

const minuteMs = 60_000;

describe('rules', () => {
  test('keep their counts over a restart', async () => {
    await using web = await openHttpSink();
    await using box = new AlertBox(alerting(web, rule('unknown', ', threshold: { count: 3 }')));
    for (const _person of [1, 2]) box.unknown();
    await box.pass(6_000);
    await box.stop();
    box.start();
    box.unknown();
    await box.delivered(1);
    assert.equal(posted(web)[0]?.parts[0]?.count, 3);
  });

  test('handle events once that were recorded while they could not read them', async () => {
    await using web = await openHttpSink();
    await using box = new AlertBox(alerting(web, rule('unknown', ', cooldownMinutes: 0')));
    await box.pass(6_000);
    // Stops right after recording, before any rule follows.
    for (const _person of [1, 2, 3]) box.unknown();
    await box.stop();
    box.start();
    await box.delivered(3);
    await box.stop();
    box.start();
    await box.pass(6_000);
    assert.deepEqual(
      posted(web).map(({ parts }) => parts[0]?.count),
      [1, 1, 1],
    );
  });

  test('do not alert about events from before the first rule', async () => {
    await using web = await openHttpSink();
    await using box = new AlertBox('{}');
    box.unknown();
    await box.pass(6_000);
    box.configure(alerting(web, rule('unknown')));
    await box.pass(6_000);
    box.unknown('door');
    await box.delivered(1);
    box.configure('{}');
    await box.pass(6_000);
    box.unknown();
    await box.pass(6_000);
    box.configure(alerting(web, rule('unknown')));
    await box.pass(6_000);
    box.unknown('door');
    await box.delivered(2);
    assert.deepEqual(
      posted(web).map(({ parts }) => parts.map(({ camera }) => camera)),
      [['door'], ['door']],
    );
  });

  test('are quiet in quiet hours, and report at their end what happened meanwhile', async () => {
    await using web = await openHttpSink();
    const quiet = ', quietHours: { from: "10:30", to: "11:00" }, cooldownMinutes: 0';
    await using box = new AlertBox(alerting(web, rule('unknown', quiet)));
    await box.pass(31 * minuteMs);
    for (const camera of ['gate', 'gate', 'door']) {
      box.unknown(camera);
      await box.pass(2 * minuteMs);
    }
    assert.equal(web.requests.length, 0);
    await box.pass(25 * minuteMs);
    await box.delivered(1);
    assert.deepEqual(subjects(web), [
      '[warning] 2 unknown people at Gate in 2 minutes; An unknown person at Back door (office/box-1)',
    ]);
  });

  test('apply only to the cameras that they name', async () => {
    await using web = await openHttpSink();
    await using box = new AlertBox(alerting(web, rule('unknown', ', cameras: [door]')));
    box.unknown('gate');
    box.unknown('door');
    await box.delivered(1);
    await box.pass(6_000);
    assert.deepEqual(
      posted(web).map(({ parts }) => parts[0]?.camera),
      ['door'],
    );
  });
});
