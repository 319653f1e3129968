import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { describe, test } from 'node:test';
import { discoveryLimits } from '../../daemon/contract/vision/vision-answers.js';
import { reportLimits, reportSchema } from '../../daemon/contract/vision/vision-reports.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { addressTable, ownAddresses } from '../../daemon/vision/ingest/own-addresses.js';
import { askDevices, parseAnswer, readDeviceAnswers } from '../../daemon/vision/ingest/ws-discovery.js';

const service = 'http://192.0.2.10/onvif/device_service';
const services = [service, 'http://[2001:db8::10]/onvif', 'https://camera:8443/onvif'];

/** An answer as cameras send it. */
const answer = (relatesTo: string, { scopes = '', services = service, before = '' } = {}): string =>
  `<?xml version="1.0"?>${before}<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope">` +
  `<SOAP-ENV:Header><wsa:RelatesTo>${relatesTo}</wsa:RelatesTo></SOAP-ENV:Header>` +
  `<SOAP-ENV:Body><d:ProbeMatches><d:ProbeMatch><d:Types>dn:NetworkVideoTransmitter</d:Types>` +
  `<d:Scopes>${scopes}</d:Scopes><d:XAddrs>${services}</d:XAddrs></d:ProbeMatch></d:ProbeMatches>` +
  '</SOAP-ENV:Body></SOAP-ENV:Envelope>';

const parse = (text: string | Buffer) => parseAnswer(Buffer.from(text), 'uuid:1', '192.0.2.10');

