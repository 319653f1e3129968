import type { Actor } from '../../audit/actor.js';
import { badInput, defect, isRollcallError, operational } from '../../base/errors.js';
import { InTurn } from '../../base/in-turn.js';
import type {
  EnrolmentRequest,
  EnrolmentResult,
  EnrolmentWarning,
  ErasureCertificate,
  ExportScope,
  HeldCorrection,
  PersonControl,
  PersonDetail,
  PersonRecord,
  PersonSummary,
  ProfileChange,
  RemoveResult,
  RestoreResult,
  StagedRow,
  UpdateResult,
} from '../../control/person-control.js';
import { type PersonId, personId } from '../../domain/ids.js';
import { isoTime } from '../../domain/iso-time.js';
import { longestReason, type PersonProfile, withdrawn } from '../../domain/persons/person-profile.js';
import { checkText } from '../../domain/printable-text.js';
import type { Gallery } from '../../gallery/gallery.js';
import { wipe } from '../../host/sodium.js';
import type { Records } from '../../records/open-records.js';
import type { PhotoOutcome } from '../../vision/protocol.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import { type EnrolmentParts, examineEnrolment, requireProfile } from './enrolment.js';
import type { GalleryAccess } from './gallery-access.js';
import { certified, describePerson, summarisePerson } from './person-answers.js';

/** More events than one person makes in the time that any rule keeps them. */
const mostEvents = 1_000_000;
const mostAuditEntries = 100_000;

export interface BoxPersonsParts {
  readonly access: GalleryAccess;
  readonly records: Records;
  /** Similarity from which two faces count as the same person. */
  readonly threshold: () => number;
  /** How much closer the best person must be than the second best. */
  readonly margin: () => number;
  /** Today where the box stands, `YYYY-MM-DD`. */
  readonly todayIso: () => string;
  readonly analysePhoto: (image: Buffer, faceNumber?: number) => Promise<PhotoOutcome>;
  /** Tracks in sight are no longer taken for this person. */
  readonly forgetPerson: (id: PersonId) => void;
  /** Told of every reading of names. */
  readonly readings: Pick<ReadingTrail, 'note'>;
}

/** Persons as the local API sees them. Every call throws `gallery-sealed` while the gallery is sealed. */
export class BoxPersons implements PersonControl {
  readonly #parts: BoxPersonsParts;
  readonly #turns = new InTurn();

  constructor(parts: BoxPersonsParts) {
    this.#parts = parts;
  }

  add(request: EnrolmentRequest, actor: Actor): Promise<EnrolmentResult> {
    return this.#turns.run(() => this.#add(request, actor));
  }

