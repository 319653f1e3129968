import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { makeOwnCertificate } from '../../daemon/host/own-certificate.js';
import { closeOf } from '../../scripts/child-end.js';
import { echo, openTestGate, type TestGate } from '../support/gate.js';
import {
  makeCertificate,
  openssl,
  type TestCertificate,
  withoutOpenssl,
} from '../support/test-certificate.js';

/** Offered by a scanner that refuses nothing itself, so that what ends a connection is the gate. */
const everySuite = 'ALL:COMPLEMENTOFALL:@SECLEVEL=0';
const request = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

interface Scan {
  /** Of `openssl s_client`: 0 where the handshake succeeded. */
  readonly exitCode: number | null;
  /** What it printed: the connection, the answer, errors. */
  readonly text: string;
}

/** Connects as a stranger with `openssl s_client`, asks for a page and reads until the gate ends the connection. */
const scan = (gate: TestGate, args: readonly string[]): Promise<Scan> =>
  runClient(gate, ['-ign_eof', ...args], (input) => input.end(request));

async function runClient(
  { port }: TestGate,
  args: readonly string[],
  say: (input: Writable) => void,
): Promise<Scan> {
  const all = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', ...args];
  const child = spawn('openssl', all, { stdio: 'pipe' });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
  }
  child.stdin.on('error', () => undefined);
  say(child.stdin);
  const { code } = await closeOf(child);
  return { exitCode: code, text };
}