describe('looking for cameras', () => {
  test('lists each device that answers the question, once, with what it says about itself', async () => {
    const camera = createSocket('udp4');
    let probes = 0;
    camera.on('message', (message, { address, port }) => {
      probes += 1;
      // A lost packet hides no camera.
      if (probes === 1) return;
      const id = /MessageID>(uuid:[0-9a-f-]{36})</.exec(message.toString())?.[1] ?? '';
      assert.match(message.toString(), /discovery\/Probe<.*NetworkVideoTransmitter/);
      const scopes = 'onvif://www.onvif.org/name/Front%20door onvif://www.onvif.org/hardware/X-1';
      for (const text of [
        answer('uuid:another'),
        'no XML',
        answer(id, { scopes, services: services.join(' ') }),
        answer(id),
      ]) {
        camera.send(text, port, address);
      }
    });
    camera.bind(0, '127.0.0.1');
    await once(camera, 'listening');
    const found = await discover(camera, 3000);
    camera.close();
    const device = { address: '127.0.0.1', name: 'Front door', hardware: 'X-1', services };
    assert.deepEqual(found, { devices: [device], isCutShort: false });
    assert.ok(isReport(found), 'the core ends a process whose reports it cannot take');
  });

  test('fits into a report whatever the devices say', async () => {
    const asked = createSocket('udp4');
    const devices: Socket[] = [];
    asked.on('message', (message, { address, port }) => {
      const id = /MessageID>(uuid:[0-9a-f-]{36})</.exec(message.toString())?.[1] ?? '';
      const longest = '\u4e2d'.repeat(discoveryLimits.longestText);
      const scopes = ['name', 'hardware', 'location'].map(
        (kind) => `onvif://www.onvif.org/${kind}/${longest}`,
      );
      const long = `${service}/`.padEnd(discoveryLimits.longestService, 'x');
      const text = answer(id, { scopes: scopes.join(' '), services: Array(4).fill(long).join(' ') });
      for (const device of devices) device.send(text, port, address);
    });
    for (let number = 1; number <= discoveryLimits.mostDevices; number += 1) {
      const device = createSocket('udp4').bind(0, `127.0.1.${number}`);
      devices.push(device);
      await once(device, 'listening');
    }
    asked.bind(0, '127.0.0.1');
    await once(asked, 'listening');
    const found = await discover(asked, 1000);
    for (const socket of [asked, ...devices]) socket.close();
    assert.ok(found.devices.length > 20 && found.isCutShort, `${found.devices.length} devices`);
    assert.ok(isReport(found));
  });

  test('keeps no more of a flood of answers than a vision process reads in a moment', async () => {
    const flood = createSocket('udp4').bind(0, '127.0.0.1');
    await once(flood, 'listening');
    const virtual = new VirtualClock();
    const { signal } = new AbortController();
    const network = { from: ['127.0.0.1'], to: flood.address() };
    const asked = askDevices({ durationMs: 2, clock: virtual, signal }, network);
    const [, { address, port }] = (await once(flood, 'message')) as [
      Buffer,
      { address: string; port: number },
    ];
    for (let count = 0; count < 300; count += 1) {
      flood.send(Buffer.alloc(8 * 1024), port, address);
      // Lets the other side read: the kernel keeps only a few.
      await new Promise((resolve) => setImmediate(resolve));
    }
    virtual.advanceBy(1);
    await once(flood, 'message');
    virtual.advanceBy(1);
    const { answers, isCutShort } = await asked;
    flood.close();
    const bytes = answers.reduce((sum, { text }) => sum + text.length, 0);
    assert.deepEqual([bytes, isCutShort], [1024 * 1024, true]);
  });

  test('ends when it is no longer wanted, and without a network', async () => {
    const signal = AbortSignal.abort();
    const none = { devices: [], isCutShort: false };
    const to = { address: '127.0.0.1', port: 9 };
    assert.deepEqual(await discover({ address: () => to }, 600_000, { signal }), none);
    assert.deepEqual(
      await discover({ address: () => to }, 1, { from: '192.0.2.1' }),
      none,
      'an address of another',
    );
  });

  test('asks from all networks of this machine, as the kernel lists them', async () => {
    const here = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const wanted = here.filter(({ family, internal }) => family === 'IPv4' && !internal);
    assert.deepEqual(
      [...ownAddresses(await readFile(addressTable, 'utf8'))].sort(),
      [...new Set(wanted.map(({ address }) => address))].sort(),
    );
  });

  test('takes what common devices say: empty names, several networks, IPv6, and other prefixes', () => {
    const several =
      'http://192.0.2.10/onvif/device_service http://10.0.0.10/onvif/device_service http://[fe80::a]/onvif/device_service';
    const scopes =
      'onvif://www.onvif.org/name/ onvif://www.onvif.org/hardware/%20 ONVIF://www.onvif.org/Location/Hall';
    const told = parse(answer('uuid:1', { scopes, services: several }));
    assert.deepEqual(told, { address: '192.0.2.10', location: 'Hall', services: several.split(' ') });
    const wrapped = answer('\n  uuid:1\n', { services: `\n    ${service}\n` })
      .replace('<wsa:RelatesTo>', '<wsa:RelatesTo RelationshipType="d:Suggestion">')
      .replaceAll('d:XAddrs', 'tds-2.x:XAddrs');
    assert.deepEqual(parse(wrapped), { address: '192.0.2.10', services: [service] });
  });

  test('takes no answer that is strange, and nothing strange from an answer', () => {
    assert.equal(parse(answer('uuid:2')), undefined, 'to another question');
    assert.equal(parse(answer('uuid:1', { services: '' })), undefined);
    assert.equal(parse(answer('uuid:1') + ' '.repeat(8192)), undefined, 'too long');
    assert.equal(parse(Buffer.alloc(8000, 0x3c)), undefined);
    const entity = '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>';
    const told = parse(
      answer('uuid:1', {
        before: entity,
        scopes: `onvif://www.onvif.org/name/&e;%1b%5b2J%0aA onvif://www.onvif.org/location/${'x'.repeat(500)} onvif://www.onvif.org/hardware/%zz`,
        services: `javascript:alert(1) http://user:pw@192.0.2.10/ ${'http://192.0.2.10/a '.repeat(20)}`,
      }),
    );
    assert.equal(told?.services.length, discoveryLimits.mostServices);
    assert.ok(told.services.every((each) => each === 'http://192.0.2.10/a'));
    assert.match(told.name ?? '', /^&e;[\x20-\x7e\u{FFFD}]*A$/u);
    assert.equal(told.location?.length, discoveryLimits.longestText);
    assert.equal(told.hardware, '%zz');
  });
});

/** Whether the core takes it from a vision process. */
function isReport(result: unknown): boolean {
  const report = { type: 'discovered', request: 1, result };
  const { bodyBytes } = reportLimits(() => 0);
  return reportSchema.safeParse(report).success && Buffer.byteLength(JSON.stringify(report)) <= bodyBytes;
}

/** Asks as the core does, and reads the answers as a vision process does. */
async function discover(
  to: { address(): { readonly address: string; readonly port: number } },
  durationMs: number,
  { from = '127.0.0.1', signal = new AbortController().signal } = {},
) {
  const { address, port } = to.address();
  return readDeviceAnswers(
    await askDevices({ durationMs, clock, signal }, { from: [from], to: { address, port } }),
  );
}
