import type { ActorCount, AuditEntry, AuditVerdict, ComplianceReport } from '../../contract/audit.js';
import { counted } from '../../kernel/counted.js';
import { table } from '../../kernel/text-table.js';
import type { ShowTime } from '../site-time.js';

/** One line per entry, oldest first. */
export function describeEntries(entries: readonly AuditEntry[], show: ShowTime): string {
  const rows = entries.map(({ sequence, at, actor, origin, action, subject = '-', details }) => [
    String(sequence),
    show(at),
    actor,
    origin,
    action,
    subject,
    Object.entries(details)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
  ]);
  return table(['entry', 'at', 'actor', 'origin', 'action', 'subject', 'details'], rows);
}

const remedies = {
  broken: [
    'what to do: Keep a copy of the gallery file. Find out who could write to it since the last good entry, and compare',
    'it with a backup. The daemon continues to write the log; the break stays visible.',
  ].join('\n  '),
  unproven: [
    'what to do: Nothing if you know that the audit key was lost, or that a backup of another box was restored. To prove',
    'these entries, put the former key back as the secret audit-key-former. Otherwise these entries were written',
    'without the key of this box.',
  ].join('\n  '),
};

/** The verdict and its remedy. */
export function describeVerdict(verdict: AuditVerdict): string {
  const { outcome, entryCount, breakage, newest } = verdict;
  const strange = verdict.segments
    .filter(({ isProven }) => !isProven)
    .map(
      ({ first, last, keyId }) =>
        `entries ${first} to ${last} were made with the key ${keyId}, which is not on this box`,
    );
  const note = newest === undefined ? [] : [`newest entry: ${newest.sequence}:${newest.hash}`];
  if (breakage !== undefined) {
    const { sequence, reason, message } = breakage;
    const verified = `${counted(entryCount, 'entry before it is', 'entries before it are')} intact`;
    return [
      `broken at entry ${sequence} (${reason}): ${message}`,
      verified,
      ...strange,
      `  ${remedies.broken}`,
    ].join('\n');
  }
  if (outcome === 'unproven') {
    return [
      `not proven: ${counted(entryCount, 'entry is', 'entries are')} intact, but not all were made with a known key`,
      ...strange,
      ...note,
      `  ${remedies.unproven}`,
    ].join('\n');
  }
  return [`whole: ${counted(entryCount, 'entry', 'entries')}, none altered, none missing`, ...note].join(
    '\n',
  );
}

/** The compliance report as text. */
export function describeReport(report: ComplianceReport, show: ShowTime): string {
  const { site, box, version, madeAt, period, persons, keys, accesses, refusals, actions } = report;
  const sections: readonly (readonly [title: string, body: string])[] = [
    [
      'Persons',
      table(
        ['enrolled', 'changed', 'removed', 'restored', 'erased', 'consent withdrawn'],
        [
          [
            persons.enrolled,
            persons.changed,
            persons.removed,
            persons.restored,
            persons.erased,
            persons.consentWithdrawn,
          ].map(String),
        ],
      ),
    ],
    ['Erasures', report.erasures.length === 0 ? 'none' : describeErasures(report.erasures, show)],
    ['Accesses', describeCounts(accesses)],
    ['Refused', describeCounts(refusals)],
    [
      'Keys',
      keys.length === 0
        ? 'none'
        : table(
            ['key', 'provider', 'made at', 'age'],
            keys.map(({ keyId, provider, madeAt: at, ageDays }) => [
              keyId,
              provider,
              show(at),
              counted(ageDays, 'day'),
            ]),
          ),
    ],
    [
      'All actions',
      table(
        ['action', 'count'],
        Object.entries(actions).map(([action, count]) => [action, String(count)]),
      ),
    ],
    ['Integrity of the whole log', describeVerdict(report.integrity)],
  ];
  const reach =
    report.oldestEntryAt === undefined
      ? 'the log is empty'
      : `the log reaches back to ${show(report.oldestEntryAt)}`;
  return [
    `Compliance report: site ${site}, box ${box}, rollcall ${version}`,
    `Period: ${show(period.from)} to ${show(period.to)}; made at ${show(madeAt)}; ${counted(report.entryCount, 'entry', 'entries')}, ${reach}`,
    ...sections.flatMap(([title, body]) => ['', title, body]),
  ].join('\n');
}

function describeCounts(counts: readonly ActorCount[]): string {
  if (counts.length === 0) return 'none';
  return table(
    ['action', 'actor', 'count'],
    counts.map(({ action, actor, count }) => [action, actor, String(count)]),
  );
}

function describeErasures(entries: readonly AuditEntry[], show: ShowTime): string {
  return table(
    ['entry', 'at', 'action', 'person', 'actor', 'hash'],
    entries.map(({ sequence, at, action, subject = '-', actor, hash }) => [
      String(sequence),
      show(at),
      action,
      subject,
      actor,
      hash,
    ]),
  );
}
