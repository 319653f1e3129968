import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deviceOrigins as inTheConsole } from '../../daemon/console/parts/device-origins.js';
import { deviceOrigins } from '../../daemon/core/accounts/device-origins.js';

const gate = { enabled: true, address: '0.0.0.0', port: 8443, hosts: ['box.example'] };
const own = () => ['192.0.2.7', '169.254.3.4', '2001:0db8:0000:0000:0000:0000:0000:0007', 'fe80::1'];

describe('the addresses at which other devices may open the console', () => {
  test('are the names of the box, then its addresses, as far as the gate listens there', () => {
    assert.deepEqual(deviceOrigins(gate, own), ['https://box.example:8443', 'https://192.0.2.7:8443']);
    assert.deepEqual(deviceOrigins({ ...gate, address: '::', passkeyHost: 'login.example' }, own), [
      ...['https://login.example:8443', 'https://box.example:8443', 'https://192.0.2.7:8443'],
      'https://[2001:db8::7]:8443',
    ]);
    const one = { ...gate, address: '192.0.2.9', port: 443, hosts: [] };
    assert.deepEqual(deviceOrigins(one, own), ['https://192.0.2.9']);
  });

  test('leave out names that lead to the device itself, or that no address of a page can have', () => {
    const hosts = ['localhost', 'box.localhost', '127.0.0.1', '192.168.1.300', 'box.1', 'box.example'];
    assert.deepEqual(deviceOrigins({ ...gate, hosts }, own), [
      'https://box.example:8443',
      'https://192.0.2.7:8443',
    ]);
  });

  test('are none where only this machine reaches the gate', () => {
    assert.deepEqual(deviceOrigins({ ...gate, enabled: false }, own), []);
    for (const address of ['127.0.0.1', '::1'])
      assert.deepEqual(deviceOrigins({ ...gate, address }, own), []);
    assert.deepEqual(
      deviceOrigins(gate, () => []),
      [],
    );
  });
});

describe('a link for another device', () => {
  const known = ['https://box.example:8443', 'https://192.0.2.7:8443'];
  const at = (origin: string) => inTheConsole(new URL(origin), known);

  test('never leads to what this device calls itself', () => {
    for (const origin of ['https://localhost:8443', 'https://127.0.0.1:8443', 'https://[::1]:8443']) {
      assert.deepEqual(at(origin), known, origin);
    }
    assert.deepEqual(inTheConsole(new URL('https://localhost'), []), []);
  });

  test('leads to a name of the box before the address in this browser', () => {
    assert.deepEqual(at('https://192.0.2.7:8443'), known);
    assert.deepEqual(at('https://10.0.0.5'), [known[0], 'https://10.0.0.5', known[1]]);
    assert.deepEqual(inTheConsole(new URL('https://10.0.0.5'), []), ['https://10.0.0.5']);
  });

  test('has the port at which a proxy serves the name', () => {
    assert.deepEqual(at('https://box.example'), ['https://box.example', 'https://192.0.2.7:8443']);
  });
});
