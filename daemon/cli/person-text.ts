import type {
  EnrolmentResult,
  EnrolmentWarning,
  PhotographResult,
  Resemblance,
  TakenFace,
} from '../contract/enrolment.js';
import type { PersonDetail, PersonSummary } from '../contract/person.js';
import type { ErasureCertificate } from '../contract/persons.js';
import { counted } from '../kernel/counted.js';
import { describeFace } from '../kernel/faces/photographed-faces.js';
import { type Consent, consentBases, liftsBiometricBan } from '../kernel/persons/consent.js';
import { table } from '../kernel/text-table.js';
import type { ShowTime } from './site-time.js';

export function personTable(persons: readonly PersonSummary[], show: ShowTime): string {
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
  const heads = ['id', 'name', 'external id', 'state', 'enrolled at', 'templates', 'photographs'];
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
export function describePerson(person: PersonDetail, show: ShowTime): string {
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

/** A note on a legal ground that does not suffice for biometric data in the European Union. */
export function noteOnConsent(given: { readonly basis: string } | null | undefined): string | undefined {
  const basis = consentBases.find((known) => known === given?.basis);
  if (basis === undefined || liftsBiometricBan(basis)) return undefined;
  return `note: under the GDPR (Art. 9(2)), '${basis}' alone is not a sufficient ground to process biometric data`;
}

/** The result of an enrolment. `images`: the photographs as the user named them. */
export function describeEnrolment(result: EnrolmentResult, images: readonly string[]): string {
  if (result.outcome === 'similar') {
    return [
      `not enrolled: the face resembles ${describePersonLike(result)}, similarity ${result.similarity.toFixed(3)}`,
      "  what to do: If it is the same person, nothing; if it is another person, enrol with '--allow-duplicate'.",
    ].join('\n');
  }
  if (result.outcome === 'external-id-taken') {
    return [
      `not enrolled: the person ${result.personId} already has this external id`,
      `  what to do: Run 'rollcall person show ${result.personId}'; if it is another person, use another external id.`,
    ].join('\n');
  }
  const lines = photographLines(result.photographs, images);
  return [...lines, verdict(result), ...warningLines('resembles' in result ? result : {})].join('\n');
}

/** What became of each photograph. `images`: the photographs as the user named them. */
export function photographLines(
  photographs: readonly PhotographResult[],
  images: readonly string[],
): readonly string[] {
  return photographs.flatMap((photograph, index) => {
    const image = images[index];
    if (photograph.outcome === 'refused')
      return `${image}: refused, ${photograph.message} (${photograph.code})\n  what to do: ${photograph.remedy}`;
    const { qualityScore, taken, warnings = [] } = photograph;
    return [
      `${image}: quality ${qualityScore.toFixed(2)}${taken === undefined ? '' : `, ${describeTaken(taken)}`}`,
      ...warnings.map(
        ({ code, message, remedy }) => `  warning: ${message} (${code})\n  what to do: ${remedy}`,
      ),
    ];
  });
}

/** A resembled person by name and id. */
export function describePersonLike({ name, personId }: Resemblance): string {
  return name === undefined ? personId : `${name} (${personId})`;
}

/** A warning if the person resembles enrolled persons. */
export function describeResemblance({ resembles = [] }: EnrolmentWarning): string | undefined {
  if (resembles.length === 0) return undefined;
  const who = resembles.map((person) => `${describePersonLike(person)} ${person.similarity.toFixed(3)}`);
  return `warning: the face resembles ${who.join(', ')}`;
}

/** The warning, and what to do. */
export function warningLines(result: EnrolmentWarning): readonly string[] {
  const warning = describeResemblance(result);
  if (warning === undefined) return [];
  return [
    warning,
    "  what to do: Check that they are different people. Enrol more photos of each. Run 'rollcall gallery calibrate' to see whether the recogniser can tell them apart.",
  ];
}

/** Which of several faces was used. */
export function describeTaken({ face, faceCount }: TakenFace): string {
  return `used face ${describeFace(face)} of ${faceCount}`;
}

function verdict(result: Extract<EnrolmentResult, { readonly photographs: unknown }>): string {
  switch (result.outcome) {
    case 'enrolled':
      return `enrolled ${result.person.name} as ${result.person.id}`;
    case 'enrollable':
      return 'dry run, nothing was stored: the person can be enrolled';
    case 'refused':
      return 'not enrolled, nothing was stored: every photo must be usable, and all must show one person';
  }
}

/** The certificate of erasure as text. */
export function describeCertificate(certificate: ErasureCertificate, show: ShowTime): string {
  const { personId, scope, erasedAt, by, auditSequence, auditHash, what } = certificate;
  const extent =
    scope === 'person' ? 'all data of the person' : 'all biometric data of the person; the profile is kept';
  return [
    'certificate of erasure',
    `  person      ${personId}`,
    `  erased      ${extent}`,
    `  including   ${counted(what.templates, 'template')}, ${counted(what.photographs, 'photo')}, ${counted(what.evidence, 'evidence picture')}, ${counted(what.passages, 'passage')}`,
    `  at          ${show(erasedAt)}`,
    `  by          ${by}`,
    `  audit entry ${auditSequence}, hash ${auditHash}`,
  ].join('\n');
}
