import type { Consent } from '../kernel/persons/consent.js';
import type { Say } from '../kernel/said.js';
import { namedLines, table } from '../kernel/text-table.js';
import { columns, type Reader, type ShownWith } from './command-line.js';
import type { PersonDetail, PersonSummary } from './person.js';

/** A list of persons; `input`: what narrows it. */
export function describePersons(persons: readonly PersonSummary[], shown: ShownWith): string {
  const { removed: _, ...filter } = shown.input;
  if (persons.length === 0 && Object.keys(filter).length > 0) return shown.say('terminal/no-such-persons');
  return personTable(persons, shown);
}

export function personTable(persons: readonly PersonSummary[], { show, say }: Reader): string {
  if (persons.length === 0) return say('terminal/no-persons');
  const rows = persons.map((person) => [
    person.id,
    person.name,
    person.externalId ?? '',
    person.state,
    show(person.enrolledAt),
    String(person.templates),
    String(person.photographs),
    person.watch?.mark ?? '',
    describeValidity(person, say) ?? '',
    person.groups?.join(', ') ?? '',
  ]);
  const heads = ['id', 'name', 'external-id', 'state', 'enrolled-at', 'templates', 'photos'];
  return tableOfUsed(columns(say, [...heads, 'mark', 'valid', 'groups']), rows);
}

/** Leaves out the last three columns where no person has a value. */
function tableOfUsed(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const used = heads.map((_, column) => column < heads.length - 3 || rows.some((row) => row[column] !== ''));
  const kept = (cells: readonly string[]) => cells.filter((_, column) => used[column]);
  return table(kept(heads), rows.map(kept));
}

function describeValidity({ validFrom, validUntil }: PersonSummary, say: Say): string | undefined {
  if (validFrom === undefined)
    return validUntil === undefined ? undefined : say('terminal/valid-until', { until: validUntil });
  return validUntil === undefined
    ? say('terminal/valid-from', { from: validFrom })
    : say('terminal/valid-between', { from: validFrom, until: validUntil });
}

/** The profile of a person, one field per line. */
export function describePerson(person: PersonDetail, { show, say }: Reader): string {
  const { id, name, externalId, state, enrolledAt, removedAt, templates, consent, notes, threshold } = person;
  const { groups, watch, thresholdInForce: inForce, photographIds } = person;
  const validity = describeValidity(person, say);
  const of = (column: string, value: string | undefined): readonly (readonly [string, string])[] =>
    value === undefined ? [] : [[say(`terminal/column-${column}`), value]];
  return namedLines([
    ...of('id', id),
    ...of('name', name),
    ...of('external-id', externalId ?? '-'),
    ...of(
      'state',
      removedAt === undefined ? state : say('terminal/state-at', { state, time: show(removedAt) }),
    ),
    ...of('enrolled-at', show(enrolledAt)),
    ...of('templates', String(templates)),
    ...of('photos', photographIds.length === 0 ? say('terminal/none') : photographIds.join(', ')),
    ...of('consent', consent === undefined ? say('terminal/no-consent') : describeConsent(consent, say)),
    ...of('groups', groups?.join(', ')),
    ...of('valid', validity),
    ...of('mark', watch && say('terminal/titled', { title: watch.mark, text: watch.reason })),
    ...of('threshold', threshold && say('terminal/threshold-by-hand', { ...threshold })),
    ...of('needs', inForce?.reason === 'manual' ? undefined : inForce && describeThreshold(inForce, say)),
    ...Object.entries(person.fields ?? {}),
    ...of('notes', notes),
  ]);
}

/** What the box demands for this person, why, and what takes it back. */
function describeThreshold(inForce: NonNullable<PersonDetail['thresholdInForce']>, say: Say): string {
  const { similarity, general, reason, markedPassages } = inForce;
  const title = say('terminal/instead-of', { similarity, general });
  const because = (text: string): string => say('terminal/titled', { title, text });
  if (reason !== 'marked') return because(say(`terminal/threshold-${reason}`));
  if (markedPassages === undefined) return because(say('terminal/threshold-marked'));
  const why = say('terminal/threshold-marked-passages', { count: markedPassages.length });
  return [because(why), ...markedPassages.map((id) => `rollcall passages unmark ${id}`)].join('\n');
}

function describeConsent({ basis, dateIso, reference, withdrawnIso }: Consent, say: Say): string {
  const given = { basis, date: dateIso, reference };
  return withdrawnIso === undefined
    ? say('terminal/consent', given)
    : say('terminal/consent-withdrawn', { ...given, withdrawn: withdrawnIso });
}
