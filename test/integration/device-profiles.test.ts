import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { profileLimits } from '../../daemon/contract/vision/vision-answers.js';
import type { DevicePlan } from '../../daemon/contract/vision/vision-orders.js';
import { reportLimits, reportSchema } from '../../daemon/contract/vision/vision-reports.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Clock } from '../../daemon/kernel/clock.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { type CameraNetwork, ownNetwork } from '../../daemon/vision/ingest/camera-network.js';
import { readDeviceProfiles } from '../../daemon/vision/onvif/device-profiles.js';
import { largestAnswerBytes } from '../../daemon/vision/onvif/http-exchange.js';
import {
  answer,
  devicePassword,
  deviceUser,
  type RunningDevice,
  type SimulatedDevice,
  startOnvifDevice,
  unknownAction,
} from '../support/onvif-device.js';
import { makeCertificate, withoutOpenssl } from '../support/test-certificate.js';

const credential = { user: deviceUser, password: devicePassword };
const mainStream = {
  token: 'p1',
  name: 'main',
  codec: 'H264',
  widthPx: 1920,
  heightPx: 1080,
  fps: 25,
  uri: 'rtsp://127.0.0.1/1',
};
const subStream = {
  token: 'p2',
  name: 'sub',
  codec: 'H264',
  widthPx: 640,
  heightPx: 360,
  fps: '15.0',
  uri: 'rtsp://127.0.0.1/2?a=1&b=2',
};
const profiles = [mainStream, subStream];
const listed = [
  { name: 'main', codec: 'H264', widthPx: 1920, heightPx: 1080, fps: 25, url: 'rtsp://127.0.0.1/1' },
  { name: 'sub', codec: 'H264', widthPx: 640, heightPx: 360, fps: 15, url: 'rtsp://127.0.0.1/2?a=1&b=2' },
];
const whole = { outcome: 'ok', profiles: listed, isCutShort: false };

describe('asking a device for its profiles', () => {
  const ways: readonly (readonly [string, SimulatedDevice])[] = [
    ['without a login', { login: 'none' }],
    ['by the token of WS-Security', { login: 'token' }],
    ['by the token, whose clock is years behind', { login: 'token', clockAheadMs: -20 * 365 * 86_400_000 }],
    ['by the token, whose clock is a day ahead', { login: 'token', clockAheadMs: 86_400_000 }],
    ['by HTTP Digest', { login: 'digest' }],
    ['by HTTP Digest, which it wants before it tells its time', { login: 'digest-always' }],
    ['with the older service only', { media: 'media' }],
    ['with the newer service only', { media: 'media2' }],
    ['which names a service that it does not have', { media: 'media2-broken' }],
    ['from before GetServices', { isOld: true }],
    ['which names another address of its own', { namedAt: '10.0.0.10' }],
  ];
  for (const [what, device] of ways) {
    test(`lists profiles and their streams ${what}, and never sends the password`, async () => {
      await using asked = await startOnvifDevice({ profiles, ...device });
      assert.deepEqual(await ask(asked), whole);
      assert.equal(asked.wrongLogins, 0);
      assertNoPassword(asked);
    });
  }

  test('asks for no login before the device does, and by one method only', async () => {
    await using token = await startOnvifDevice({ profiles });
    await ask(token);
    const withToken = token.got
      .filter(({ body }) => body.includes('UsernameToken'))
      .map(({ action }) => action);
    assert.deepEqual(withToken, ['GetProfiles', 'GetStreamUri', 'GetStreamUri']);
    await using digest = await startOnvifDevice({ profiles, login: 'digest' });
    await ask(digest);
    assert.ok(digest.got.every(({ body }) => !body.includes('UsernameToken')));
  });

  test('works over IPv6', async () => {
    await using asked = await startOnvifDevice({ profiles, host: '::1' });
    assert.deepEqual(await ask(asked), whole);
  });

  test('lists what a device leaves out, and H.265', async () => {
    const sparse = [
      { token: 'a', codec: 'H265', widthPx: 3840, heightPx: 2160, fps: 20, uri: 'rtsp://127.0.0.1/a' },
      { token: 'b', name: ' ', uri: 'rtsp://127.0.0.1/b' },
      { token: 'c', name: 'no stream' },
    ];
    const bare = [{ url: 'rtsp://127.0.0.1/b' }, { name: 'no stream' }];
    await using newer = await startOnvifDevice({ profiles: sparse });
    const h265 = { codec: 'H265', widthPx: 3840, heightPx: 2160, fps: 20, url: 'rtsp://127.0.0.1/a' };
    assert.deepEqual(await ask(newer), { ...whole, profiles: [h265, ...bare] });
    await using older = await startOnvifDevice({ profiles: sparse, media: 'media' });
    assert.deepEqual(await ask(older), { ...whole, profiles: [{ url: 'rtsp://127.0.0.1/a' }, ...bare] });
  });
});

