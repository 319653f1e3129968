import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lastErrorIn } from '../../daemon/host/service-state.js';

describe('the last error of a service', () => {
  test('is the newest one, with its remedy, whatever the log of the next start says', () => {
    const journal = [
      'rollcalld: the gallery is sealed',
      '  what to do: nothing any more',
      '{"level":"info","message":"starting"}',
      'rollcalld: the configuration cannot be used',
      '/etc/rollcall/rollcall.yaml:3:1: unknown setting "camras"',
      '  what to do: Correct the file',
      '{"level":"info","message":"starting"}',
      '',
    ].join('\n');
    assert.deepEqual(lastErrorIn(journal, 'rollcalld'), {
      message: 'the configuration cannot be used\n/etc/rollcall/rollcall.yaml:3:1: unknown setting "camras"',
      remedy: 'Correct the file',
    });
  });

  test('has no remedy when the service gave none, and is absent when it said nothing', () => {
    assert.deepEqual(lastErrorIn('rollcalld: out of luck\n', 'rollcalld'), { message: 'out of luck' });
    assert.equal(lastErrorIn('{"level":"info","message":"ready"}\n', 'rollcalld'), undefined);
  });
});
