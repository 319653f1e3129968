import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoginAlarm } from '../../daemon/core/accounts/login-alarm.js';
import { alarmWithinMs } from '../../daemon/core/accounts/login-throttle.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

test('the alarm of failed logins begins once, and ends ten minutes after the last failure', async () => {
  const clock = new VirtualClock();
  const heard: string[] = [];
  const conditions = {
    begin: (condition: string) => void heard.push(`begin ${condition}`),
    end: (condition: string) => void heard.push(`end ${condition}`),
  };
  const alarm = new LoginAlarm({ conditions, clock });
  assert.deepEqual(heard.splice(0), ['end logins-failing'], 'a condition of the last run ends');
  alarm.raise();
  clock.advanceBy(alarmWithinMs - 1);
  alarm.raise();
  clock.advanceBy(alarmWithinMs - 1);
  assert.ok(!heard.includes('end logins-failing'));
  clock.advanceBy(1);
  assert.equal(heard.at(-1), 'end logins-failing');
  alarm.raise();
  await alarm[Symbol.asyncDispose]();
  clock.advanceBy(alarmWithinMs);
  assert.equal(heard.at(-1), 'begin logins-failing', 'the condition outlives a restart');
});
