import { counted } from '../../base/counted.js';
import type {
  GalleryStatus,
  GalleryVerification,
  LastVerification,
  ReEmbedStatus,
} from '../../control/gallery-control.js';
import type {
  DisagreeingPerson,
  VerifyFinding,
  VerifyProgress,
  VerifyReason,
} from '../../gallery/verify/verify-report.js';
import { describeRotation } from '../key/key-text.js';
import { table } from '../output.js';
import type { ToldProgress } from '../progress.js';
import type { ShowTime } from '../site-time.js';

/** Rows shown as text at most; JSON has them all. */
const MOST_SHOWN = 50;

const reasons: Readonly<Record<VerifyReason, string>> = {
  'does-not-open': 'does not open: altered or moved',
  'key-does-not-open': 'its data key is gone or does not open',
  'not-a-template': 'opens, but is no template',
  'of-nobody': 'belongs to nobody',
  'rolled-back': 'replayed: older than the audit log says',
  erased: 'belongs to somebody who was erased',
  'page-damaged': 'lies on a damaged page of the file',
  'of-nothing': 'nothing lies under it',
  'not-in-audit': 'the audit log does not know them',
  missing: 'is gone, though the audit log knows of it',
};

function findingTable(findings: readonly VerifyFinding[]): string {
  const rows = findings
    .slice(0, MOST_SHOWN)
    .map(({ table: of, rowId = '-', personId = '-', reason }) => [of, rowId, personId, reasons[reason]]);
  const more = findings.length - rows.length;
  const shown = table(['table', 'row', 'person', 'what is wrong'], rows);
  return more > 0 ? `${shown}\n… and ${more} more (--json shows all)` : shown;
}

function disagreementLines(persons: readonly DisagreeingPerson[]): readonly string[] {
  if (persons.length === 0) return [];
  const rows = persons.flatMap(({ personId, recogniser, threshold, templates }) =>
    templates.map(({ templateId, photographId = '-', similarity }) => [
      ...[personId, recogniser, templateId, photographId],
      ...[similarity.toFixed(3), threshold.toFixed(3)],
    ]),
  );
  const heading = ['person', 'recogniser', 'template', 'photograph', 'similarity', 'needed'];
  const more = rows.length - MOST_SHOWN;
  return [
    `templates of ${counted(persons.length, 'person')} disagree: they may come from photographs of different people`,
    table(heading, rows.slice(0, MOST_SHOWN)),
    ...(more > 0 ? [`… and ${more} more (--json shows all)`] : []),
    "  what to do: look at the photographs ('rollcall person export ID --out FOLDER'). If they show different people, erase the person and enrol each of them with their own photographs. If they show one person, erase the person and enrol them again without the photograph that is named.",
  ];
}

function auditLine({ audit }: GalleryVerification): string {
  if (audit === undefined) return 'audit log: cannot be read';
  const { outcome, entryCount, breakage } = audit;
  const broken = breakage === undefined ? '' : `, from entry ${breakage.sequence} on: ${breakage.message}`;
  return `audit log: ${outcome}, ${counted(entryCount, 'entry', 'entries')}${broken}`;
}

export function describeVerification(verification: GalleryVerification): string {
  const { checked, durationMs, findings, disagreeing, pages, isWhole } = verification;
  const { dataKeys, persons, templates, photographs, evidence } = checked;
  const lines = [
    `opened ${counted(persons, 'person')}, ${counted(templates, 'template')}, ${counted(photographs, 'photograph')}, ${counted(evidence, 'picture of an event', 'pictures of events')} and ${counted(dataKeys, 'data key')} in ${(durationMs / 1000).toFixed(1)} s`,
  ];
  if (findings.length > 0)
    lines.push(
      `${counted(findings.length, 'row is damaged; it is', 'rows are damaged; they are')} put aside:`,
      findingTable(findings),
    );
  if (pages.length > 0) lines.push('pages of the file are damaged:', ...pages.map((page) => `  ${page}`));
  lines.push(auditLine(verification), isWhole ? 'the gallery is whole' : 'the gallery is NOT whole');
  if (!isWhole)
    lines.push('  what to do: rollcall backup restore, or erase and enrol again the persons named');
  lines.push(...disagreementLines(disagreeing));
  return lines.join('\n');
}

