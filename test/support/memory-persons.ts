import type { Actor } from '../../daemon/audit/actor.js';
import { badInput } from '../../daemon/base/errors.js';
import type {
  EnrolmentRefusal,
  EnrolmentRequest,
  EnrolmentResult,
  ErasureCertificate,
  ExportScope,
  HeldAuditEntry,
  PersonControl,
  PersonDetail,
  PersonRecord,
  PersonSummary,
  PhotographResult,
  ProfileChange,
  RemoveResult,
  RestoreResult,
  StagedRow,
  UpdateResult,
} from '../../daemon/control/person-control.js';
import {
  checkProfile,
  type GivenProfile,
  type PersonProfile,
} from '../../daemon/domain/persons/person-profile.js';
import { findDisagreement } from '../../daemon/domain/persons/photograph-agreement.js';
import { detail, type HeldPerson, now, summary } from './held-person.js';
import { faceOn } from './painted-faces.js';

const today = '2026-03-02';

/** Persons in memory, recognised by what `painted-faces.ts` painted: for tests of what stands above the port. */
export class MemoryPersons implements PersonControl {
  readonly actors: Actor[] = [];
  readonly #persons = new Map<string, HeldPerson>();
  readonly #imports = new Set<string>();
  readonly #audit: (HeldAuditEntry & { readonly subject: string })[] = [];
  #lastId = 0;

  /** Persons in whatever state, staged ones included. */
  get heldCount(): number {
    return this.#persons.size;
  }

  /** Imports under way. */
  get importCount(): number {
    return this.#imports.size;
  }

  async add(request: EnrolmentRequest, actor: Actor): Promise<EnrolmentResult> {
    const found = this.#examine(request, undefined);
    if (!('profile' in found)) return found;
    const { photographs } = found;
    if (request.isDryRun) return { outcome: 'enrollable', photographs };
    const held = this.#hold(request, found.profile, undefined);
    this.#note('person.enrolled', held.id, actor);
    return { outcome: 'enrolled', person: detail(held), photographs };
  }

