import { counted } from '../../base/counted.js';
import type { Fault } from '../../contract/fault.js';
import type { KeyRotation } from '../../contract/gallery-keys.js';
import type { KeyStatus } from '../../contract/keys.js';
import type { KeyProviderReport } from '../../gallery/keys/key-provider.js';
import { table } from '../output.js';
import type { ShowTime } from '../site-time.js';

const SECONDS_PER_DAY = 86_400;

function ageText(ageS: number): string {
  return counted(Math.floor(ageS / SECONDS_PER_DAY), 'day');
}

function remedyLine({ remedy }: Fault): string {
  return remedy === '' ? '' : `\n  what to do: ${remedy}`;
}

const depthTexts = { wrap: 'rotation', deep: 'deep rotation' } as const;

export function describeRotation(rotation: KeyRotation): string {
  const { depth, fromKeyId, toKeyId, state, total, done, damaged, problem } = rotation;
  const counts = `${done} of ${counted(total, 'data key')}`;
  const broken = damaged === 0 ? '' : `, ${damaged} of them damaged and left unchanged`;
  const why = problem === undefined ? '' : `\n  ${problem.message}${remedyLine(problem)}`;
  return `${depthTexts[depth]} from ${fromKeyId} to ${toKeyId}: ${state}, ${counts}${broken}${why}`;
}

export function describeKeyStatus({ state, reason, slots, rotation }: KeyStatus, show: ShowTime): string {
  const lines = [
    reason === undefined ? `gallery: ${state}` : `gallery: ${state}, ${reason.message}${remedyLine(reason)}`,
  ];
  if (slots.length > 0) {
    const rows = slots.map(({ keyId, provider, isCurrent, createdAt, ageS }) => [
      keyId,
      provider,
      isCurrent ? 'current' : 'being replaced',
      show(createdAt),
      ageText(ageS),
    ]);
    lines.push(table(['key', 'provider', 'state', 'since', 'age'], rows));
  }
  if (rotation !== undefined) lines.push(describeRotation(rotation));
  return lines.join('\n');
}

export function describeProviderReports(reports: readonly KeyProviderReport[]): string {
  return reports
    .map(({ kind, description, isUsable, message, remedy = '' }) => {
      const verdict = isUsable ? 'usable' : 'not usable';
      const what = remedy === '' ? '' : `\n  what to do: ${remedy}`;
      return `${kind} (${description}): ${verdict}: ${message}${what}`;
    })
    .join('\n');
}
