import type { Caller } from '../../contract/caller.js';
import type { GuidedEnrolment as EnrolmentState, PhoneEnrolment } from '../../contract/guided-enrolment.js';
import type { HandlerInput } from '../../contract/operation.js';
import type { Operations } from '../../contract/operations.js';
import { decodeEmbedding } from '../../contract/vision/vision-sighting.js';
import { opaqueText } from '../../host/opaque-text.js';
import type { Clock } from '../../kernel/clock.js';
import { badInput, defect } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import {
  type EnrolmentStep,
  enrolmentSteps,
  type GuidedPicture,
  hintFor,
  nextEyes,
  noEyes,
  type PictureStep,
  stepOf,
} from '../../kernel/persons/enrolment-guidance.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import { analysedClip } from '../cameras/clip-handlers.js';
import type { PhotoProcess } from '../cameras/photo-process.js';
import {
  busy,
  consentOpen,
  type Guidance,
  type MainFace,
  noSuchEnrolment,
  piecesOf,
  refuseIfBusy,
  seenFace,
  spoken,
} from './guidance.js';
import { KeptPictures } from './kept-pictures.js';
import { PhoneLink } from './phone-link.js';

/** Photographs of a clip that are looked at. */
const mostLookedAt = 10;

type BeginInput = HandlerInput<Operations['enrolments.begin']>;
export type NewPerson = NonNullable<BeginInput['person']>;

/** Whom an enrolment is about. */
export type About =
  | { readonly kind: 'new'; readonly person: NewPerson }
  | { readonly kind: 'enrolled'; readonly personId: string };

export interface GuidedEnrolmentOptions {
  readonly photos: Pick<PhotoProcess, 'analyseGuidedView' | 'waitingCount'>;
  readonly clips: Pick<PhotoProcess, 'judgeClip' | 'cutClip' | 'waitingCount'>;
  /** The similarity from which two faces count as one person. */
  readonly threshold: () => number;
  /** The recogniser of the gallery. @throws `gallery-sealed` */
  readonly recogniser: () => string;
  readonly clock: Pick<Clock, 'monotonicMs' | 'wallMs'>;
}

/** One guided enrolment, in memory only. */
export class GuidedEnrolment {
  readonly id = `g-${opaqueText()}`;
  readonly by: Caller;
  readonly about: About;
  readonly pictures = new KeptPictures();
  readonly #options: GuidedEnrolmentOptions;
  readonly #beganAtMs: number;
  #eyes = noEyes;
  #hasBlinked = false;
  #accepted: { readonly atIso: string; readonly on: 'console' | 'phone' } | undefined;
  #link: PhoneLink | undefined;
  #personId: string | undefined;
  /** The work on a picture, or on the end. */
  #working: Promise<unknown> | undefined;
  #finishing: Promise<unknown> | undefined;
  #isOver = false;

  constructor(by: Caller, about: About, options: GuidedEnrolmentOptions) {
    this.by = by;
    this.about = about;
    this.#options = options;
    this.#beganAtMs = options.clock.monotonicMs();
  }

  get link(): PhoneLink | undefined {
    return this.#link;
  }

  get hasBlinked(): boolean {
    return this.#hasBlinked;
  }

  /** The person who was enrolled. */
  get finishedAs(): string | undefined {
    return this.#personId;
  }

  get accepted() {
    return this.#accepted;
  }

  get consentText() {
    return this.about.kind === 'new' ? this.about.person.consentText : undefined;
  }

  /** What the phone sees: nothing that tells who the person is, and no picture. */
  showPhone(): PhoneEnrolment {
    const open = this.#openSteps();
    const accepted = this.#accepted;
    return {
      steps: enrolmentSteps.map((step) => ({ step, isDone: !open.includes(step) })),
      ...present({
        consent: this.consentText && {
          ...this.consentText,
          ...(accepted && { acceptedAt: accepted.atIso, acceptedOn: accepted.on }),
        },
      }),
      isFinished: this.#personId !== undefined,
    };
  }