  async list(options: { readonly isRemovedIncluded: boolean }): Promise<readonly PersonSummary[]> {
    return [...this.#persons.values()]
      .filter(({ state }) => state === 'active' || (options.isRemovedIncluded && state === 'removed'))
      .map(summary);
  }

  async show(id: string): Promise<PersonDetail | undefined> {
    const held = this.#known(id);
    return held && detail(held);
  }

  async update(id: string, change: ProfileChange, actor: Actor): Promise<UpdateResult> {
    const held = this.#known(id);
    if (held === undefined) return { outcome: 'no-such-person' };
    const { withdrawnIso } = held.profile.consent ?? {};
    const given = Object.fromEntries(
      Object.entries({ ...held.profile, ...change }).filter(
        ([, value]) => value !== null && value !== undefined,
      ),
    );
    const profile = requireProfile({ name: held.profile.name, ...given });
    const holder = this.#holderOf(profile.externalId, undefined);
    if (holder !== undefined && holder !== id) return { outcome: 'external-id-taken', personId: holder };
    const isKept =
      change.consent === undefined && withdrawnIso !== undefined && profile.consent !== undefined;
    held.profile = isKept ? { ...profile, consent: { ...profile.consent, withdrawnIso } } : profile;
    this.#note('person.changed', id, actor);
    return { outcome: 'updated', person: detail(held) };
  }

  async remove(id: string, actor: Actor): Promise<RemoveResult> {
    const held = this.#known(id);
    if (held === undefined || held.state === 'staged') return { outcome: 'no-such-person' };
    if (held.state === 'removed') {
      const canBeRestored = held.profile.consent?.withdrawnIso === undefined;
      return { outcome: 'already-removed', removedAt: detail(held).removedAt ?? '', canBeRestored };
    }
    held.state = 'removed';
    this.#note('person.removed', id, actor);
    return { outcome: 'removed' };
  }

  async restore(id: string, actor: Actor): Promise<RestoreResult> {
    const held = this.#known(id);
    if (held === undefined) return { outcome: 'no-such-person' };
    if (held.state === 'active') return { outcome: 'not-removed' };
    if (held.profile.consent?.withdrawnIso !== undefined) return { outcome: 'consent-withdrawn' };
    held.state = 'active';
    this.#note('person.restored', id, actor);
    return { outcome: 'restored', person: detail(held) };
  }

  async erase(id: string, actor: Actor): Promise<ErasureCertificate | undefined> {
    const held = this.#known(id);
    if (held === undefined) return undefined;
    this.#persons.delete(id);
    return this.#certificate(held, 'person', actor);
  }

  async withdrawConsent(id: string, actor: Actor): Promise<ErasureCertificate | undefined> {
    const held = this.#known(id);
    if (held === undefined) return undefined;
    const consent = held.profile.consent ?? { basis: 'consent', dateIso: today, reference: 'not recorded' };
    const certificate = this.#certificate(held, 'biometric-data', actor);
    held.profile = { ...held.profile, consent: { ...consent, withdrawnIso: today } };
    held.state = 'removed';
    held.photographs = [];
    return certificate;
  }

  async exportPerson(id: string, scope: ExportScope, actor: Actor): Promise<PersonRecord | undefined> {
    const held = this.#known(id);
    if (held === undefined) return undefined;
    this.#note('person.exported', id, actor);
    const photographs = held.photographs.map(({ id: pictureId, jpeg }) => ({
      id: pictureId,
      storedAt: now,
      jpeg,
    }));
    const person = detail(held);
    if (scope === 'enrolment')
      return { person, photographs, templates: [], evidence: [], events: [], corrections: [], audit: [] };
    return {
      person,
      photographs,
      templates: held.photographs.map((photograph) => ({
        id: `t-${photograph.id}`,
        recogniser: 'test@1',
        quality: 0.9,
        vectorBase64: Buffer.from(photograph.face).toString('base64'),
      })),
      evidence: [
        { id: `e-${id}`, storedAt: now, jpeg: Buffer.from('evidence'), eventId: 'event-1', cameraId: 'door' },
      ],
      events: [{ type: 'attendance', person: id, time: now }],
      corrections: [],
      audit: this.#audit
        .filter(({ subject }) => subject === id)
        .map(({ subject: _subject, ...entry }) => entry),
    };
  }

  async readPhotograph(id: string, photographId: string, actor: Actor): Promise<Buffer | undefined> {
    this.#note('person.photograph-read', id, actor);
    return this.#known(id)?.photographs.find((photograph) => photograph.id === photographId)?.jpeg;
  }

  async beginImport(): Promise<string> {
    const importId = this.#newId('i');
    this.#imports.add(importId);
    return importId;
  }

  async stage(importId: string, row: EnrolmentRequest): Promise<StagedRow> {
    this.#assertUnderWay(importId);
    const found = this.#examine(row, importId);
    if (!('profile' in found)) return found;
    this.#hold(row, found.profile, importId);
    return { outcome: 'accepted', photographs: found.photographs };
  }

  async commitImport(importId: string, actor: Actor): Promise<{ readonly personIds: readonly string[] }> {
    this.#assertUnderWay(importId);
    this.#imports.delete(importId);
    const staged = [...this.#persons.values()].filter((held) => held.importId === importId);
    for (const held of staged) {
      held.state = 'active';
      this.#note('person.enrolled', held.id, actor);
    }
    return { personIds: staged.map(({ id }) => id) };
  }

  async abandonImport(importId: string): Promise<boolean> {
    for (const { id, state, importId: of } of this.#persons.values()) {
      if (state === 'staged' && of === importId) this.#persons.delete(id);
    }
    return this.#imports.delete(importId);
  }

  #examine(
    request: EnrolmentRequest,
    importId: string | undefined,
  ):
    | EnrolmentRefusal
    | { readonly profile: PersonProfile; readonly photographs: readonly PhotographResult[] } {
    const profile = requireProfile(request);
    const holder = this.#holderOf(profile.externalId, importId);
    if (holder !== undefined) return { outcome: 'external-id-taken', personId: holder };
    const photographs = request.photographs.map((jpeg): PhotographResult => {
      if (faceOn(jpeg) !== undefined) return { outcome: 'enrolled', qualityScore: 0.9 };
      return { outcome: 'refused', code: 'no-face', message: 'there is no face', remedy: 'take another' };
    });
    if (photographs.some(({ outcome }) => outcome === 'refused')) return { outcome: 'refused', photographs };
    const faces = request.photographs.map(faceOn);
    const disagreement = findDisagreement(faces.map(vectorOf(faces)), 0.5);
    if (disagreement !== undefined) {
      const isNamed = (index: number) => disagreement.photographs.some((named) => named.index === index);
      return {
        outcome: 'refused',
        photographs: photographs.map((each, index) => (isNamed(index) ? otherFace : each)),
      };
    }
    const alike = this.#inSight(importId).find(
      ({ state, photographs: known }) =>
        state !== 'removed' && known.some(({ face }) => faces.includes(face)),
    );
    if (alike === undefined || request.isDuplicateAllowed) return { profile, photographs };
    return { outcome: 'similar', personId: alike.id, name: alike.profile.name, similarity: 0.99 };
  }

