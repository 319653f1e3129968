import type { Caller } from '../../daemon/contract/caller.js';
import type { guidedEnrolmentOperations } from '../../daemon/contract/guided-enrolment.js';
import type { Call, Handlers } from '../../daemon/contract/handlers.js';
import { allScopes } from '../../daemon/contract/scopes.js';
import type { ClipOutcome, CutOutcome, GuidedOutcome } from '../../daemon/contract/vision/vision-answers.js';
import { anonymousCaller } from '../../daemon/core/accounts/authenticate.js';
import { type NewAuditEntry, refuseMisshapen } from '../../daemon/core/audit/audit-entry.js';
import { guidedEnrolmentHandlers } from '../../daemon/core/enrolments/enrolment-handlers.js';
import { OpenEnrolments } from '../../daemon/core/enrolments/open-enrolments.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { testRecogniser } from './gallery-fixture.js';
import { type GalleryPersons, openGalleryPersons, readPainted } from './gallery-persons.js';
import { faceCountOn, faceOn, paintFace } from './painted-faces.js';

type Operations = typeof guidedEnrolmentOperations;

/** The view of a painted picture, by its number. `dark`: the gates refuse the face. `bowed`: with closed eyes. */
export const views = { front: 1, left: 2, right: 3, closed: 4, dark: 5, bowed: 6 } as const;
const yawOf = (view: number): number => (view === views.left ? 22 : view === views.right ? -22 : 0);

/** Stands for the vision process: sees the painted face and the view. */
function lookAtPainted(image: Uint8Array): GuidedOutcome {
  const file = Buffer.from(image);
  const size = { widthPx: 640, heightPx: 480 };
  const face = faceOn(file);
  if (face === undefined) {
    if (!file.toString('utf8').includes('wall')) {
      return { outcome: 'refused', code: 'unauthenticated', message: 'it is no picture', remedy: 'send one' };
    }
    return { outcome: 'ok', recogniser: testRecogniser, ...size, faceCount: 0 };
  }
  const faceCount = faceCountOn(file);
  const known = { outcome: 'ok', recogniser: testRecogniser, ...size, faceCount } as const;
  if (faceCount > 1) return known;
  const photo = readPainted(file);
  if (photo.outcome !== 'ok') throw new Error('a painted face is not read');
  const view = Number(/view (\d+)/.exec(file.toString('utf8'))?.[1] ?? 1);
  const isClosed = view === views.closed || view === views.bowed;
  return {
    ...known,
    main: {
      face: { number: 1, place: 'middle', box: { x: 200, y: 100, width: 200, height: 240 } },
      quality: { score: 0.5 + (view % 10) / 20, reasons: view === views.dark ? ['dark'] : [] },
      ...{ yawDeg: yawOf(view), pitchDeg: view === views.bowed ? 30 : 0, openness: isClosed ? 0.08 : 0.3 },
      ...{ meanLuma: 130, lumaAround: 90 },
      ...(view === views.dark ? {} : { embeddingBase64: photo.embeddingBase64 }),
    },
  };
}

const noClip: ClipOutcome = { outcome: 'refused', code: 'no-face', message: 'no face', remedy: 'send one' };

export interface GuidedBox extends AsyncDisposable {
  readonly gallery: GalleryPersons;
  readonly open: OpenEnrolments;
  readonly clock: VirtualClock;
  readonly entries: readonly NewAuditEntry[];
  readonly handlers: Handlers<Operations>;
  /** What vision says of the clips that come. */
  seeClip(outcome: ClipOutcome): void;
  /** Holds the answers of vision until it is called. */
  hold(): () => void;
  call(caller: Caller): Call;
}

/** An operator with an account, by name. */
export const operator = (name: string): Caller => ({
  ...anonymousCaller({ address: '192.0.2.7' }),
  ...{ actor: `user:${name}`, userId: name, scopes: new Set(allScopes), provedAtMs: 'always' },
});

/** A phone without any account. */
export const phone = (address = '192.0.2.99'): Caller => anonymousCaller({ address });

/** The guided enrolments of a box over an encrypted gallery. Only the networks are fake. */
export async function openGuidedBox(): Promise<GuidedBox> {
  const gallery = await openGalleryPersons();
  const clock = new VirtualClock(Date.UTC(2026, 2, 2, 8));
  const entries: NewAuditEntry[] = [];
  let held: Promise<void> = Promise.resolve();
  let clip = noClip;
  const log = {
    append(entry: NewAuditEntry) {
      refuseMisshapen(entry);
      entries.push(entry);
    },
    note: (entry: NewAuditEntry) => log.append(entry),
  };
  const look = async (image: Uint8Array) => {
    await held;
    return lookAtPainted(image);
  };
  const cutClip = async (): Promise<CutOutcome> => ({
    outcome: 'ok',
    sizes: [paintFace('ada').length],
    picture: paintFace('ada'),
  });
  const open = new OpenEnrolments({
    photos: { analyseGuidedView: look, waitingCount: 0 },
    clips: { judgeClip: async () => clip, cutClip, waitingCount: 0 },
    ...{ threshold: () => 0.5, recogniser: () => gallery.vault.gallery().recogniser },
    ...{ audit: log, readings: log, clock, logger: silentLogger },
  });
  const handlers = guidedEnrolmentHandlers({
    ...{ open, vault: gallery.vault, persons: gallery.persons, audit: log, readings: log, clock },
    todayIso: () => '2026-03-02',
    snapshot: async () => paintFace('ada', views.front),
  });
  return {
    ...{ gallery, open, clock, entries, handlers },
    seeClip(outcome) {
      clip = outcome;
    },
    hold() {
      let release = (): void => undefined;
      held = new Promise((resolve) => {
        release = resolve;
      });
      return () => release();
    },
    call: (caller) => ({ caller, signal: new AbortController().signal, requestId: 'r1' }),
    async [Symbol.asyncDispose]() {
      open[Symbol.dispose]();
      await gallery[Symbol.asyncDispose]();
    },
  };
}
