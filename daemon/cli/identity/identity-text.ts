import type { RotatedIdentity, ShownIdentity } from '../../control/identity-control.js';
import { table } from '../output.js';
import type { ShowTime } from '../site-time.js';

/** Who the box is, for a person who compares it with what a centre shows. */
export function describeIdentity(
  { site, box, keyId, fingerprint, since, former }: ShownIdentity,
  show: ShowTime,
): string {
  const lines = [
    `${site}/${box} signs with the key ${keyId} since ${show(since)}`,
    `fingerprint: ${fingerprint}`,
  ];
  if (former.length === 0) return lines.join('\n');
  const rows = former.map((key) => [
    key.fingerprint,
    show(key.since),
    show(key.until),
    key.isEndorsing ? 'yes' : 'no',
    key.keyId,
  ]);
  const heading = ['former fingerprint', 'since', 'published until', 'endorses its successor', 'key'];
  return [...lines, '', table(heading, rows)].join('\n');
}

/** What a rotation came to. */
export function describeRotatedIdentity({ note, ...identity }: RotatedIdentity, show: ShowTime): string {
  const text = describeIdentity(identity, show);
  return note === undefined ? text : `${text}\n\nnote: ${note}`;
}
