import type { Caller } from '../../contract/caller.js';
import type { EnrolmentResult } from '../../contract/enrolment.js';
import type { guidedEnrolmentOperations } from '../../contract/guided-enrolment.js';
import type { Handlers } from '../../contract/handlers.js';
import type { HandlerInput } from '../../contract/operation.js';
import type { PhotographChange } from '../../contract/photographs.js';
import { actorOf } from '../../kernel/actor.js';
import { personId as knownPerson } from '../../kernel/ids.js';
import type { GivenProfile } from '../../kernel/persons/person-profile.js';
import { refusal } from '../../words/errors.js';
import { forbidden } from '../api/forbidden.js';
import { notFound } from '../api/not-found.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { EnrolledPersons } from '../persons/enrolled-persons.js';
import { enrolmentFor, photographChangeFor, requireProfile } from '../persons/photo-enrolment.js';
import { noSuchEnrolment } from './guidance.js';
import type { About, GuidedEnrolment, NewPerson } from './guided-enrolment.js';
import type { OpenEnrolments, OpenEnrolmentsOptions } from './open-enrolments.js';

type Operations = typeof guidedEnrolmentOperations;
type Finished = EnrolmentResult | PhotographChange;
type FinishInput = HandlerInput<Operations['enrolments.finish']>;

export interface EnrolmentHandlersOptions
  extends Pick<OpenEnrolmentsOptions, 'audit' | 'readings' | 'clock'> {
  readonly open: OpenEnrolments;
  readonly vault: Pick<GalleryVault, 'gallery'>;
  readonly persons: Pick<EnrolledPersons, 'add' | 'profileRules'> & {
    readonly photographs: Pick<EnrolledPersons['photographs'], 'add'>;
  };
  /** Today at the site, `YYYY-MM-DD`. */
  readonly todayIso: () => string;
  /** The next frame of a camera, JPEG. @throws `no-such-camera`, `camera-not-streaming`, `vision-unavailable` */
  readonly snapshot: (cameraId: string) => Promise<Buffer>;
}

/** The operations on guided enrolments. */
export function guidedEnrolmentHandlers(options: EnrolmentHandlersOptions): Handlers<Operations> {
  return { ...operatorHandlers(options), ...linkHandlers(options), ...phoneHandlers(options) };
}

type PhoneOperation = Extract<keyof Operations, `${string}-on-phone` | 'enrolments.open-link'>;
type LinkOperation = 'enrolments.make-link' | 'enrolments.cut-link' | 'enrolments.accept-consent';

function operatorHandlers(
  options: EnrolmentHandlersOptions,
): Handlers<Omit<Operations, PhoneOperation | LinkOperation>> {
  const { open, readings } = options;
  return {
    'enrolments.begin': (input, { caller }) => open.show(open.begin(caller, aboutOf(input, options))),
    'enrolments.list': (_, { caller }) => open.allOf(caller).map((each) => open.show(each)),
    'enrolments.show': ({ id }, { caller }) => open.show(open.of(id, caller)),
    'enrolments.take-picture': async ({ id, picture }, { caller }) => {
      const enrolment = open.of(id, caller);
      open.touch(enrolment);
      return { ...(await enrolment.look(first(picture))), enrolment: open.show(enrolment) };
    },
    'enrolments.take-camera-picture': async ({ id, cameraId }, { caller }) => {
      if (!caller.scopes.has('live:watch')) throw forbidden('live:watch');
      const enrolment = open.of(id, caller);
      readings.note({ by: actorOf(caller), action: 'camera.snapshot-taken', subject: cameraId });
      const guidance = await enrolment.look(await options.snapshot(cameraId));
      open.touch(enrolment);
      return { ...guidance, enrolment: open.show(enrolment) };
    },
    'enrolments.take-clip': async ({ id, clip, fps }, { caller }) => {
      const enrolment = open.of(id, caller);
      open.touch(enrolment);
      return { ...(await enrolment.lookAtClip(clip, fps)), enrolment: open.show(enrolment) };
    },
    'enrolments.read-picture': ({ id, pictureId }, { caller }) => {
      const found = open.of(id, caller).pictures.find(pictureId);
      if (found === undefined) throw noSuchPicture(pictureId);
      readings.note({ by: actorOf(caller), action: 'enrolment.picture-read', subject: id });
      return { bytes: Buffer.from(found.jpeg) };
    },
    'enrolments.drop-picture': ({ id, pictureId }, { caller }) => {
      const enrolment = open.of(id, caller);
      if (!enrolment.dropPicture(pictureId)) throw noSuchPicture(pictureId);
      open.touch(enrolment);
      return open.show(enrolment);
    },
    'enrolments.finish': (input, { caller }) => finish(input, caller, options),
    'enrolments.abandon': async ({ id }, { caller }) => {
      const enrolment = open.allOf(caller).find((each) => each.id === id);
      await enrolment?.decided();
      const isAbandoned = enrolment !== undefined && open.abandon(enrolment, 'asked', actorOf(caller));
      return { isAbandoned };
    },
  };
}

