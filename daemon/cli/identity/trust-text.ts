import type { TrustStatus } from '../../control/trust-control.js';
import { table } from '../output.js';
import type { ShowTime } from '../site-time.js';

/** The keys in columns, and below them what came of commands. */
export function describeTrust({ keys, commands }: TrustStatus, show: ShowTime): string {
  const rows = keys.map(({ issuer, keyId, algorithm, scopes, notAfter, isExpired }) => [
    issuer,
    keyId,
    algorithm,
    `${notAfter == null ? '-' : show(notAfter)}${isExpired ? ' (over)' : ''}`,
    scopes.join(' '),
  ]);
  const list =
    keys.length === 0
      ? 'the box trusts nobody: it executes no commands over MQTT'
      : table(['issuer', 'key', 'algorithm', 'until', 'scopes'], rows);
  const { accepted, executed, repeated, waiting, refused } = commands;
  const refusals = Object.entries(refused).map(([code, count]) => `${code} ${count}`);
  return [
    list,
    `commands since the start: ${accepted} accepted, ${executed} executed, ${repeated} came again, ${waiting} waiting`,
    `refused: ${refusals.length === 0 ? 'none' : refusals.join(', ')}`,
  ].join('\n');
}
