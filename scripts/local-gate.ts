import { once } from 'node:events';
import { get } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { operational } from '../daemon/kernel/errors.js';
import { type KeptChild, startKeptChild } from './kept-child.js';
import type { LocalBox } from './local-box.js';

const program = fileURLToPath(new URL('../dist/program/rollcall-gate.js', import.meta.url));
const lookEveryMs = 100;
const startWithinMs = 90_000;

/**
 * Starts the gate of a running box. Resolves when it answers HTTPS on `port` of 127.0.0.1.
 * @throws `gate-not-listening`, `process-lost`
 */
export async function startLocalGate({ client, directory }: LocalBox, port: number): Promise<KeptChild> {
  const gate = startKeptChild('rollcall-gate', {
    program,
    args: ['--folder', join(directory, 'run', 'gate')],
    logPath: join(directory, 'rollcall-gate.log'),
  });
  const answers = async (): Promise<void> => {
    const deadline = Date.now() + startWithinMs;
    for (;;) {
      const { gate: handedOver } = await client.call('status.show');
      const fingerprint = handedOver?.certificate?.fingerprint;
      if (fingerprint !== undefined && (await fingerprintAt(port)) === fingerprint) return;
      // The gate itself tries again and again.
      const problem = gate.lastLines.find((line) => line.includes('"level":"error"'));
      if (problem !== undefined || Date.now() > deadline) {
        throw operational(
          'gate-not-listening',
          `rollcall-gate does not answer on port ${port}. Its last output:\n${problem ?? gate.lastLines.join('\n')}`,
          { remedy: 'if another program uses the port, choose another one with --port' },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  };
  try {
    await Promise.race([answers(), gate.lost]);
    return gate;
  } catch (error) {
    await gate[Symbol.asyncDispose]();
    throw error;
  }
}

/** The certificate of what answers an HTTPS request there; undefined where nothing does. Another server may use the port. */
async function fingerprintAt(port: number): Promise<string | undefined> {
  const request = get({
    host: '127.0.0.1',
    port,
    path: '/',
    rejectUnauthorized: false,
    agent: false,
    timeout: 5000,
  });
  request.once('timeout', () => request.destroy(new Error('no answer')));
  try {
    const [response] = await once(request, 'response');
    return (response.socket as TLSSocket).getPeerCertificate().fingerprint256;
  } catch {
    return undefined;
  } finally {
    request.destroy();
  }
}