describe('a device with TLS', { skip: withoutOpenssl }, () => {
  test('is asked with its fingerprint only, which a caller of the API gets to see', async () => {
    const tls = makeCertificate('camera.example');
    await using asked = await startOnvifDevice({ profiles, tls });
    const extraNetworks = ['127.0.0.0/8'];
    const { code, connection } = failed(await ask(asked, { extraNetworks }));
    assert.equal(code, 'certificate-unknown');
    const fingerprint = connection?.certificate?.fingerprint ?? '';
    assert.deepEqual(
      asked.got.map(({ action }) => action),
      ['GetSystemDateAndTime'],
      'to find out that it is a device',
    );
    assert.deepEqual(await ask(asked, { extraNetworks, fingerprint }), whole);
    const other = `sha256:${Array(32).fill('00').join(':')}`;
    assert.equal(await codeOf(asked, { extraNetworks, fingerprint: other }), 'certificate-changed');
  });

  test('hides the certificate of another service', async () => {
    const tls = makeCertificate('bank.example');
    const instead = (_: string, response: ServerResponse): boolean => {
      response.writeHead(404).end();
      return true;
    };
    await using web = await startOnvifDevice({ tls, instead });
    const { code, connection } = failed(await ask(web, { extraNetworks: ['127.0.0.0/8'] }));
    assert.deepEqual([code, connection], ['not-rtsp', undefined]);
  });
});

describe('a device that refuses', () => {
  test('a wrong password gets one try, and an error with a remedy', async () => {
    for (const login of ['token', 'digest'] as const) {
      await using asked = await startOnvifDevice({ profiles, login });
      const wrong = { user: deviceUser, password: 'wrong' };
      assert.equal(await codeOf(asked, { credential: wrong }), 'device-login-refused', login);
      assert.equal(asked.wrongLogins, 1, login);
      assert.equal(await codeOf(asked, { credential: null }), 'device-login-wanted', login);
    }
  });

  test('a locked account is named', async () => {
    await using asked = await startOnvifDevice({ profiles, locksAfter: 1 });
    assert.equal(
      await codeOf(asked, { credential: { user: deviceUser, password: 'wrong' } }),
      'device-locked',
    );
    assert.equal(await codeOf(asked), 'device-locked');
    assert.equal(asked.wrongLogins, 1, 'no login is sent to an account that is locked');
  });

  test('a device that wants the password readable does not get it', async () => {
    await using asked = await startOnvifDevice({ profiles, login: 'basic' });
    assert.equal(await codeOf(asked), 'device-login-unprotected');
    assertNoPassword(asked);
  });

  test('a user who may not read profiles is told from a wrong password', async () => {
    const instead = (action: string, response: ServerResponse): boolean => {
      if (action !== 'GetStreamUri') return false;
      answer(response, unknownAction.replace('ActionNotSupported', 'NotAuthorized'), 400);
      return true;
    };
    for (const login of ['token', 'digest'] as const) {
      await using asked = await startOnvifDevice({ profiles, login, instead });
      assert.equal(await codeOf(asked), 'device-forbids', login);
    }
  });

  test('a device without profiles, and one whose media service is on another host', async () => {
    await using empty = await startOnvifDevice({ profiles: [] });
    assert.equal(await codeOf(empty), 'device-without-profiles');
    const instead = (action: string, response: ServerResponse): boolean => {
      if (action !== 'GetProfiles') return false;
      response.writeHead(404).end();
      return true;
    };
    await using elsewhere = await startOnvifDevice({ namedAt: 'evil.example:80', instead });
    const { code, message } = failed(await ask(elsewhere));
    assert.equal(code, 'device-services-elsewhere');
    assert.match(message, /evil\.example/);
  });
});