  async #add(request: EnrolmentRequest, actor: Actor): Promise<EnrolmentResult> {
    const gallery = this.#gallery();
    const found = await examineEnrolment(request, this.#enrolmentParts());
    if (found.outcome !== 'enrollable') return found;
    const { profile, enrolled, photographs } = found;
    const warning = warningOf(found);
    if (request.isDryRun) return { outcome: 'enrollable', photographs, ...warning };
    const id = await gallery.addPerson({ profile, photographs: enrolled }, actor);
    return { outcome: 'enrolled', person: this.#detail(id), photographs, ...warning };
  }

  async list(
    { isRemovedIncluded }: { readonly isRemovedIncluded: boolean },
    actor: Actor,
  ): Promise<readonly PersonSummary[]> {
    const all = await this.#gallery().listPersons();
    const persons = all.filter(({ state }) => isRemovedIncluded || state === 'active');
    const details = { persons: persons.length };
    this.#parts.readings.note({ by: actor, action: 'person.listed', details });
    return persons.map(summarisePerson);
  }

  async show(id: string, actor: Actor): Promise<PersonDetail | undefined> {
    const found = this.#gallery().showPerson(personId(id));
    if (found === undefined || found.state === 'staged') return undefined;
    this.#parts.readings.note({ by: actor, action: 'person.read', subject: found.id });
    return describePerson(found);
  }

  update(id: string, change: ProfileChange, actor: Actor): Promise<UpdateResult> {
    return this.#turns.run(() => this.#update(id, change, actor));
  }

  async #update(id: string, change: ProfileChange, actor: Actor): Promise<UpdateResult> {
    const gallery = this.#gallery();
    const before = gallery.showPerson(personId(id));
    if (before === undefined || before.state === 'staged') return { outcome: 'no-such-person' };
    if (before.profile === undefined) throw profileDamaged(id);
    const { todayIso, threshold: floor } = this.#parts;
    const profile = withThreshold(changed(before.profile, change, todayIso()), change.threshold, {
      floor: floor(),
      recogniser: gallery.recogniser,
    });
    if (profile.externalId !== undefined && profile.externalId !== before.profile.externalId) {
      const holder = await gallery.personOfExternalId(profile.externalId);
      if (holder !== undefined) return { outcome: 'external-id-taken', personId: holder };
    }
    if (!gallery.changeProfile(before.id, profile, actor)) return { outcome: 'no-such-person' };
    return { outcome: 'updated', person: this.#detail(before.id) };
  }

  async remove(id: string, actor: Actor): Promise<RemoveResult> {
    const gallery = this.#gallery();
    if (gallery.removePerson(personId(id), actor)) {
      this.#parts.forgetPerson(personId(id));
      return { outcome: 'removed' };
    }
    const found = gallery.showPerson(personId(id));
    if (found?.state !== 'removed') return { outcome: 'no-such-person' };
    const removedAt = isoTime(found.changedAtMs);
    const canBeRestored = found.profile?.consent?.withdrawnIso === undefined;
    return { outcome: 'already-removed', removedAt, canBeRestored };
  }

  async restore(id: string, actor: Actor): Promise<RestoreResult> {
    const gallery = this.#gallery();
    const found = gallery.showPerson(personId(id));
    if (found === undefined || found.state === 'staged') return { outcome: 'no-such-person' };
    if (found.state === 'active') return { outcome: 'not-removed' };
    if (found.profile?.consent?.withdrawnIso !== undefined) return { outcome: 'consent-withdrawn' };
    gallery.restorePerson(found.id, actor);
    return { outcome: 'restored', person: this.#detail(found.id) };
  }

  async erase(id: string, actor: Actor): Promise<ErasureCertificate | undefined> {
    const gallery = this.#gallery();
    this.#parts.forgetPerson(personId(id));
    this.#parts.records.retention.forgetAbout(personId(id));
    return certified(() => gallery.erasePerson(personId(id), actor));
  }

  async withdrawConsent(id: string, actor: Actor): Promise<ErasureCertificate | undefined> {
    const gallery = this.#gallery();
    const found = gallery.showPerson(personId(id));
    if (found === undefined || found.state === 'staged') return undefined;
    if (found.profile === undefined) throw profileDamaged(id);
    this.#parts.forgetPerson(found.id);
    this.#parts.records.commands.photographs.forget([found.id]);
    const withdrawnIso = this.#parts.todayIso();
    const profile = withdrawn(found.profile, withdrawnIso);
    return certified(() => gallery.eraseBiometricData(found.id, profile, actor));
  }

  async exportPerson(id: string, scope: ExportScope, actor: Actor): Promise<PersonRecord | undefined> {
    const gallery = this.#gallery();
    const found = gallery.showPerson(personId(id));
    if (found === undefined || found.state === 'staged') return undefined;
    const { audit } = this.#parts.access;
    audit.append({ by: actor, action: 'person.exported', subject: found.id, details: { scope } });
    const photographs = found.photographs.flatMap(({ id: photographId, addedAtMs }) => {
      const jpeg = readUnlessDamaged(gallery, found.id, photographId);
      if (jpeg === undefined) return [];
      return [{ id: photographId, storedAt: isoTime(addedAtMs), jpeg: Buffer.from(jpeg) }];
    });
    const person = describePerson(found);
    if (scope === 'enrolment')
      return { person, photographs, templates: [], evidence: [], events: [], corrections: [], audit: [] };
    const templates = gallery.readTemplates(found.id).map(({ bytes, ...rest }) => {
      const vectorBase64 = Buffer.from(bytes).toString('base64');
      wipe(bytes);
      return { ...rest, vectorBase64 };
    });
    const evidence = gallery
      .readEvidence(found.id)
      .map(({ id: evidenceId, takenAtMs, jpeg, eventId, cameraId }) => ({
        id: evidenceId,
        storedAt: isoTime(takenAtMs),
        jpeg: Buffer.from(jpeg),
        eventId,
        cameraId,
      }));
    const events = this.#parts.records
      .list({ personId: found.id, limit: mostEvents })
      .map(({ payload }) => JSON.parse(Buffer.from(payload).toString('utf8')) as unknown);
    const entries = audit
      .list({ subject: found.id, limit: mostAuditEntries })
      .map(({ sequence, atMs, action, actor: by, origin, details }) => {
        return { sequence, at: isoTime(atMs), action, actor: by, origin, details };
      });
    const corrections = heldCorrections(this.#parts.records, found.id);
    return { person, photographs, templates, evidence, events, corrections, audit: entries };
  }

  async readPhotograph(id: string, photographId: string, actor: Actor): Promise<Buffer | undefined> {
    const jpeg = this.#gallery().readPhotograph(personId(id), photographId);
    if (jpeg === undefined) return undefined;
    const details = { photograph: photographId };
    this.#parts.access.audit.append({ by: actor, action: 'person.photograph-read', subject: id, details });
    return Buffer.from(jpeg);
  }

  beginImport(): Promise<string> {
    return this.#gallery().beginImport();
  }

  async stage(importId: string, row: EnrolmentRequest, actor: Actor): Promise<StagedRow> {
    const gallery = this.#gallery();
    const found = await examineEnrolment(row, this.#enrolmentParts(), importId);
    if (found.outcome !== 'enrollable') return found;
    await gallery.addPerson({ profile: found.profile, photographs: found.enrolled }, actor, importId);
    return { outcome: 'accepted', photographs: found.photographs, ...warningOf(found) };
  }

  commitImport(importId: string, actor: Actor): Promise<{ readonly personIds: readonly string[] }> {
    return this.#turns.run(async () => ({ personIds: await this.#gallery().commitImport(importId, actor) }));
  }

  async abandonImport(importId: string, actor: Actor): Promise<boolean> {
    const persons = abandoned(this.#gallery(), importId);
    if (persons === undefined) return false;
    this.#parts.access.audit.append({
      by: actor,
      action: 'import.discarded',
      subject: importId,
      details: { persons },
    });
    return true;
  }

  /** One at a time: between asking who has an external id or a face and enrolling, nobody else may be given it. */

  #gallery() {
    return this.#parts.access.gallery();
  }

  #enrolmentParts(): EnrolmentParts {
    const { threshold, margin, todayIso, analysePhoto } = this.#parts;
    return {
      gallery: this.#gallery(),
      threshold: threshold(),
      margin: margin(),
      todayIso: todayIso(),
      analysePhoto,
    };
  }

  #detail(id: PersonId): PersonDetail {
    const found = this.#gallery().showPerson(id);
    if (found === undefined) throw defect('person-lost', 'a person just written is not in the gallery');
    return describePerson(found);
  }
}

