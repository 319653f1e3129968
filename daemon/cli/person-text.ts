import { remedyBelow, type SiteClock } from '../contract/command-line.js';
import type {
  EnrolmentResult,
  EnrolmentWarning,
  PhotographResult,
  Resemblance,
  TakenFace,
} from '../contract/enrolment.js';
import type { ErasureCertificate } from '../contract/persons.js';
import { joined } from '../core/doctor/finding.js';
import { terminalLanguage } from '../host/installed-languages.js';
import { counted } from '../kernel/counted.js';
import { consentBases, liftsBiometricBan } from '../kernel/persons/consent.js';
import { type Say, said } from '../kernel/said.js';
import { inLanguage, type Language } from '../words/language.js';

/** Says on standard error that a legal ground does not suffice for biometric data in the European Union. */
export function noteOnConsent(given: { readonly basis: string } | null | undefined): void {
  const basis = consentBases.find((known) => known === given?.basis);
  if (basis === undefined || liftsBiometricBan(basis)) return;
  const { say } = terminalLanguage();
  process.stderr.write(
    `${say('terminal/note', { text: said('terminal/consent-insufficient', { basis }) })}\n`,
  );
}

/** The result of an enrolment. `images`: the photographs as the user named them. */
export function describeEnrolment(
  result: EnrolmentResult,
  images: readonly string[],
  language: Language,
): string {
  const { say } = language;
  if (result.outcome === 'similar') {
    const { similarity } = result;
    const why = say('terminal/not-enrolled-similar', { person: describePersonLike(result), similarity });
    return `${why}${remedyBelow(say, say('terminal/remedy-not-enrolled-similar'))}`;
  }
  if (result.outcome === 'external-id-taken') {
    const person = { person: result.personId };
    const remedy = say('terminal/remedy-not-enrolled-taken', person);
    return `${say('terminal/not-enrolled-taken', person)}${remedyBelow(say, remedy)}`;
  }
  const lines = photographLines(result.photographs, images, language);
  return [...lines, verdict(result, say), ...warningLines('resembles' in result ? result : {}, say)].join(
    '\n',
  );
}

/** What became of each photograph. `images`: the photographs as the user named them. */
export function photographLines(
  photographs: readonly PhotographResult[],
  images: readonly string[],
  language: Language,
): readonly string[] {
  const { say } = language;
  return photographs.flatMap((photograph, index) => {
    const title = images[index] ?? '';
    if (photograph.outcome === 'refused') {
      const { message, code, remedy } = inLanguage(photograph, language);
      const text = say('terminal/photo-refused', { why: message, code });
      return `${say('terminal/titled', { title, text })}${remedyBelow(say, remedy)}`;
    }
    const { qualityScore: score, taken, warnings = [] } = photograph;
    const quality = said('terminal/photo-quality', { score });
    const text =
      taken === undefined
        ? say(quality)
        : say('doctor/listed', { first: quality, second: describeTaken(taken, say) });
    return [
      say('terminal/titled', { title, text }),
      ...warnings.map((warning) => {
        const { code, message, remedy } = inLanguage(warning, language);
        return `  ${say('terminal/warning', { text: `${message} (${code})` })}${remedyBelow(say, remedy)}`;
      }),
    ];
  });
}

/** A resembled person by name and id. */
export function describePersonLike({ name, personId }: Resemblance): string {
  return name === undefined ? personId : `${name} (${personId})`;
}

/** A warning if the person resembles enrolled persons. */
export function describeResemblance({ resembles = [] }: EnrolmentWarning, say: Say): string | undefined {
  const persons = resembles.map((person) =>
    said('terminal/resembled', { person: describePersonLike(person), similarity: person.similarity }),
  );
  if (persons.length === 0) return undefined;
  const text = said('terminal/resembles', { persons: joined(persons) });
  return say('terminal/warning', { text });
}

/** The warning, and what to do. */
export function warningLines(result: EnrolmentWarning, say: Say): readonly string[] {
  const warning = describeResemblance(result, say);
  return warning === undefined ? [] : [`${warning}${remedyBelow(say, say('terminal/remedy-resembles'))}`];
}

/** Which of several faces was used. */
export function describeTaken({ face: { number, place, box }, faceCount }: TakenFace, say: Say): string {
  return say('terminal/face-taken', {
    ...{ number, place: said(`terminal/place-${place}`), count: faceCount },
    ...{ width: box.width, height: box.height, x: box.x, y: box.y },
  });
}

function verdict(result: Extract<EnrolmentResult, { readonly photographs: unknown }>, say: Say): string {
  switch (result.outcome) {
    case 'enrolled': {
      const { name, id } = result.person;
      return say('terminal/enrolled', { name, id });
    }
    case 'enrollable':
    case 'refused':
      return say(`terminal/enrolment-${result.outcome}`);
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