  #hold(request: EnrolmentRequest, profile: PersonProfile, importId: string | undefined): HeldPerson {
    const held: HeldPerson = {
      id: this.#newId('p'),
      profile,
      state: importId === undefined ? 'active' : 'staged',
      importId,
      photographs: request.photographs.map((jpeg) => ({
        id: this.#newId('h'),
        jpeg,
        face: faceOn(jpeg) ?? '',
      })),
    };
    this.#persons.set(held.id, held);
    return held;
  }

  #certificate(held: HeldPerson, scope: ErasureCertificate['scope'], actor: Actor): ErasureCertificate {
    const { sequence } = this.#note('person.erased', held.id, actor);
    const count = held.photographs.length;
    const auditHash = sequence.toString(16).padStart(64, '0');
    const what = { templates: count, photographs: count, evidence: 0 };
    return {
      personId: held.id,
      scope,
      erasedAt: now,
      by: actor.actor,
      auditSequence: sequence,
      auditHash,
      what,
    };
  }

  #note(action: string, subject: string, actor: Actor) {
    this.actors.push(actor);
    const entry = { sequence: this.#audit.length + 1, at: now, action, ...actor, subject };
    this.#audit.push(entry);
    return entry;
  }

  #known(id: string): HeldPerson | undefined {
    const held = this.#persons.get(id);
    return held?.state === 'staged' ? undefined : held;
  }

  #inSight(importId: string | undefined): readonly HeldPerson[] {
    return [...this.#persons.values()].filter(
      (held) => held.state !== 'staged' || held.importId === importId,
    );
  }

  #holderOf(externalId: string | undefined, importId: string | undefined): string | undefined {
    if (externalId === undefined) return undefined;
    return this.#inSight(importId).find(({ profile }) => profile.externalId === externalId)?.id;
  }

  #assertUnderWay(importId: string): void {
    if (!this.#imports.has(importId)) throw badInput('no-such-import', 'there is no such import under way');
  }

  #newId(kind: string): string {
    this.#lastId += 1;
    return `${kind}-${String(this.#lastId).padStart(6, '0')}`;
  }
}

const otherFace: PhotographResult = {
  outcome: 'refused',
  code: 'different-person',
  message: 'it shows another person',
  remedy: 'leave it out',
};

/** The same vector for the same face, and nothing in common between those of different faces. */
function vectorOf(faces: readonly (string | undefined)[]) {
  return (face: string | undefined): Float32Array =>
    Float32Array.from(faces, (_, index) => (faces.indexOf(face) === index ? 1 : 0));
}

function requireProfile(given: GivenProfile): PersonProfile {
  const checked = checkProfile(given, today);
  if ('profile' in checked) return checked.profile;
  throw badInput('profile-refused', checked.problems.join('; '));
}
