import type {
  AlikePair,
  CalibratedPerson,
  DisagreeingPerson,
  GalleryCalibrationReport,
  GalleryStatus,
  GalleryVerification,
  LastVerification,
  ReEmbedding,
  VerifyFinding,
  VerifyProgress,
} from '../../contract/gallery.js';
import { describeRotation } from '../../core/doctor/rotation-text.js';
import { counted } from '../../kernel/counted.js';
import { fewestForEstimate } from '../../kernel/identification/calibration.js';
import { table } from '../../kernel/text-table.js';
import type { WorkProgress } from '../progress.js';
import type { ShowTime } from '../site-time.js';

/** Largest number of rows shown as text; JSON has all rows. */
const MOST_SHOWN = 50;

const reasons: Readonly<Record<VerifyFinding['reason'], string>> = {
  'does-not-open': 'does not open: altered or moved',
  'key-does-not-open': 'its data key is missing or does not open',
  'not-a-template': 'opens, but is not a template',
  'of-nobody': 'belongs to no person',
  'rolled-back': 'replayed: older than in the audit log',
  erased: 'belongs to a person who was erased',
  'page-damaged': 'on a damaged page of the file',
  'of-nothing': 'data key that seals no data',
  'not-in-audit': 'person missing in the audit log',
  missing: 'in the audit log, but not in the gallery',
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
  const heading = ['person', 'recogniser', 'template', 'photo', 'similarity', 'needed'];
  const more = rows.length - MOST_SHOWN;
  return [
    `templates of ${counted(persons.length, 'person')} disagree: they may come from photos of different people`,
    table(heading, rows.slice(0, MOST_SHOWN)),
    ...(more > 0 ? [`… and ${more} more (--json shows all)`] : []),
    "  what to do: Look at the photos ('rollcall person export ID --out FOLDER'). If they show different people, erase the person and enrol each of them with their own photos. If they show one person, erase the person and enrol them again without the photo in the table.",
  ];
}

function auditLine({ audit }: GalleryVerification): string {
  if (audit === undefined) return 'audit log: cannot be read';
  const { outcome, entryCount, breakage } = audit;
  const broken = breakage === undefined ? '' : `, broken at entry ${breakage.sequence}: ${breakage.message}`;
  return `audit log: ${outcome}, ${counted(entryCount, 'entry', 'entries')}${broken}`;
}

export function describeVerification(verification: GalleryVerification): string {
  const { checked, durationMs, findings, disagreeing, pages, isWhole } = verification;
  const { dataKeys, persons, templates, photographs, evidence } = checked;
  const lines = [
    `opened ${counted(persons, 'person')}, ${counted(templates, 'template')}, ${counted(photographs, 'photo')}, ${counted(evidence, 'picture of an event', 'pictures of events')} and ${counted(dataKeys, 'data key')} in ${(durationMs / 1000).toFixed(1)} s`,
  ];
  if (findings.length > 0)
    lines.push(
      `${counted(findings.length, 'damaged row, which the gallery ignores', 'damaged rows, which the gallery ignores')}:`,
      findingTable(findings),
    );
  if (pages.length > 0) lines.push('pages of the file are damaged:', ...pages.map((page) => `  ${page}`));
  lines.push(auditLine(verification), isWhole ? 'the gallery is whole' : 'the gallery is NOT whole');
  if (!isWhole)
    lines.push(
      "  what to do: Run 'rollcall backup restore', or erase the persons above and enrol them again.",
    );
  lines.push(...disagreementLines(disagreeing));
  return lines.join('\n');
}

export function describeReEmbedding(move: ReEmbedding): string {
  const { from, to, recogniserName, state, total, made, refused, missing, acceptsMissing, problem } = move;
  const counts = `${made} of ${counted(total, 'photo')} embedded, ${refused} refused`;
  const lines = [`move from ${from} to ${to}: ${state}, ${counts}`];
  if (problem !== undefined) lines.push(`  ${problem.message}`, `  what to do: ${problem.remedy}`);
  if (missing.length > 0) {
    const shown = missing.slice(0, MOST_SHOWN).join(', ');
    lines.push(
      `  ${counted(missing.length, 'person')} without a template${acceptsMissing ? ' (accepted)' : ''}: ${shown}`,
    );
  }
  if (state === 'ready') {
    lines.push(
      `  what to do: If the configuration names a recogniser, set vision.recogniser to ${recogniserName}; then restart rollcalld.`,
    );
  }
  if (state === 'incomplete') {
    lines.push(
      `  what to do: Erase these persons and enrol them again with other photos, or run 'rollcall gallery re-embed --to ${recogniserName} --accept-missing'.`,
    );
  }
  return lines.join('\n');
}

function contentsLines({ contents }: GalleryStatus): readonly string[] {
  if (contents === undefined) return ['the gallery file cannot be read'];
  const { persons, templates, photographs, evidence, fileBytes, schemaVersion, recogniser } = contents;
  const { active, removed, staged } = persons;
  const made = templates.map(({ recogniser: by, count }) => `${count} by ${by}`).join(', ');
  return [
    `recogniser: ${recogniser ?? '-'}`,
    `persons: ${active} active, ${removed} removed, ${staged} staged`,
    `templates: ${made === '' ? 'none' : made}`,
    `photos: ${photographs}`,
    `pictures of events: ${evidence.attendance} attendance, ${evidence.unknown} unknown, ${evidence.attack} attack; of passages: ${evidence.passage}`,
    `file: ${(fileBytes / 2 ** 20).toFixed(1)} MiB, schema ${schemaVersion}`,
  ];
}