describe('a hostile device', () => {
  test('gets no question to another address, wherever it redirects or says that its services are', async () => {
    await using other = await startOnvifDevice({ profiles });
    const instead = (action: string, response: ServerResponse): boolean => {
      if (action !== 'GetProfiles') return false;
      response.writeHead(307, { Location: `${other.origin}/onvif/media_service` }).end();
      return true;
    };
    await using asked = await startOnvifDevice({ profiles, instead, namedAt: `127.0.0.1:${other.port}` });
    const { code, message } = failed(await ask(asked));
    assert.equal(code, 'device-redirects');
    assert.match(message, new RegExp(String(other.port)));
    assert.deepEqual(other.got, []);
  });

  test('names stream addresses without a login, and only those of RTSP', async () => {
    const hostile = [
      'rtsp://viewer:secret@127.0.0.1/a',
      'rtsp://127.0.0.1@evil.example/b',
      'http://127.0.0.1/c',
      'javascript:alert(1)',
      'rtsp://127.0.0.1/\u001b[2J',
      `rtsp://127.0.0.1/${'x'.repeat(600)}`,
      'rtsp://evil.example/d',
    ].map((uri, index) => ({
      token: `t${index}`,
      codec: 'H264',
      widthPx: 9,
      heightPx: 9,
      fps: 1,
      uri: uri.replaceAll('\u001b', '&#x1b;'),
    }));
    const instead = (action: string, response: ServerResponse): boolean => {
      if (action !== 'GetStreamUri') return false;
      const uri = hostile.shift()?.uri;
      answer(response, `<a><MediaUri><Uri>${uri}</Uri></MediaUri></a>`);
      return true;
    };
    await using asked = await startOnvifDevice({ profiles: [...hostile], media: 'media', instead });
    const found = await ask(asked);
    assert.equal(found.outcome, 'ok');
    const urls = found.outcome === 'ok' && found.profiles.map(({ url }) => url);
    const none = undefined;
    assert.deepEqual(urls, [
      'rtsp://127.0.0.1/a',
      'rtsp://evil.example/b',
      none,
      none,
      none,
      none,
      'rtsp://evil.example/d',
    ]);
  });

  test('has its names cleaned, and fits into a report whatever it says', async () => {
    const long = '\u4e2d'.repeat(400);
    const many = Array.from({ length: 200 }, (_, index) => ({
      ...mainStream,
      token: `t${index}`,
      name: index === 0 ? '&#x202e;a&#10;b' : long,
      uri: `rtsp://127.0.0.1/${'x'.repeat(400)}`,
    }));
    await using asked = await startOnvifDevice({ profiles: many, login: 'none', media: 'media' });
    const found = await ask(asked);
    assert.ok(found.outcome === 'ok' && found.isCutShort && found.profiles.length > 30);
    assert.equal(found.profiles[0]?.name, '\\u202ea\\u000ab');
    assert.ok(found.profiles.every(({ name = '' }) => name.length <= profileLimits.longestText));
    const report = { type: 'device-asked', request: 1, result: found };
    assert.ok(reportSchema.safeParse(report).success);
    assert.ok(Buffer.byteLength(JSON.stringify(report)) <= reportLimits(() => 0).bodyBytes);
  });

  const endless = (response: ServerResponse): void => {
    const chunk = Buffer.alloc(64 * 1024, ' ');
    const more = (): void => {
      if (!response.destroyed) response.write(chunk, () => setImmediate(more));
    };
    response.writeHead(200);
    more();
  };
  const answers: readonly (readonly [string, string, (response: ServerResponse) => void])[] = [
    ['an endless answer', 'device-answer-too-large', endless],
    [
      '50 MB',
      'device-answer-too-large',
      (response) => void response.writeHead(200).end(Buffer.alloc(50e6, ' ')),
    ],
    [
      'entities',
      'device-answer-unusable',
      (response) => void response.end('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
    ],
    ['a million elements', 'device-answer-unusable', (response) => answer(response, '<a/>'.repeat(200_000))],
    ['a deep answer', 'device-answer-unusable', (response) => answer(response, '<a>'.repeat(10_000))],
    ['another document', 'device-refuses', (response) => void response.end('<a/>')],
    ['bytes', 'device-answer-unusable', (response) => void response.end(Buffer.alloc(1000, 0xff))],
    ['a broken connection', 'device-silent', (response) => void response.destroy()],
    [
      'endless headers',
      'device-silent',
      (response) => void response.writeHead(200, { x: 'y'.repeat(100_000) }).end(),
    ],
  ];
  for (const [what, code, send] of answers) {
    test(`that sends ${what} costs no more than a bounded answer`, async () => {
      const instead = (action: string, response: ServerResponse): boolean => {
        if (action !== 'GetProfiles') return false;
        send(response);
        return true;
      };
      await using asked = await startOnvifDevice({ instead });
      let bytes = 0;
      const network: CameraNetwork = {
        async connect(target, signal) {
          const stream = await ownNetwork.connect(target, signal);
          stream.socket.on('close', () => {
            bytes = Math.max(bytes, stream.socket.bytesRead);
          });
          return stream;
        },
      };
      assert.equal(await codeOf(asked, {}, { network }), code);
      assert.ok(bytes < 4 * largestAnswerBytes, `${bytes} bytes were read`);
    });
  }

  test('that never ends its answer is left after some seconds', async () => {
    const clock = new VirtualClock();
    const instead = (action: string, response: ServerResponse): boolean => {
      if (action !== 'GetProfiles') return false;
      response.writeHead(200).write('<s:Envelope>', () => clock.advanceBy(8_000));
      return true;
    };
    await using asked = await startOnvifDevice({ instead, clockAheadMs: -Date.now() });
    assert.equal(await codeOf(asked, {}, { clock }), 'device-silent');
  });

  test('is not told from a closed port before it has shown that it is a device', async () => {
    await using web = await startOnvifDevice({
      instead: (_, response) => {
        response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="router"' }).end('<html><p>Login</html>');
        return true;
      },
    });
    await using redirecting = await startOnvifDevice({
      instead: (_, response) => {
        response.writeHead(302, { Location: 'https://127.0.0.1/' }).end();
        return true;
      },
    });
    for (const server of [web, redirecting]) assert.equal(await codeOf(server), 'device-unknown');
    await using wrong = await startOnvifDevice({ login: 'digest-always' });
    assert.equal(await codeOf(wrong, { credential: { user: 'a', password: 'b' } }), 'device-login-refused');
  });

  test('in a network where no device may be is not connected to', async () => {
    await using asked = await startOnvifDevice({ profiles });
    assert.equal(await codeOf(asked, { extraNetworks: [] }), 'address-refused');
    assert.deepEqual(asked.got, []);
    assert.equal(failed(await ask(asked, { address: 'rtsp://127.0.0.1/' })).code, 'device-unknown');
  });
});

interface Means {
  readonly network?: CameraNetwork;
  readonly clock?: Clock;
}

function ask(
  { origin }: RunningDevice,
  plan: Partial<DevicePlan> = {},
  { network = ownNetwork, clock = systemClock }: Means = {},
) {
  const { signal } = new AbortController();
  const device = { address: origin, credential, fingerprint: null, extraNetworks: null, ...plan };
  return readDeviceProfiles(device, { network, clock, signal });
}

function failed(outcome: Awaited<ReturnType<typeof readDeviceProfiles>>) {
  assert.ok(outcome.outcome === 'failed', JSON.stringify(outcome));
  const { message, remedy } = outcome;
  assert.ok(message !== '' && remedy !== '');
  assert.ok(reportSchema.safeParse({ type: 'device-asked', request: 1, result: outcome }).success);
  return outcome;
}

const codeOf = async (...asked: Parameters<typeof ask>): Promise<string> => failed(await ask(...asked)).code;

/** Neither in readable form nor as Basic has it. */
function assertNoPassword({ got }: RunningDevice): void {
  const sent = JSON.stringify(got);
  const basic = Buffer.from(`${deviceUser}:${devicePassword}`).toString('base64');
  for (const form of [devicePassword, JSON.stringify(devicePassword).slice(1, -1), basic, 'Basic ']) {
    assert.ok(!sent.includes(form), form);
  }
}