export function describeReEmbedding(move: ReEmbedStatus): string {
  const { from, to, recogniserName, state, total, made, refused, missing, acceptsMissing, problem } = move;
  const counts = `${made} of ${counted(total, 'photograph')} embedded, ${refused} refused`;
  const lines = [`move from ${from} to ${to}: ${state}, ${counts}`];
  if (problem !== undefined) lines.push(`  ${problem.message}`, `  what to do: ${problem.remedy}`);
  if (missing.length > 0) {
    const shown = missing.slice(0, MOST_SHOWN).join(', ');
    lines.push(
      `  no template of ${counted(missing.length, 'person')}${acceptsMissing ? ' (accepted)' : ''}: ${shown}`,
    );
  }
  if (state === 'ready') {
    lines.push(
      `  what to do: restart rollcalld. Where the configuration names a recogniser, set vision.recogniser to ${recogniserName} first`,
    );
  }
  if (state === 'incomplete') {
    lines.push(
      `  what to do: erase them and enrol them again with other photographs, or run 'rollcall gallery re-embed --to ${recogniserName} --accept-missing'`,
    );
  }
  return lines.join('\n');
}

function contentsLines({ contents }: GalleryStatus): readonly string[] {
  if (contents === undefined) return ['there is no file that can be read'];
  const { persons, templates, photographs, evidence, fileBytes, schemaVersion, recogniser } = contents;
  const { active, removed, staged } = persons;
  const made = templates.map(({ recogniser: by, count }) => `${count} by ${by}`).join(', ');
  return [
    `recogniser: ${recogniser ?? '-'}`,
    `persons: ${active} active, ${removed} removed, ${staged} staged`,
    `templates: ${made === '' ? 'none' : made}`,
    `photographs: ${photographs}`,
    `pictures of events: ${evidence.attendance} attendance, ${evidence.unknown} unknown, ${evidence.attack} attack`,
    `file: ${(fileBytes / 2 ** 20).toFixed(1)} MiB, schema ${schemaVersion}`,
  ];
}

function describeLast({ at, damaged, disagreeing, pages, audit }: LastVerification, show: ShowTime): string {
  const doubtful = disagreeing === 0 ? '' : `, ${counted(disagreeing, 'person')} whose templates disagree`;
  return `${show(at)}, ${counted(damaged, 'damaged row')}${doubtful}, ${counted(pages, 'message')} about pages, audit log ${audit}`;
}

const stepWords: Readonly<Record<VerifyProgress['step'], string>> = {
  rows: 'opening every field',
  'audit-log': 'checking the audit log',
  pages: 'checking the pages of the file',
};

/** How far the verification under way is; undefined where there is none. */
export function toldOf({ verification }: Pick<GalleryStatus, 'verification'>): ToldProgress | undefined {
  return verification === undefined ? undefined : { ...verification, step: stepWords[verification.step] };
}

export function describeGalleryStatus(status: GalleryStatus, show: ShowTime): string {
  const { state, reason, keys, quarantined, rotation, reEmbedding, verification, lastVerification } = status;
  const sealed =
    reason === undefined ? '' : `, nobody is identified: ${reason.message}\n  what to do: ${reason.remedy}`;
  const lines = [`gallery: ${state === 'sealed' ? 'SEALED' : state}${sealed}`, ...contentsLines(status)];
  for (const { keyId, provider, isCurrent, ageS } of keys) {
    const days = Math.floor(ageS / 86_400);
    lines.push(
      `key: ${keyId} (${provider}), ${counted(days, 'day')} old${isCurrent ? '' : ', being taken out of use'}`,
    );
  }
  if (rotation !== undefined) lines.push(describeRotation(rotation));
  if (reEmbedding !== undefined) lines.push(describeReEmbedding(reEmbedding));
  if (verification !== undefined) {
    const { step, done, total } = verification;
    lines.push(`verification under way: ${done} of ${counted(total, 'row')}; ${stepWords[step]}`);
  }
  lines.push(
    `last verification: ${lastVerification === undefined ? 'none' : describeLast(lastVerification, show)}`,
  );
  if (quarantined.length > 0)
    lines.push(`${counted(quarantined.length, 'row is', 'rows are')} put aside:`, findingTable(quarantined));
  return lines.join('\n');
}
