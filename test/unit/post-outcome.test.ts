import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channelError } from '../../daemon/core/alerts/channel-errors.js';
import { outcomeOf } from '../../daemon/core/alerts/http-post.js';

const outcomeAfter = (error: Error) =>
  outcomeOf(
    'hooks.example',
    () => assert.fail('there was no answer'),
    () => Promise.reject(error),
  );

test('a request that was given up says why, and one that the server cut says that the connection was lost', async () => {
  const cause = channelError('silent', 'hooks.example');
  const aborted = Object.assign(new Error('This operation was aborted', { cause }), {
    ...{ name: 'AbortError', code: 'ABORT_ERR' },
  });
  const cut = Object.assign(new Error('socket hang up', { cause }), { code: 'ECONNRESET' });
  assert.deepEqual(
    [await outcomeAfter(aborted), await outcomeAfter(cut)].map((each) => 'error' in each && each.error.code),
    ['channel-silent', 'channel-lost'],
  );
});
