import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { agentWord } from '../../daemon/core/accounts/agent-word.js';
import { refuseMisshapen } from '../../daemon/core/audit/audit-entry.js';
import { networkOf } from '../../daemon/host/network-of.js';

test('the name of a program is one word with its main version', () => {
  for (const [agent, word] of [
    ['curl/8.5.0', 'curl-8'],
    ['python-requests/2.32.3', 'python-requests-2'],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', 'Firefox-128'],
    [
      'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0',
      'Edg-126',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/604.1',
      'Safari-604',
    ],
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 OPR/112.0.0.0',
      'OPR-112',
    ],
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
      'Chrome-126',
    ],
    ['x'.repeat(50), 'x'.repeat(40)],
    [`${'x'.repeat(38)}/12`, `${'x'.repeat(38)}-1`],
    ['integration', 'integration'],
    ['', 'unknown'],
    ['\u0000\n', 'unknown'],
  ] as const) {
    assert.equal(agentWord(agent), word);
  }
});

test('whatever a program calls itself, the audit log accepts the word', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (agent) => {
      refuseMisshapen({
        by: { actor: 'anonymous', origin: 'https unknown' },
        action: 'login.failed',
        details: { agent: agentWord(agent) },
      });
    }),
  );
});

test('an address counts as itself, or as its IPv6 network', () => {
  assert.equal(networkOf('192.0.2.7'), '192.0.2.7');
  assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), networkOf('2001:0DB8:1:2::9'));
  assert.notEqual(networkOf('2001:db8:1:2::9'), networkOf('2001:db8:1:3::9'));
  assert.equal(networkOf('::1'), networkOf('::2'));
  assert.notEqual(networkOf('::ffff:192.0.2.7'), networkOf('::ffff:192.0.2.8'));
});