/** Asks again and again, each time without the suites that were chosen before, until the gate finds none. In its order. */
async function suitesOf(gate: TestGate, version: '1.2' | '1.3'): Promise<readonly string[]> {
  const chosen: string[] = [];
  const left = ['TLS_AES_128_GCM_SHA256', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_CCM_SHA256'];
  left.push('TLS_AES_128_CCM_8_SHA256', 'TLS_AES_256_GCM_SHA384');
  for (;;) {
    const without = chosen.map((suite) => `!${suite}`);
    const offered =
      version === '1.2'
        ? ['-tls1_2', '-cipher', [...without, everySuite].join(':')]
        : ['-tls1_3', '-ciphersuites', left.filter((suite) => !chosen.includes(suite)).join(':')];
    const { exitCode, text } = await scan(gate, offered);
    const suite = /Cipher is (\S+)/.exec(text)?.[1];
    if (exitCode !== 0 || suite === undefined || suite === '(NONE)') {
      assert.match(text, /alert handshake failure/, 'the gate itself refuses the rest');
      return chosen;
    }
    assert.ok(!chosen.includes(suite), text);
    chosen.push(suite);
  }
}

/** The gate names the reason: the scanner would have spoken the old version. */
async function refusesVersions(gate: TestGate, versions: readonly string[]): Promise<void> {
  for (const version of versions) {
    const { exitCode, text } = await scan(gate, [version, '-cipher', everySuite]);
    assert.notEqual(exitCode, 0, version);
    assert.match(text, /alert protocol version/, `${version}: ${text}`);
  }
}

/** A certificate for localhost behind an intermediate authority, and the root that callers know. */
function chained(): { readonly identity: TestCertificate; readonly root: string } {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-chain-'));
  const at = (name: string): string => join(folder, name);
  const issue = (name: string, issuer: string, extension: string): void => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const made = ['-keyout', at(`${name}.key`), '-out', at(`${name}.csr`), '-addext', extension];
    openssl('req', ...key, '-subj', `/CN=${name}`, ...made);
    const signed = issuer === name ? ['-signkey', at(`${name}.key`)] : [];
    if (issuer !== name)
      signed.push('-CA', at(`${issuer}.pem`), '-CAkey', at(`${issuer}.key`), '-CAcreateserial');
    const to = ['-days', '2', '-copy_extensions', 'copyall', '-out', at(`${name}.pem`)];
    openssl('x509', '-req', '-in', at(`${name}.csr`), ...signed, ...to);
  };
  try {
    issue('root', 'root', 'basicConstraints=critical,CA:TRUE');
    issue('between', 'root', 'basicConstraints=critical,CA:TRUE');
    issue('leaf', 'between', 'subjectAltName=DNS:localhost');
    const read = (name: string): string => readFileSync(at(name), 'utf8');
    const certificate = read('leaf.pem') + read('between.pem');
    return { identity: { certificate, key: read('leaf.key') }, root: read('root.pem') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs `work` with a path to the text. */
async function withFile(text: string, work: (path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-scan-'));
  try {
    const path = join(folder, 'text.pem');
    writeFileSync(path, text);
    await work(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('a scan of the gate with openssl', { skip: withoutOpenssl }, () => {
  test('finds TLS 1.3 alone by default, without early data, and a strict answer', async () => {
    await using gate = await openTestGate({ core: echo });
    await refusesVersions(gate, ['-tls1', '-tls1_1', '-tls1_2']);
    assert.deepEqual(await suitesOf(gate, '1.3'), [
      'TLS_AES_256_GCM_SHA384',
      'TLS_CHACHA20_POLY1305_SHA256',
      'TLS_AES_128_GCM_SHA256',
    ]);
    const { text } = await scan(gate, ['-tls1_3']);
    assert.match(text, /Max Early Data: 0/);
    assert.doesNotMatch(text, /Max Early Data: [1-9]/);
    assert.match(text, /Compression: NONE/);
    assert.match(text, /HTTP\/1\.1 200/);
    assert.match(text, /strict-transport-security: max-age=\d{8}/i);
  });

  test('finds only authenticated encryption with forward secrecy where TLS 1.2 is allowed', async () => {
    const kinds = ['AES256-GCM-SHA384', 'CHACHA20-POLY1305', 'AES128-GCM-SHA256'];
    const rsa = makeCertificate('localhost', 1, ['rsa:2048']);
    for (const [name, identity] of [
      ['ECDSA', makeCertificate('localhost')],
      ['RSA', rsa],
    ] as const) {
      await using gate = await openTestGate({ core: echo, minimumTls: '1.2', identity });
      await refusesVersions(gate, ['-tls1', '-tls1_1']);
      assert.deepEqual(
        await suitesOf(gate, '1.2'),
        kinds.map((kind) => `ECDHE-${name}-${kind}`),
      );
    }
  });

  test('finds no renegotiation and no compression where TLS 1.2 is allowed', async () => {
    await using gate = await openTestGate({ core: echo, minimumTls: '1.2' });
    // A line with this letter alone asks for it. The refusal ends the client.
    const { text } = await runClient(gate, ['-tls1_2', '-comp'], (input) => input.write('R\n'));
    assert.match(text, /RENEGOTIATING/);
    assert.match(text, /no renegotiation/);
    assert.match(text, /Compression: NONE/);
    assert.match(text, /Extended master secret: yes/);
  });

  test('agrees on HTTP/2 or HTTP/1.1, and on nothing else', async () => {
    await using gate = await openTestGate({ core: echo });
    for (const [offered, agreed] of [
      ['h2,http/1.1', 'h2'],
      ['http/1.1', 'http/1.1'],
    ] as const) {
      const { text } = await scan(gate, ['-alpn', offered]);
      assert.ok(text.includes(`ALPN protocol: ${agreed}`), text);
    }
    const { text } = await scan(gate, ['-alpn', 'spdy/3']);
    assert.doesNotMatch(text, /ALPN protocol: /);
    assert.doesNotMatch(text, /HTTP\/1\.1 200/);
  });

  test('finds a chain that leads to the authority, and a certificate for the name and no other', async () => {
    const { identity, root } = chained();
    await using gate = await openTestGate({ core: echo, identity });
    await withFile(root, async (path) => {
      const trusting = ['-CAfile', path, '-verify_return_error'];
      const { text, exitCode } = await scan(gate, [...trusting, '-verify_hostname', 'localhost']);
      assert.equal(exitCode, 0, text);
      assert.match(text, /Verify return code: 0 \(ok\)/);
      const other = await scan(gate, [...trusting, '-verify_hostname', 'other.example']);
      assert.match(other.text, /hostname mismatch/i);
      assert.notEqual(other.exitCode, 0);
    });
    const stranger = await scan(gate, ['-no-CAfile', '-no-CApath', '-no-CAstore', '-verify_return_error']);
    assert.match(stranger.text, /unable to get local issuer certificate/);
  });

  test('finds the certificate that a box makes fit for a server of its names alone', async () => {
    const names = ['localhost', 'box-7.example', '192.0.2.7'];
    const notBeforeMs = Date.now() - 1000;
    const pem = await makeOwnCertificate({
      commonName: 'box',
      names,
      notBeforeMs,
      notAfterMs: notBeforeMs + 86_400_000,
    });
    const keyAt = pem.indexOf('-----BEGIN PRIVATE KEY');
    const identity = { certificate: pem.slice(0, keyAt), key: pem.slice(keyAt) };
    await using gate = await openTestGate({ core: echo, identity });
    await withFile(identity.certificate, async (path) => {
      const trusting = ['-CAfile', path, '-verify_return_error', '-purpose', 'sslserver', '-x509_strict'];
      for (const name of ['localhost', 'box-7.example']) {
        const { text, exitCode } = await scan(gate, [...trusting, '-verify_hostname', name]);
        assert.equal(exitCode, 0, `${name}: ${text}`);
      }
      assert.equal((await scan(gate, [...trusting, '-verify_ip', '192.0.2.7'])).exitCode, 0);
      for (const wrong of [
        ['-verify_hostname', 'other.example'],
        ['-verify_ip', '192.0.2.8'],
      ]) {
        assert.match((await scan(gate, [...trusting, ...wrong])).text, /mismatch/i);
      }
      const asClient = await scan(gate, ['-CAfile', path, '-verify_return_error', '-purpose', 'sslclient']);
      assert.match(asClient.text, /unsupported certificate purpose|unsuitable certificate purpose/i);
    });
  });
});