function describeLast({ at, damaged, disagreeing, pages, audit }: LastVerification, show: ShowTime): string {
  const doubtful = disagreeing === 0 ? '' : `, ${counted(disagreeing, 'person')} whose templates disagree`;
  return `${show(at)}, ${counted(damaged, 'damaged row')}${doubtful}, ${counted(pages, 'page problem')}, audit log ${audit}`;
}

const stepWords: Readonly<Record<VerifyProgress['step'], string>> = {
  rows: 'opening every field',
  'audit-log': 'checking the audit log',
  pages: 'checking the pages of the file',
};

/** The progress of the verification under way; undefined if there is none. */
export function progressOf({ verification }: Pick<GalleryStatus, 'verification'>): WorkProgress | undefined {
  return verification === undefined ? undefined : { ...verification, step: stepWords[verification.step] };
}

export function describeGalleryStatus(status: GalleryStatus, show: ShowTime): string {
  const { state, reason, keys, quarantined, rotation, reEmbedding, verification, lastVerification } = status;
  const sealed =
    reason === undefined
      ? ''
      : `, no person is recognised: ${reason.message}\n  what to do: ${reason.remedy}`;
  const lines = [`gallery: ${state === 'sealed' ? 'SEALED' : state}${sealed}`, ...contentsLines(status)];
  for (const { keyId, provider, isCurrent, ageS } of keys) {
    const days = Math.floor(ageS / 86_400);
    lines.push(
      `key: ${keyId} (${provider}), ${counted(days, 'day')} old${isCurrent ? '' : ', being replaced'}`,
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
  lines.push(...quarantineLines(quarantined));
  return lines.join('\n');
}

function quarantineLines({ count, rows }: GalleryStatus['quarantined']): readonly string[] {
  if (count === 0) return [];
  const more = count - rows.length;
  return [
    `${counted(count, 'damaged row is', 'damaged rows are')} ignored:`,
    findingTable(rows),
    ...(more > 0
      ? [`… and ${more} more ("rollcall audit list --action gallery.row-quarantined" has all)`]
      : []),
  ];
}

const thresholdReasons: Readonly<Record<CalibratedPerson['reason'], string>> = {
  floor: 'threshold of the box',
  few: 'too few persons',
  neighbour: 'above the nearest person',
  strangers: 'for the target',
  manual: 'set by hand',
  marked: 'above a marked false match',
};

/** The result of a calibration. */
export function describeCalibration(report: GalleryCalibrationReport): string {
  const { recogniser, floor, targetFpir, expectedFpir, expectedFnir, persons, alike, durationMs } = report;
  const seconds = (durationMs / 1000).toFixed(1);
  return [
    `compared ${counted(persons.length, 'person')} by ${recogniser} in ${seconds} s`,
    `threshold of the box: ${floor.toFixed(3)}; this is the lowest threshold of any person`,
    targetFpir === undefined
      ? 'target: off, so all persons have the threshold of the box (identification.targetFpir sets a target)'
      : `target: at most ${percent(targetFpir)} of unknown people may be recognised as an enrolled person`,
    expectedFpir === undefined
      ? `expected: unknown, because too few persons are enrolled (fewer than ${fewestForEstimate})${targetFpir === undefined ? '' : '; their thresholds are raised by the margin to be safe'}`
      : `expected: ${percent(expectedFpir)} of unknown people are recognised as an enrolled person, if unknown people resemble the enrolled persons as much as these resemble each other`,
    ...(expectedFnir === undefined
      ? []
      : [
          `expected: ${percent(expectedFnir)} of the passages of enrolled persons are missed; more at the cameras`,
        ]),
    ...personLines(persons),
    ...alikeLines(alike),
  ].join('\n');
}

function personLines(persons: readonly CalibratedPerson[]): readonly string[] {
  if (persons.length === 0) return [];
  const rows = persons
    .slice(0, MOST_SHOWN)
    .map(({ threshold, reason, note, fnmr, references, neighbours: [nearest], ...person }) => [
      nameOf(person),
      threshold.toFixed(3),
      note === undefined ? thresholdReasons[reason] : `${thresholdReasons[reason]}: ${note}`,
      fnmr === undefined ? '-' : percent(fnmr),
      String(references),
      nearest === undefined ? '-' : `${nameOf(nearest)} ${nearest.highest.toFixed(3)}`,
    ]);
  const heading = ['person', 'threshold', 'why', 'missed', 'references', 'nearest person'];
  const more = persons.length - rows.length;
  return [table(heading, rows), ...(more > 0 ? [`… and ${more} more (--json shows all)`] : [])];
}

function nameOf({ name, personId }: AlikePair['a']): string {
  return name ?? personId;
}

function alikeLines(alike: readonly AlikePair[]): readonly string[] {
  if (alike.length === 0) return ['no two persons look alike to this box'];
  const rows = alike
    .slice(0, MOST_SHOWN)
    .map(({ a, b, similarity, margin, isSeparable }) => [
      nameOf(a),
      nameOf(b),
      similarity.toFixed(3),
      isSeparable ? `alike, told apart by a margin of ${margin.toFixed(3)}` : 'cannot be told apart',
    ]);
  const more = alike.length - rows.length;
  return [
    `${counted(alike.length, 'pair')} of persons look alike to this box:`,
    table(['person', 'person', 'similarity', 'verdict'], rows),
    ...(more > 0 ? [`… and ${more} more (--json shows all)`] : []),
    "  what to do: Enrol more photos of these persons, taken by the cameras of the site. For persons who cannot be told apart, use a second factor such as a card, or remove one of them ('rollcall person remove'). Another recogniser may tell them apart (docs/reference/models.md). If two entries are the same person, erase one of them.",
  ];
}

/** A share in per cent with two significant digits. */
function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}