function linkHandlers({ open, audit }: EnrolmentHandlersOptions): Handlers<Pick<Operations, LinkOperation>> {
  return {
    'enrolments.accept-consent': ({ id, version }, { caller }) => {
      const enrolment = open.of(id, caller);
      acceptConsent(enrolment, { version, on: 'console' }, caller, audit);
      open.touch(enrolment);
      return open.show(enrolment);
    },
    'enrolments.make-link': ({ id }, { caller }) => {
      const enrolment = open.of(id, caller);
      audit.append({ by: actorOf(caller), action: 'enrolment.link-made', subject: id });
      const secret = enrolment.makeLink();
      open.touch(enrolment);
      return { secret, enrolment: open.show(enrolment) };
    },
    'enrolments.cut-link': ({ id }, { caller }) => {
      const enrolment = open.of(id, caller);
      enrolment.link?.cut();
      audit.append({ by: actorOf(caller), action: 'enrolment.link-cut', subject: id });
      return open.show(enrolment);
    },
  };
}

function phoneHandlers({
  open,
  audit,
}: EnrolmentHandlersOptions): Handlers<Pick<Operations, PhoneOperation>> {
  const ofPhone = (key: Buffer | string) => open.ofPhone(key.toString());
  return {
    'enrolments.open-link': ({ secret }, { caller }) => {
      const { key, enrolment } = open.openLink(secret, caller);
      return { key, enrolment: enrolment.showPhone() };
    },
    'enrolments.show-on-phone': ({ key }) => ofPhone(key).showPhone(),
    'enrolments.take-picture-on-phone': async ({ key, picture }) => {
      const enrolment = ofPhone(key);
      open.touch(enrolment);
      return { ...(await enrolment.look(first(picture))), enrolment: enrolment.showPhone() };
    },
    'enrolments.take-clip-on-phone': async ({ key, clip, fps }) => {
      const enrolment = ofPhone(key);
      open.touch(enrolment);
      return { ...(await enrolment.lookAtClip(clip, fps)), enrolment: enrolment.showPhone() };
    },
    'enrolments.accept-consent-on-phone': ({ key, version }, { caller }) => {
      const enrolment = ofPhone(key);
      acceptConsent(enrolment, { version, on: 'phone' }, caller, audit);
      open.touch(enrolment);
      return enrolment.showPhone();
    },
  };
}

function acceptConsent(
  enrolment: GuidedEnrolment,
  { version, on }: { readonly version: string; readonly on: 'console' | 'phone' },
  caller: Caller,
  audit: EnrolmentHandlersOptions['audit'],
): void {
  enrolment.acceptConsent(version, on, () =>
    audit.append({
      ...{ by: actorOf(caller), action: 'enrolment.consent-accepted', subject: enrolment.id },
      details: { on },
    }),
  );
}