function warningOf({ resembles }: EnrolmentWarning): EnrolmentWarning {
  return resembles === undefined ? {} : { resembles };
}

/** Undefined where it does not open: one damaged photograph must not keep somebody from all the rest. */
function readUnlessDamaged(gallery: Gallery, id: PersonId, photographId: string): Uint8Array | undefined {
  try {
    return gallery.readPhotograph(id, photographId);
  } catch (error) {
    if (isRollcallError(error, 'field-damaged')) return undefined;
    throw error;
  }
}

function profileDamaged(id: string) {
  return operational('field-damaged', `what is written down about ${id} does not open: it was altered`, {
    remedy:
      "restore a backup, or run 'rollcall person erase', which needs none of it, and enrol the person anew",
    details: { table: 'person', rowId: id },
  });
}

/** How many were staged; undefined where the import is over. */
function abandoned(gallery: Gallery, importId: string): number | undefined {
  try {
    return gallery.abandonImport(importId);
  } catch (error) {
    if (isRollcallError(error, 'no-such-import')) return undefined;
    throw error;
  }
}

/** The profile after a change, checked. @throws `profile-refused` */
function changed(before: PersonProfile, change: ProfileChange, todayIso: string): PersonProfile {
  const pick = <T>(next: T | null | undefined, old: T | undefined): T | undefined =>
    next === undefined ? old : (next ?? undefined);
  const profile = requireProfile(
    {
      name: change.name ?? before.name,
      externalId: pick(change.externalId, before.externalId),
      notes: pick(change.notes, before.notes),
      consent: pick(change.consent, before.consent),
    },
    todayIso,
  );
  // Only giving consent anew takes a withdrawal back.
  const withdrawnIso = change.consent === undefined ? before.consent?.withdrawnIso : undefined;
  const { threshold } = before;
  return {
    ...profile,
    ...(profile.consent === undefined || withdrawnIso === undefined
      ? {}
      : { consent: { ...profile.consent, withdrawnIso } }),
    ...(threshold === undefined ? {} : { threshold }),
  };
}

/** The profile with a threshold of the person's own, or without; undefined leaves it as it is. @throws `threshold-refused` */
function withThreshold(
  profile: PersonProfile,
  given: ProfileChange['threshold'],
  { floor, recogniser }: { readonly floor: number; readonly recogniser: string },
): PersonProfile {
  if (given === undefined) return profile;
  const { threshold: _, ...rest } = profile;
  if (given === null) return rest;
  const { similarity } = given;
  const checked = checkText(given.reason, { what: 'the reason', longest: longestReason });
  if ('problem' in checked) {
    throw badInput('threshold-refused', `The threshold was not changed: ${checked.problem}.`, {
      remedy: 'Give a reason in one line: it is kept with the threshold.',
    });
  }
  if (similarity < floor) {
    throw badInput(
      'threshold-refused',
      `The threshold was not changed: ${similarity} is lower than ${floor}, the threshold of the box.`,
      {
        remedy: `Give ${floor} or more. The setting identification.threshold lowers it for everybody.`,
        details: { floor },
      },
    );
  }
  return { ...rest, threshold: { similarity, recogniser, reason: checked.text } };
}

/** About every day there can be. */
function heldCorrections({ attendance }: Records, id: PersonId): readonly HeldCorrection[] {
  return attendance.corrections
    .of(id, '0000-01-01', '9999-12-31')
    .map(({ date, kind, atMs, reason, by, recordedAtMs }) => ({
      ...{ date, kind, reason, by },
      at: atMs === null ? null : isoTime(atMs),
      recordedAt: isoTime(recordedAtMs),
    }));
}
