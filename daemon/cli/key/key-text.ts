import type { SiteClock } from '../../contract/command-line.js';
import type { KeyStatus } from '../../contract/keys.js';
import { describeRotation, remedyLine } from '../../core/doctor/rotation-text.js';
import type { KeyProviderReport } from '../../core/gallery/keys/key-provider.js';
import { counted } from '../../kernel/counted.js';
import { table } from '../../kernel/text-table.js';

const SECONDS_PER_DAY = 86_400;

function ageText(ageS: number): string {
  return counted(Math.floor(ageS / SECONDS_PER_DAY), 'day');
}

export function describeKeyStatus(
  { state, reason, slots, rotation }: KeyStatus,
  { show }: SiteClock,
): string {
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
