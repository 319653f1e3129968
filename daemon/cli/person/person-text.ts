import { counted } from '../../base/counted.js';
import type {
  EnrolmentResult,
  EnrolmentWarning,
  ErasureCertificate,
  PersonDetail,
  PersonSummary,
  TakenFace,
} from '../../control/person-control.js';
import { describeFace } from '../../domain/faces/photographed-faces.js';
import { type Consent, consentBases, liftsBiometricBan } from '../../domain/persons/consent.js';
import { table } from '../output.js';
import type { ShowTime } from '../site-time.js';

export function personTable(persons: readonly PersonSummary[], show: ShowTime): string {
  if (persons.length === 0) return 'No persons are enrolled.';
  const rows = persons.map(({ id, name, externalId = '', state, enrolledAt, templates, photographs }) => [
    id,
    name,
    externalId,
    state,
    show(enrolledAt),
    String(templates),
    String(photographs),
  ]);
  return table(['id', 'name', 'external id', 'state', 'enrolled at', 'templates', 'photographs'], rows);
}

/** Everything known about one person, one thing a line. */
export function describePerson(person: PersonDetail, show: ShowTime): string {
  const { id, name, externalId, state, enrolledAt, removedAt, templates, consent, notes, threshold } = person;
  const lines: (readonly [what: string, value: string])[] = [
    ['id', id],
    ['name', name],
    ['external id', externalId ?? '-'],
    ['state', removedAt === undefined ? state : `${state} at ${show(removedAt)}`],
    ['enrolled at', show(enrolledAt)],
    ['templates', String(templates)],
    ['photographs', person.photographIds.length === 0 ? 'none' : person.photographIds.join(', ')],
    ['consent', consent === undefined ? 'none recorded' : describeConsent(consent)],
    ...(threshold === undefined
      ? []
      : [
          [
            'threshold',
            `${threshold.similarity} with ${threshold.recogniser}, set by hand: ${threshold.reason}`,
          ] as const,
        ]),
    ...(notes === undefined ? [] : [['notes', notes.replaceAll('\n', `\n${' '.repeat(13)}`)] as const]),
  ];
  return lines.map(([what, value]) => `${what.padEnd(11)}  ${value}`).join('\n');
}

function describeConsent({ basis, dateIso, reference, withdrawnIso }: Consent): string {
  const withdrawn = withdrawnIso === undefined ? '' : `, withdrawn on ${withdrawnIso}`;
  return `${basis} of ${dateIso}, reference ${reference}${withdrawn}`;
}

/** A word of caution for whoever records a ground that does not go far enough in the European Union. */
export function noteOnConsent(given: { readonly basis: string } | null | undefined): string | undefined {
  const basis = consentBases.find((known) => known === given?.basis);
  if (basis === undefined || liftsBiometricBan(basis)) return undefined;
  return `note: '${basis}' alone is no ground to process biometric data under the GDPR (Art. 9(2))`;
}

/** What became of an enrolment; `images` are the photographs as the user named them. */
export function describeEnrolment(result: EnrolmentResult, images: readonly string[]): string {
  if (result.outcome === 'similar') {
    return [
      `not enrolled: the face resembles ${result.name} (${result.personId}), similarity ${result.similarity.toFixed(3)}`,
      "  what to do: nothing if it is the same person; '--allow-duplicate' if it is somebody else",
    ].join('\n');
  }
  if (result.outcome === 'external-id-taken') {
    return [
      `not enrolled: ${result.personId} has that external id`,
      "  what to do: nothing if it is the same person ('rollcall person show' tells); else give another one",
    ].join('\n');
  }
  const lines = result.photographs.map((photograph, index) =>
    photograph.outcome === 'enrolled'
      ? `${images[index]}: quality ${photograph.qualityScore.toFixed(2)}${photograph.taken === undefined ? '' : `, ${describeTaken(photograph.taken)}`}`
      : `${images[index]}: refused, ${photograph.message} (${photograph.code})\n  what to do: ${photograph.remedy}`,
  );
  return [...lines, verdict(result), ...warningLines(result)].join('\n');
}

/** Warns of persons who are enrolled and whom a new one resembles. */
export function describeResemblance({ resembles = [] }: EnrolmentWarning): string | undefined {
  if (resembles.length === 0) return undefined;
  const who = resembles.map(
    ({ name, personId, similarity }) => `${name} (${personId}) ${similarity.toFixed(3)}`,
  );
  return `warning: the face resembles ${who.join(', ')}`;
}

function warningLines(result: EnrolmentResult): readonly string[] {
  const warning = describeResemblance('resembles' in result ? result : {});
  if (warning === undefined) return [];
  return [
    warning,
    "  what to do: check that they are different people. Enrol more photographs of each. 'rollcall gallery calibrate' tells whether the recogniser tells them apart",
  ];
}

/** Which of several faces was taken. */
export function describeTaken({ face, faceCount }: TakenFace): string {
  return `took face ${describeFace(face)} of ${faceCount}`;
}

function verdict(result: Extract<EnrolmentResult, { readonly photographs: unknown }>): string {
  switch (result.outcome) {
    case 'enrolled':
      return `enrolled ${result.person.name} as ${result.person.id}`;
    case 'enrollable':
      return 'nothing was stored, this was a dry run: the person can be enrolled';
    case 'refused':
      return 'nothing was stored: every photograph must be usable, and all must show one person';
  }
}

/** The certificate as a person keeps it. */
export function describeCertificate(certificate: ErasureCertificate, show: ShowTime): string {
  const { personId, scope, erasedAt, by, auditSequence, auditHash, what } = certificate;
  const extent =
    scope === 'person'
      ? 'everything held on the person'
      : 'all biometric data of the person; the profile is left';
  return [
    'certificate of erasure',
    `  person      ${personId}`,
    `  erased      ${extent}`,
    `  of these    ${counted(what.templates, 'template')}, ${counted(what.photographs, 'photograph')}, ${counted(what.evidence, 'evidence picture')}`,
    `  at          ${show(erasedAt)}`,
    `  by          ${by}`,
    `  audit entry ${auditSequence}, hash ${auditHash}`,
  ].join('\n');
}
