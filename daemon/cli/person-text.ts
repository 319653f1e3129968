import type { SiteClock } from '../contract/command-line.js';
import type {
  EnrolmentResult,
  EnrolmentWarning,
  PhotographResult,
  Resemblance,
  TakenFace,
} from '../contract/enrolment.js';
import type { ErasureCertificate } from '../contract/persons.js';
import { counted } from '../kernel/counted.js';
import { describeFace } from '../kernel/faces/photographed-faces.js';
import { consentBases, liftsBiometricBan } from '../kernel/persons/consent.js';

/** Says on standard error that a legal ground does not suffice for biometric data in the European Union. */
export function noteOnConsent(given: { readonly basis: string } | null | undefined): void {
  const basis = consentBases.find((known) => known === given?.basis);
  if (basis === undefined || liftsBiometricBan(basis)) return;
  process.stderr.write(
    `note: under the GDPR (Art. 9(2)), '${basis}' alone is not a sufficient ground to process biometric data\n`,
  );
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
export function describeCertificate(certificate: ErasureCertificate, { show }: SiteClock): string {
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