/** @throws `enrolment-unclear`, `profile-refused`, `no-such-person`, `gallery-sealed` */
function aboutOf(
  { person, personId }: HandlerInput<Operations['enrolments.begin']>,
  { vault, persons, todayIso }: EnrolmentHandlersOptions,
): About {
  const gallery = vault.gallery();
  if (person !== undefined && personId === undefined) {
    if (person.consent !== undefined && person.consentText !== undefined) {
      throw refusal('enrolment-unclear:two-consents');
    }
    const version = person.consentText?.version;
    const agreed = version === undefined ? undefined : { version, atIso: `${todayIso()}T00:00:00.000Z` };
    // A profile that will be refused at the end is refused before pictures are taken.
    requireProfile(profileOf(person, agreed, todayIso()), persons.profileRules);
    return { kind: 'new', person };
  }
  if (personId === undefined || person !== undefined) {
    throw refusal('enrolment-unclear:whom');
  }
  if (gallery.showPerson(knownPerson(personId))?.state !== 'active') {
    throw notFound('person', personId, 'rollcall person list');
  }
  return { kind: 'enrolled', personId };
}

/** The profile as `persons.enrol` takes it. The consent says which text the person agreed to, and when. */
function profileOf(
  { consentText: _, ...person }: NewPerson,
  agreed: { readonly version: string; readonly atIso: string } | undefined,
  todayIso: string,
): GivenProfile & Omit<NewPerson, 'consentText'> {
  if (agreed === undefined) return person;
  const reference = `text ${agreed.version}, agreed ${agreed.atIso}`;
  return { ...person, consent: { basis: 'consent', dateIso: todayIso, reference } };
}

async function finish(
  { id, isDryRun, isDuplicateAllowed }: FinishInput,
  caller: Caller,
  options: EnrolmentHandlersOptions,
): Promise<Finished> {
  const { open, persons, audit, todayIso } = options;
  const enrolment = open.of(id, caller);
  const { about } = enrolment;
  if (about.kind === 'enrolled' && isDryRun) {
    throw refusal('enrolment-unclear:dry-run');
  }
  open.touch(enrolment);
  const result = await enrolment.finish<Finished>(async () => {
    const photographs = enrolment.pictures.all.map(({ jpeg }) => Buffer.from(jpeg));
    if (!enrolment.pictures.all.some(({ step }) => step === 'front')) throw incomplete();
    if (about.kind === 'enrolled') {
      const given = { id: about.personId, photographs, isDuplicateAllowed };
      const changed = photographChangeFor(await persons.photographs.add(given, caller), caller);
      return { result: changed, personId: changed.outcome === 'changed' ? changed.person.id : undefined };
    }
    const { accepted, consentText } = enrolment;
    const agreed = accepted && consentText && { version: consentText.version, atIso: accepted.atIso };
    const request = {
      ...profileOf(about.person, agreed, todayIso()),
      photographs,
      isDryRun,
      isDuplicateAllowed,
    };
    const enrolled = enrolmentFor(await persons.add(request, caller), caller);
    return { result: enrolled, personId: enrolled.outcome === 'enrolled' ? enrolled.person.id : undefined };
  });
  const { finishedAs } = enrolment;
  if (finishedAs !== undefined) {
    const details = {
      enrolment: id,
      hasBlinked: enrolment.hasBlinked,
      byPhone: enrolment.link !== undefined,
    };
    audit.append({ by: actorOf(caller), action: 'enrolment.finished', subject: finishedAs, details });
  }
  return result;
}

function first(files: readonly Buffer[]): Buffer {
  const [file] = files;
  if (file === undefined) throw noSuchEnrolment();
  return file;
}

function noSuchPicture(id: string) {
  return notFound('picture', id, 'rollcall person list');
}

function incomplete() {
  return refusal('enrolment-incomplete');
}
