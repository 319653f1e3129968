import type { RotatedIdentity, ShownIdentity } from '../../control/identity-control.js';
import { table } from '../output.js';

/** Who the box is, for a person who compares it with what a centre shows. */
export function describeIdentity({ site, box, keyId, fingerprint, since, former }: ShownIdentity): string {
  const lines = [`${site}/${box} signs with the key ${keyId} since ${since}`, `fingerprint: ${fingerprint}`];
  if (former.length === 0) return lines.join('\n');
  const rows = former.map((key) => [
    key.fingerprint,
    key.since,
    key.until,
    key.isEndorsing ? 'yes' : 'no',
    key.keyId,
  ]);
  const heading = ['former fingerprint', 'since', 'published until', 'endorses its successor', 'key'];
  return [...lines, '', table(heading, rows)].join('\n');
}

/** What a rotation came to. */
export function describeRotatedIdentity({ note, ...identity }: RotatedIdentity): string {
  const text = describeIdentity(identity);
  return note === undefined ? text : `${text}\n\nnote: ${note}`;
}
