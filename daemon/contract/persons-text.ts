import { counted } from '../kernel/counted.js';
import type { Consent } from '../kernel/persons/consent.js';
import { table } from '../kernel/text-table.js';
import type { ShownWith, SiteClock } from './command-line.js';
import type { PersonDetail, PersonSummary } from './person.js';

/** A list of persons; `input`: what narrows it. */
export function describePersons(persons: readonly PersonSummary[], shown: ShownWith): string {
  const { removed: _, ...filter } = shown.input;
  if (persons.length === 0 && Object.keys(filter).length > 0) return 'No person is like that.';
  return personTable(persons, shown);
}

export function personTable(persons: readonly PersonSummary[], { show }: SiteClock): string {
  if (persons.length === 0) return 'No persons are enrolled.';
  const rows = persons.map((person) => [
    person.id,
    person.name,
    person.externalId ?? '',
    person.state,
    show(person.enrolledAt),
    String(person.templates),
    String(person.photographs),
    person.watch?.mark ?? '',
    describeValidity(person) ?? '',
    person.groups?.join(', ') ?? '',
  ]);
  const heads = ['id', 'name', 'external id', 'state', 'enrolled at', 'templates', 'photos'];
  return tableOfUsed([...heads, 'mark', 'valid', 'groups'], rows);
}

/** Leaves out the last three columns where no person has a value. */
function tableOfUsed(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const used = heads.map((_, column) => column < heads.length - 3 || rows.some((row) => row[column] !== ''));
  const kept = (cells: readonly string[]) => cells.filter((_, column) => used[column]);
  return table(kept(heads), rows.map(kept));
}

function describeValidity({ validFrom, validUntil }: PersonSummary): string | undefined {
  if (validFrom === undefined) return validUntil === undefined ? undefined : `until ${validUntil}`;
  return validUntil === undefined ? `from ${validFrom}` : `${validFrom} to ${validUntil}`;
}

/** The profile of a person, one field per line. */
export function describePerson(person: PersonDetail, { show }: SiteClock): string {
  const { id, name, externalId, state, enrolledAt, removedAt, templates, consent, notes, threshold } = person;
  const { groups, watch, thresholdInForce: inForce } = person;
  const validity = describeValidity(person);
  const lines: (readonly [what: string, value: string])[] = [
    ['id', id],
    ['name', name],
    ['external id', externalId ?? '-'],
    ['state', removedAt === undefined ? state : `${state} at ${show(removedAt)}`],
    ['enrolled at', show(enrolledAt)],
    ['templates', String(templates)],
    ['photos', person.photographIds.length === 0 ? 'none' : person.photographIds.join(', ')],
    ['consent', consent === undefined ? 'none recorded' : describeConsent(consent)],
    ...(groups === undefined ? [] : [['groups', groups.join(', ')] as const]),
    ...(validity === undefined ? [] : [['valid', validity] as const]),
    ...(watch === undefined ? [] : [['mark', `${watch.mark}: ${watch.reason}`] as const]),
    ...(threshold === undefined
      ? []
      : [
          [
            'threshold',
            `${threshold.similarity} with ${threshold.recogniser}, set by hand: ${threshold.reason}`,
          ] as const,
        ]),
    ...(inForce === undefined || inForce.reason === 'manual'
      ? []
      : [['needs', describeThreshold(inForce)] as const]),
    ...Object.entries(person.fields ?? {}),
    ...(notes === undefined ? [] : [['notes', notes.replaceAll('\n', `\n${' '.repeat(13)}`)] as const]),
  ];
  return lines.map(([what, value]) => `${what.padEnd(11)}  ${value}`).join('\n');
}

const thresholdReasons = {
  few: 'so few persons are enrolled that nothing can be estimated',
  neighbour: 'another enrolled person is that similar',
  strangers: 'identification.targetFpir demands it',
  manual: 'set by hand',
} as const;

/** What the box demands for this person, why, and what takes it back. */
function describeThreshold(inForce: NonNullable<PersonDetail['thresholdInForce']>): string {
  const { similarity, general, reason, markedPassages } = inForce;
  const than = `${similarity.toFixed(3)} instead of ${general.toFixed(3)}`;
  if (reason !== 'marked') return `${than}: ${thresholdReasons[reason]}`;
  if (markedPassages === undefined) return `${than}: passages were marked as wrong`;
  const were = markedPassages.length === 1 ? 'was' : 'were';
  const undo = markedPassages.map((id) => `\n${' '.repeat(13)}rollcall passages unmark ${id}`);
  return `${than}: ${counted(markedPassages.length, 'passage')} ${were} marked as wrong; to undo:${undo.join('')}`;
}

function describeConsent({ basis, dateIso, reference, withdrawnIso }: Consent): string {
  const withdrawn = withdrawnIso === undefined ? '' : `, withdrawn on ${withdrawnIso}`;
  return `${basis} of ${dateIso}, reference ${reference}${withdrawn}`;
}
