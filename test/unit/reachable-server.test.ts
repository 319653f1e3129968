import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Bounds, connectionWithin } from '../../daemon/core/alerts/reachable-server.js';

const isRefused = (address: string, bounds: Bounds): boolean => {
  try {
    connectionWithin(address, bounds);
    return false;
  } catch {
    return true;
  }
};

describe('a server that a browser names', () => {
  const onInternet: Bounds = { publicOr: [] };

  test('may have a public address', () => {
    for (const address of ['9.9.9.9', '[2620:fe::fe]', '::ffff:9.9.9.9'])
      assert.ok(!isRefused(address, onInternet), address);
  });

  test('has no address of a private network, of the box, of its link, or inside a tunnel', () => {
    for (const address of [
      ...['10.0.0.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', '127.0.0.1', '0.0.0.0', '169.254.169.254'],
      ...['224.0.0.1', '255.255.255.255', '::', '[::1]', 'fd00::1', 'fe80::1', 'ff02::1', '::ffff:10.0.0.1'],
      ...['64:ff9b::a00:1', '2002:a00:1::1', '2001:0:a00:1::1'],
    ])
      assert.ok(isRefused(address, onInternet), address);
  });

  test('may be in a network that the owner names, and in no other', () => {
    assert.ok(!isRefused('10.0.0.1', { publicOr: ['10.0.0.0/24'] }));
    assert.ok(isRefused('10.0.1.1', { publicOr: ['10.0.0.0/24'] }));
    assert.ok(!isRefused('fd00::1', { publicOr: ['fd00::/8'] }));
  });

  test('is looked up within the same bounds', async () => {
    const { lookup } = connectionWithin('localhost', onInternet);
    assert.ok(lookup !== undefined);
    const code = await new Promise((resolve) => {
      lookup('localhost', {}, (error) => resolve(error?.code));
    });
    assert.equal(code, 'ERR_ADDRESS_REFUSED');
  });

  test('was not named by the owner, who may choose any', () => {
    assert.ok(!isRefused('10.0.0.1', 'anywhere'));
    assert.ok(!isRefused('10.0.0.1', []), 'nor by a caller of the API, who may choose one beside the box');
  });
});
