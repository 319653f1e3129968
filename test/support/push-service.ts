import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { importJWK, jwtVerify } from 'jose';
import type { TestCertificate } from './test-certificate.js';

const { subtle } = webcrypto;

/** A browser with a subscription: what its page gives to the box. */
export interface SubscribedBrowser {
  readonly endpoint: string;
  readonly p256dh: string;
  readonly auth: string;
}

export interface PushedMessage {
  readonly to: SubscribedBrowser;
  readonly headers: IncomingHttpHeaders;
  /** The claims of the signature. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** The key in the signature, base64url. */
  readonly key: string;
  /** What the browser reads. */
  readonly text: string;
}

export interface PushService extends AsyncDisposable {
  /** As an owner lists it. */
  readonly host: string;
  /** The messages that were taken. */
  readonly messages: readonly PushedMessage[];
  /** How many requests came, for any browser. */
  readonly requests: () => number;
  /** Sets the status of the next answers. */
  answer: (to: SubscribedBrowser) => number;
  subscribe(): Promise<SubscribedBrowser>;
}

/** A push service as browsers use them (RFC 8030), on a free loopback port, with the browsers that are subscribed there. */
export async function openPushService(certificate: TestCertificate): Promise<PushService> {
  const browsers = new Map<
    string,
    { readonly browser: SubscribedBrowser; readonly key: webcrypto.CryptoKey }
  >();
  const messages: PushedMessage[] = [];
  let requests = 0;
  const server = createServer({ cert: certificate.certificate, key: certificate.key });
  server.on('request', async (request, response) => {
    requests += 1;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const found = browsers.get(request.url ?? '');
    const status = found === undefined ? 404 : service.answer(found.browser);
    if (found !== undefined && status === 201) {
      const { browser, key } = found;
      const signed = await signatureIn(request.headers.authorization, service.host);
      const text = await read(Buffer.concat(chunks), browser, key);
      messages.push({ to: browser, headers: request.headers, ...signed, text });
    }
    response.writeHead(status, status === 307 ? { location: `https://${service.host}/elsewhere` } : {}).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const service: PushService = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages,
    requests: () => requests,
    answer: () => 201,
    async subscribe() {
      const { privateKey, publicKey } = await subtle.generateKey(
        { name: 'ECDH', namedCurve: 'P-256' },
        true,
        ['deriveBits'],
      );
      const path = `/push/${browsers.size}`;
      const browser = {
        endpoint: `https://${service.host}${path}`,
        p256dh: Buffer.from(await subtle.exportKey('raw', publicKey)).toString('base64url'),
        auth: Buffer.from(webcrypto.getRandomValues(new Uint8Array(16))).toString('base64url'),
      };
      browsers.set(path, { browser, key: privateKey });
      return browser;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return service;
}

/** Checks a signature of RFC 8292 for this service. */
async function signatureIn(header = '', host: string) {
  const [, token = '', key = ''] = /^vapid t=([^,]+), k=(.+)$/.exec(header) ?? [];
  const point = Buffer.from(key, 'base64url');
  const [x, y] = [point.toString('base64url', 1, 33), point.toString('base64url', 33)];
  const publicKey = await importJWK({ kty: 'EC', crv: 'P-256', alg: 'ES256', x, y });
  // The test chooses the time.
  const currentDate = new Date(0);
  const { payload } = await jwtVerify(token, publicKey, { audience: `https://${host}`, currentDate });
  return { claims: payload, key };
}

/** Decrypts a message as a browser does (RFC 8291). */
async function read(
  body: Buffer,
  { p256dh, auth }: SubscribedBrowser,
  privateKey: webcrypto.CryptoKey,
): Promise<string> {
  const [salt, head, point, sealed] = [
    body.subarray(0, 16),
    body.subarray(16, 21),
    body.subarray(21, 86),
    body.subarray(86),
  ];
  assert.deepEqual([head.readUInt32BE(0), head[4]], [4096, 65]);
  const sender = await subtle.importKey('raw', point, { name: 'ECDH', namedCurve: 'P-256' }, true, []);
  const shared = await subtle.deriveBits({ name: 'ECDH', public: sender }, privateKey, 256);
  const derived = async (secret: ArrayBuffer, saltOf: Uint8Array, info: Buffer, bytes: number) => {
    const key = await subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
    const given = { name: 'HKDF', hash: 'SHA-256', salt: saltOf, info };
    return await subtle.deriveBits(given, key, bytes * 8);
  };
  const about = Buffer.concat([Buffer.from('WebPush: info\0'), Buffer.from(p256dh, 'base64url'), point]);
  const secret = await derived(shared, Buffer.from(auth, 'base64url'), about, 32);
  const raw = await derived(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
  const iv = await derived(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
  const key = await subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt']);
  const plain = Buffer.from(await subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed));
  assert.equal(plain.at(-1), 2, 'it is the last record');
  return plain.subarray(0, -1).toString('utf8');
}