  /** What the operator sees. `endsAtMs`: on the monotonic clock. */
  show(endsAtMs: number): EnrolmentState {
    const { about } = this;
    const link = this.#link?.show();
    const personId = this.#personId ?? (about.kind === 'enrolled' ? about.personId : undefined);
    return {
      id: this.id,
      ...present({ personId, name: about.kind === 'new' ? about.person.name : undefined }),
      ...this.showPhone(),
      beganAt: this.#iso(this.#beganAtMs),
      endsAt: this.#iso(endsAtMs),
      pictures: this.pictures.all.map(({ id, step, qualityScore, takenAtMs }) => ({
        ...{ id, step, qualityScore },
        takenAt: this.#iso(takenAtMs),
      })),
      ...present({
        link: link && {
          ...{ state: link.state, expiresAt: this.#iso(link.expiresAtMs), refused: link.refused },
          ...present({
            openedAt: link.openedAtMs === undefined ? undefined : this.#iso(link.openedAtMs),
            lastSeenAt: link.lastSeenAtMs === undefined ? undefined : this.#iso(link.lastSeenAtMs),
          }),
        },
      }),
    };
  }

  /** Looks at one picture. @throws `not-a-picture`, `busy`, `consent-open`, `enrolment-finished`, `no-such-enrolment` */
  look(jpeg: Buffer): Promise<Guidance> {
    return this.#alone(() => this.#look(jpeg));
  }

  /** Looks at pictures of a clip, and for a blink in it. @throws as `look`, `no-face`, `clip-unreadable` */
  lookAtClip(
    files: readonly Buffer[],
    fps: number,
  ): Promise<{ readonly hasBlinked: boolean; readonly pictures: readonly Guidance[] }> {
    return this.#alone(async () => {
      const { clips } = this.#options;
      refuseIfBusy(clips);
      const judged = await analysedClip(clips, files, { fps, isEmbedded: true });
      const pictures: Guidance[] = [];
      for (const picture of await this.#picturesOf(files)) pictures.push(await this.#look(picture));
      const agreeing = judged.probes.filter(({ embeddingBase64 }) =>
        this.pictures.agrees(decodeEmbedding(embeddingBase64), this.#options.threshold()),
      );
      // Not all: some views of a person who moves are poor.
      const isPerson = judged.faceCount === 1 && 2 * agreeing.length >= judged.probes.length;
      const hasBlinked = isPerson && judged.liveness.evidence.blinks.length > 0;
      if (hasBlinked) this.#hasBlinked = true;
      return { hasBlinked, pictures };
    });
  }

  /** Once: `record` writes it down before it counts. @throws `consent-refused`, `enrolment-finished` */
  acceptConsent(version: string, on: 'console' | 'phone', record: () => void): void {
    this.#refuseFinished();
    if (this.consentText?.version !== version) {
      throw refusal('consent-refused');
    }
    if (this.#accepted !== undefined) return;
    record();
    this.#accepted = { atIso: isoTime(this.#options.clock.wallMs()), on };
  }

  /** Replaces the link before. Returns the secret, which is shown once. @throws `enrolment-finished` */
  makeLink(): string {
    this.#refuseFinished();
    const { link, secret } = PhoneLink.make(this.#options.clock);
    this.#link = link;
    return secret;
  }

  /** @throws `enrolment-finished` */
  dropPicture(id: string): boolean {
    this.#refuseFinished();
    return this.pictures.drop(id);
  }

  /** Does the last work, after the picture that is in work. @throws `consent-open`, `enrolment-finished` */
  async finish<T>(
    work: () => Promise<{ readonly result: T; readonly personId?: string | undefined }>,
  ): Promise<T> {
    while (this.#working !== undefined) await Promise.allSettled([this.#working]);
    const finishing = this.#alone(async () => {
      const { result, personId } = await work();
      if (personId !== undefined) {
        this.#personId = personId;
        this.pictures.clear();
      }
      return result;
    });
    this.#finishing = finishing;
    try {
      return await finishing;
    } finally {
      this.#finishing = undefined;
    }
  }

  /** Resolves when the last work is not under way: only then it is known whether the person is enrolled. */
  async decided(): Promise<void> {
    while (this.#finishing !== undefined) await Promise.allSettled([this.#finishing]);
  }

  get isFinishing(): boolean {
    return this.#finishing !== undefined;
  }

  /** Forgets everything. */
  end(): void {
    this.#isOver = true;
    this.#link?.cut();
    this.pictures.clear();
  }

  async #look(jpeg: Buffer): Promise<Guidance> {
    const { photos, clock } = this.#options;
    refuseIfBusy(photos);
    const found = await photos.analyseGuidedView(jpeg);
    if (this.#isOver) throw noSuchEnrolment();
    if (found.outcome === 'refused') {
      const { message, remedy, says } = found;
      throw badInput('not-a-picture', message, { remedy, ...present({ says }) });
    }
    const { widthPx, heightPx, faceCount, main } = found;
    const face = main && { ...main, box: main.face.box, reasons: main.quality.reasons };
    const picture: GuidedPicture = { widthPx, faceCount, face };
    const nowMs = clock.monotonicMs();
    const eyes = face && nextEyes(this.#eyes, face, nowMs);
    if (eyes !== undefined) this.#eyes = eyes.eyes;
    const isSame = main === undefined || this.#isSamePerson(main, found.recogniser);
    if (eyes?.hasBlinked === true && isSame) this.#hasBlinked = true;
    const isOpenEyed = eyes?.seen !== 'closed';
    const kept = main && isSame && isOpenEyed ? this.#keep(main, jpeg, nowMs) : undefined;
    const open = this.#openSteps();
    const hint = isSame ? hintFor(picture, open) : 'other-person';
    return {
      hint: spoken(hint === 'look-at-camera' && !isOpenEyed && open[0] === 'front' ? 'open-eyes' : hint),
      seen: {
        ...{ widthPx, heightPx, faceCount },
        ...present({ face: main && seenFace(main, eyes?.seen ?? 'unknown') }),
      },
      ...present({ kept }),
    };
  }

  #isSamePerson({ embeddingBase64 }: MainFace, recogniser: string): boolean {
    if (recogniser !== this.#options.recogniser()) {
      throw defect('recogniser-mismatch', 'vision and gallery use different recognisers');
    }
    if (embeddingBase64 === undefined) return true;
    return this.pictures.agrees(decodeEmbedding(embeddingBase64), this.#options.threshold());
  }

  #keep(main: MainFace, jpeg: Buffer, takenAtMs: number): PictureStep | undefined {
    const step = stepOf(main);
    if (step === undefined || main.embeddingBase64 === undefined) return undefined;
    const embedding = decodeEmbedding(main.embeddingBase64);
    const offered = { step, jpeg, embedding, qualityScore: main.quality.score, takenAtMs };
    return this.pictures.offer(offered) ? step : undefined;
  }

  #openSteps(): readonly EnrolmentStep[] {
    if (this.#personId !== undefined) return [];
    const isDone = (step: EnrolmentStep): boolean =>
      step === 'blink' ? this.#hasBlinked : this.pictures.all.some((kept) => kept.step === step);
    return enrolmentSteps.filter((step) => !isDone(step));
  }

  /** A single clip is cut by a vision process; of photographs, some are taken. */
  async #picturesOf(files: readonly Buffer[]): Promise<readonly Buffer[]> {
    const [clip, ...others] = files;
    if (clip !== undefined && others.length === 0) return piecesOf(await this.#options.clips.cutClip(clip));
    const every = Math.max(1, Math.ceil(files.length / mostLookedAt));
    return files.filter((_, index) => index % every === 0);
  }

  /** One picture at a time: a phone cannot fill the queue of the vision process. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isOver) throw noSuchEnrolment();
    this.#refuseFinished();
    if (this.consentText !== undefined && this.#accepted === undefined) throw consentOpen();
    if (this.#working !== undefined) throw busy('another picture of this enrolment is in work');
    // A sealed gallery refuses the picture before it costs anything.
    this.#options.recogniser();
    const working = work();
    this.#working = working;
    try {
      return await working;
    } finally {
      this.#working = undefined;
    }
  }

  #refuseFinished(): void {
    if (this.#personId === undefined) return;
    throw refusal('enrolment-finished', {}, { details: { personId: this.#personId } });
  }

  #iso(monotonicMs: number): string {
    const { clock } = this.#options;
    return isoTime(clock.wallMs() + monotonicMs - clock.monotonicMs());
  }
}
