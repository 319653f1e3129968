import type { TrustStatus } from '../../control/trust-control.js';
import { table } from '../output.js';
import type { ShowTime } from '../site-time.js';

/** The keys in columns, and below them what came of commands. */
export function describeTrust({ keys, aside, commands }: TrustStatus, show: ShowTime): string {
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
    ...asideText(aside, show),
    `commands since the start: ${accepted} accepted, ${executed} executed, ${repeated} came again, ${waiting} waiting`,
    `refused: ${refusals.length === 0 ? 'none' : refusals.join(', ')}`,
  ].join('\n');
}

const reasons: Readonly<Record<string, string>> = {
  'not-sealed': 'this program did not write it',
  'other-box': 'it is of another box',
  'put-back': 'it is of an earlier time',
  missing: 'the audit log knows of more than is there',
  unfinished: 'the newest change is in the audit log only',
  'log-older': 'the audit log is older than the records',
  'log-broken': 'the audit log was altered',
};

function asideText(aside: TrustStatus['aside'], show: ShowTime): readonly string[] {
  if (aside.length === 0) return [];
  const rows = aside.map(({ reason, kind = '-', id = '-', at }) => [
    show(at),
    kind,
    id,
    reasons[reason] ?? reason,
  ]);
  return [
    '',
    'found and not believed; look who can write to records.db, then: rollcall trust dismiss',
    table(['found at', 'kind', 'id', 'why'], rows),
    '',
  ];
}
