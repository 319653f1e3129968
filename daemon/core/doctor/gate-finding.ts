import { connect } from 'node:tls';
import type { Config } from '../../contract/settings/schema.js';
import { readUnit } from '../../host/unit-file.js';
import { doctor, type Finding, finding, ok } from './finding.js';

const answerWithinMs = 3_000;

/** Whether the gate answers; nothing where it is disabled or not installed as a service. */
export async function gateFindings(
  { gate }: Pick<Config, 'gate'>,
  unitDirectories: readonly string[] | undefined,
): Promise<readonly Finding[]> {
  if (!gate.enabled || (await readUnit('rollcall-gate.service', unitDirectories)) === undefined) return [];
  const { address, port } = gate;
  const own: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const fingerprint = await fingerprintAt(own[address] ?? address, port);
  const check = doctor('check-gate');
  if (fingerprint !== undefined) return [ok(check, doctor('gate-answers', { address, port, fingerprint }))];
  const message = doctor('gate-silent', { address, port });
  return [finding(check, 'warning', { message, remedy: doctor('remedy-gate-silent') })];
}

/** The certificate that is shown there is only reported, so any is accepted; nothing is sent. */
function fingerprintAt(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, rejectUnauthorized: false, timeout: answerWithinMs });
    const end = (fingerprint?: string): void => {
      resolve(fingerprint);
      socket.destroy();
    };
    socket.once('secureConnect', () => end(socket.getPeerCertificate().fingerprint256));
    socket.once('timeout', () => end());
    socket.once('error', () => end());
  });
}
