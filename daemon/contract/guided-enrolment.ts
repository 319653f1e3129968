import { z } from 'zod';
import { qualityReasons } from '../kernel/faces/quality.js';
import {
  enrolmentSteps,
  eyesSeen,
  type GuideHint,
  guideHints,
  phoneLinkStates,
  pictureSteps,
} from '../kernel/persons/enrolment-guidance.js';
import {
  enrolmentErrors,
  enrolmentResult,
  galleryErrors,
  givenPerson,
  isDuplicateAllowed,
  numberedFace,
  visionErrors,
} from './enrolment.js';
import { operation } from './operation.js';
import { personId } from './person.js';
import { photographChange } from './photographs.js';

/** Largest picture of a guided enrolment, bytes: 1920 pixels as JPEG. The box keeps the best ones in memory. */
export const maximumGuidedBytes = 2 * 1024 * 1024;
/** Largest clip of a guided enrolment, bytes, and the most files of one that is given as photographs. */
export const maximumGuidedClipBytes = 12 * 1024 * 1024;
export const maximumGuidedClipFiles = 90;

/** What the person should do next, in words. Callers with a language of their own translate by the code. */
export const guideHintTexts: Readonly<Record<GuideHint, string>> = {
  'no-face': 'Move in front of the camera.',
  'one-person-only': 'Make sure that only one person is in view.',
  'come-closer': 'Move closer.',
  'move-back': 'Move back a little.',
  'centre-face': 'Move your face to the centre.',
  'light-from-behind': 'The light is behind you. Turn towards the light.',
  'more-light': 'It is too dark. Turn on a light in front of you.',
  'less-light': 'It is too bright. Avoid direct sunlight.',
  'hold-still': 'Hold still.',
  'uncover-face': 'Uncover your face: no mask, sunglasses, or hands.',
  'open-eyes': 'Open your eyes.',
  'look-at-camera': 'Look straight at the camera.',
  'turn-left': 'Turn your head slightly to your left.',
  'turn-right': 'Turn your head slightly to your right.',
  'turn-less': 'Turn your head back a little.',
  'blink-now': 'Close your eyes briefly, then open them.',
  'other-person': 'This looks like a different person than in the earlier photos.',
  done: 'Done. Thank you.',
};

const enrolmentId = z.string().min(1).max(64).describe('Returned by `enrolments.begin`: `g-…`.');
const one = z.strictObject({ id: enrolmentId });
const isoTime = z.iso.datetime();

const consentText = {
  version: z.string().min(1).max(64).describe('Identifies the text, such as `2026-03 en`.'),
  text: z.string().min(1).max(6000).describe('What the person agrees to, in paragraphs.'),
};

/** What a guided enrolment shows of the steps: to the operator and on the phone. */
const progress = {
  steps: z
    .array(z.object({ step: z.enum(enrolmentSteps), isDone: z.boolean() }))
    .readonly()
    .describe('In the order in which they are asked for. Only `front` is needed to finish.'),
  consent: z
    .object({
      ...consentText,
      acceptedAt: isoTime.exactOptional(),
      acceptedOn: z.enum(['console', 'phone']).exactOptional().describe('Where the person agreed.'),
    })
    .exactOptional()
    .describe('Absent if the enrolment has no text of consent.'),
  isFinished: z.boolean(),
};

/** A guided enrolment as the phone of its person sees it. */
export const phoneEnrolment = z.object(progress);
export type PhoneEnrolment = z.infer<typeof phoneEnrolment>;

/** A guided enrolment as its operator sees it. */
export const guidedEnrolment = z.object({
  id: enrolmentId,
  personId: personId.exactOptional().describe('The person who gets more photos, or who was enrolled.'),
  name: z.string().exactOptional().describe('The name that was given for a new person.'),
  ...progress,
  beganAt: isoTime,
  endsAt: isoTime.describe('The box forgets everything then, unless something happens before.'),
  pictures: z
    .array(
      z.object({
        id: z.string(),
        step: z.enum(pictureSteps),
        qualityScore: z.number().describe('0 to 1.'),
        takenAt: isoTime,
      }),
    )
    .readonly()
    .describe('The best pictures of each step, best first.'),
  link: z
    .object({
      state: z.enum(phoneLinkStates),
      expiresAt: isoTime.describe('When the link, or the access of the phone that opened it, expires.'),
      openedAt: isoTime.exactOptional(),
      lastSeenAt: isoTime.exactOptional().describe('Last request of the phone.'),
      refused: z.int().describe('How often the link was opened again after the first time, and refused.'),
    })
    .exactOptional()
    .describe('The latest link for a phone.'),
});
export type GuidedEnrolment = z.infer<typeof guidedEnrolment>;

/** What the box sees on one picture. */
const guidance = {
  hint: z.object({
    code: z.enum(guideHints),
    sentence: z.string().describe('The hint in English.'),
  }),
  seen: z.object({
    widthPx: z.int().describe('Size of the upright picture.'),
    heightPx: z.int(),
    faceCount: z.int(),
    face: z
      .object({
        box: numberedFace.shape.box,
        qualityScore: z.number().describe('0 to 1.'),
        qualityReasons: z.array(z.enum(qualityReasons)).readonly(),
        pose: z.enum(pictureSteps).exactOptional().describe('Absent if it is turned too far.'),
        yawDeg: z.number().describe('Positive towards the own left of the person.'),
        pitchDeg: z.number().describe('Positive upwards.'),
        eyes: z.enum(eyesSeen),
      })
      .exactOptional()
      .describe('The main face; absent without one.'),
  }),
  kept: z
    .enum(pictureSteps)
    .exactOptional()
    .describe('The step of which this is one of the best pictures now. Absent: the picture is forgotten.'),
};
export const guidedPicture = z.object({ ...guidance, enrolment: guidedEnrolment });
export type GuidedPictureAnswer = z.infer<typeof guidedPicture>;
export const phonePicture = z.object({ ...guidance, enrolment: phoneEnrolment });

const clipOutcome = {
  hasBlinked: z.boolean().describe('The clip shows a blink of the person.'),
  pictures: z.array(z.object(guidance)).readonly().describe('What the box saw on pictures of the clip.'),
};
export const guidedClip = z.object({ ...clipOutcome, enrolment: guidedEnrolment });
export const phoneClip = z.object({ ...clipOutcome, enrolment: phoneEnrolment });

const picture = {
  picture: {
    minimum: 1,
    maximum: 1,
    maximumBytes: maximumGuidedBytes,
    description:
      'JPEG, PNG, WebP, TIFF, GIF, AVIF or HEIC. 640 pixels are enough for guidance, 1920 are the most that is used.',
  },
} as const;
const clip = {
  clip: {
    minimum: 1,
    maximum: maximumGuidedClipFiles,
    maximumBytes: maximumGuidedClipBytes,
    description: 'One clip of a few seconds, or photos in the order in which they were taken.',
  },
} as const;
const fps = z.number().min(1).max(60).default(15).describe('Photos a second; ignored for a clip.');

const phoneKey = z.string().min(1).max(100).describe('`enrolments.open-link` gives it.');
const phoneSecret = {
  key: { isRequired: true, maximumBytes: 100, description: 'The key that `enrolments.open-link` gave.' },
} as const;

const own = { scope: 'persons:write', rate: 'default' } as const;
const ofPhone = { scope: 'public', rate: 'guidance' } as const;
const missing = ['no-such-enrolment'] as const;
const pictureErrors = [
  ...galleryErrors,
  ...visionErrors,
  ...missing,
  ...(['not-a-picture', 'consent-open', 'enrolment-finished'] as const),
] as const;
const clipErrors = [...pictureErrors, 'no-face', 'clip-unreadable'] as const;
const phoneErrors = ['phone-ended'] as const;

const forOperators = {
  'enrolments.begin': operation({
    ...{ method: 'POST', path: '/enrolments', ...own, audit: 'write' },
    summary: 'Start to enrol a person step by step. The box checks each picture immediately.',
    description:
      'For a new person (`person`) or for one who gets more photos (`personId`). The box keeps everything in memory only, for 15 minutes from the last picture or change, and writes nothing of it to the disk before `enrolments.finish`. Only the caller who began it can use it. A caller may have 4 open ones.',
    input: z.strictObject({
      personId: personId.optional(),
      person: z
        .strictObject({
          ...givenPerson,
          consentText: z
            .strictObject(consentText)
            .optional()
            .describe(
              'The person must agree to it before the end; this becomes their consent. Not with `consent`.',
            ),
        })
        .omit({ faceNumber: true, isDuplicateAllowed: true })
        .optional(),
    }),
    answer: { kind: 'json', schema: guidedEnrolment },
    creates: {
      id: 'id',
      foundBy: 'enrolments.list',
      lost: 'Continue this guided enrolment (enrolments.show). If it is over, begin one with a new key.',
    },
    errors: [
      ...galleryErrors,
      'no-such-person',
      'profile-refused',
      'too-many-enrolments',
      'enrolment-unclear',
    ],
  }),
  'enrolments.list': operation({
    ...{ method: 'GET', path: '/enrolments', ...own },
    summary: 'List your open guided enrolments.',
    answer: { kind: 'json', schema: z.array(guidedEnrolment).readonly() },
    errors: [],
  }),
  'enrolments.show': operation({
    ...{ method: 'GET', path: '/enrolments/{id}', ...own, rate: 'guidance' },
    summary: 'Show the state of a guided enrolment.',
    description: 'Does not lengthen its time.',
    input: one,
    answer: { kind: 'json', schema: guidedEnrolment },
    errors: missing,
  }),
  'enrolments.take-picture': operation({
    ...{ method: 'POST', path: '/enrolments/{id}/pictures', ...own, rate: 'guidance' },
    summary: 'Show the box a picture of the person, and get a hint.',
    description:
      'The gates are those of `persons.enrol`. A picture that passes them, shows the person of the pictures before and is among the best of its step is kept; every other one is forgotten. Send the next picture when the answer is there: a second one at the same time is refused (`busy`).',
    input: one,
    files: picture,
    answer: { kind: 'json', schema: guidedPicture },
    errors: pictureErrors,
    isLong: true,
  }),
  'enrolments.take-camera-picture': operation({
    ...{ method: 'POST', path: '/enrolments/{id}/camera-pictures', ...own, rate: 'guidance' },
    summary: 'Take a picture of the person from a camera of the box, and get a hint.',
    description: 'Also needs the scope `live:watch`.',
    input: one.extend({ cameraId: z.string().min(1).max(64) }),
    camera: 'cameraId',
    answer: { kind: 'json', schema: guidedPicture },
    errors: [...pictureErrors, 'no-such-camera', 'camera-not-streaming'],
    audit: 'personal',
    isLong: true,
  }),
  'enrolments.take-clip': operation({
    ...{ method: 'POST', path: '/enrolments/{id}/clips', ...own, rate: 'recognition' },
    summary: 'Show the box a clip of the person: it takes pictures from it and looks for a blink.',
    description: 'Blinks are found as at a camera. The box looks at 10 pictures of the clip at most.',
    input: one.extend({ fps }),
    files: clip,
    filesBytes: maximumGuidedClipBytes,
    answer: { kind: 'json', schema: guidedClip },
    errors: clipErrors,
    isLong: true,
  }),
  'enrolments.read-picture': operation({
    ...{ method: 'GET', path: '/enrolments/{id}/pictures/{pictureId}', ...own, audit: 'personal' },
    summary: 'Read a kept picture of a guided enrolment.',
    input: one.extend({ pictureId: z.string().max(64) }),
    answer: { kind: 'file', mediaType: 'image/jpeg' },
    errors: [...missing, 'no-such-picture'],
  }),
  'enrolments.drop-picture': operation({
    ...{ method: 'DELETE', path: '/enrolments/{id}/pictures/{pictureId}', ...own },
    summary: 'Forget a kept picture of a guided enrolment.',
    input: one.extend({ pictureId: z.string().max(64) }),
    answer: { kind: 'json', schema: guidedEnrolment },
    errors: [...missing, 'no-such-picture', 'enrolment-finished'],
  }),
  'enrolments.accept-consent': operation({
    ...{ method: 'POST', path: '/enrolments/{id}/consent', ...own, audit: 'write' },
    summary: 'Record that the person agreed to the text of consent, on the screen of the operator.',
    input: one.extend({ version: consentText.version }),
    answer: { kind: 'json', schema: guidedEnrolment },
    errors: [...missing, 'consent-refused', 'enrolment-finished'],
  }),
  'enrolments.make-link': operation({
    ...{ method: 'POST', path: '/enrolments/{id}/link', ...own, audit: 'write' },
    summary: 'Make a one-time link, by which a phone may take the pictures of a guided enrolment.',
    description:
      'The link is `https://BOX/e#SECRET`. It is valid for 10 minutes and opens on the first phone alone, which may use it for 30 minutes. A new link ends the one before.',
    input: one,
    answer: {
      kind: 'json',
      schema: z.object({
        secret: z.string().describe('Shown only here. Put it behind the `#` of the address.'),
        enrolment: guidedEnrolment,
      }),
    },
    creates: {
      id: 'enrolment.id',
      foundBy: 'enrolments.show',
      lost: 'Make a new link with a new key. It ends the lost one.',
    },
    errors: [...missing, 'enrolment-finished'],
  }),
  'enrolments.cut-link': operation({
    ...{ method: 'DELETE', path: '/enrolments/{id}/link', ...own, audit: 'write' },
    summary: 'End the link and the right of the phone that opened it.',
    input: one,
    answer: { kind: 'json', schema: guidedEnrolment },
    errors: missing,
  }),
  'enrolments.finish': operation({
    ...{ method: 'POST', path: '/enrolments/{id}/finish', ...own, rate: 'enrolment', audit: 'write' },
    summary: 'Enrol the person from the kept pictures, or only check whether this is possible.',
    description:
      'The same checks and the same path as `persons.enrol`, or `persons.photographs.add` for a person who is enrolled. After success the pictures are forgotten, and a repeated call gives `enrolment-finished` with the person in its details.',
    input: one.extend({
      isDryRun: z.boolean().default(false).describe('Only checks. Not for a person who is enrolled.'),
      isDuplicateAllowed,
    }),
    answer: {
      kind: 'json',
      schema: z.discriminatedUnion('outcome', [...enrolmentResult.options, photographChange.options[0]]),
    },
    creates: { id: 'person.id', foundBy: 'persons.list' },
    errors: [
      ...enrolmentErrors,
      ...missing,
      ...(['consent-open', 'enrolment-finished', 'enrolment-incomplete', 'enrolment-unclear'] as const),
      ...(['no-such-person', 'person-not-active', 'too-many-photographs'] as const),
    ],
    isLong: true,
  }),
  'enrolments.abandon': operation({
    ...{ method: 'DELETE', path: '/enrolments/{id}', ...own, audit: 'write' },
    summary: 'End a guided enrolment and forget its pictures.',
    input: one,
    answer: {
      kind: 'json',
      schema: z.object({
        isAbandoned: z.boolean().describe('False if it was already over or the person has been enrolled.'),
      }),
    },
    errors: [],
  }),
} as const;

const forPhones = {
  'enrolments.open-link': operation({
    ...{ method: 'POST', path: '/phone-enrolment/open', scope: 'public', rate: 'login', audit: 'write' },
    summary: 'Open the link of a guided enrolment on a phone. It works once.',
    input: z.strictObject({ secret: z.string().min(1).max(100) }),
    answer: {
      kind: 'json',
      schema: z.object({
        key: z.string().describe('The right of this phone. Shown only here.'),
        enrolment: phoneEnrolment,
      }),
    },
    errors: ['link-refused'],
  }),
  'enrolments.show-on-phone': operation({
    ...{ method: 'POST', path: '/phone-enrolment', ...ofPhone },
    summary: 'Show the state of a guided enrolment to the phone that opened its link.',
    input: z.strictObject({ key: phoneKey }),
    answer: { kind: 'json', schema: phoneEnrolment },
    errors: phoneErrors,
  }),
  'enrolments.take-picture-on-phone': operation({
    ...{ method: 'POST', path: '/phone-enrolment/pictures', ...ofPhone },
    summary: 'Show the box a picture of the person from the phone that opened the link.',
    files: picture,
    secrets: phoneSecret,
    answer: { kind: 'json', schema: phonePicture },
    errors: [...pictureErrors, ...phoneErrors],
    isLong: true,
  }),
  'enrolments.take-clip-on-phone': operation({
    ...{ method: 'POST', path: '/phone-enrolment/clips', ...ofPhone, rate: 'recognition' },
    summary: 'Show the box a clip of the person from the phone that opened the link.',
    input: z.strictObject({ fps }),
    files: clip,
    filesBytes: maximumGuidedClipBytes,
    secrets: phoneSecret,
    answer: { kind: 'json', schema: phoneClip },
    errors: [...clipErrors, ...phoneErrors],
    isLong: true,
  }),
  'enrolments.accept-consent-on-phone': operation({
    ...{ method: 'POST', path: '/phone-enrolment/consent', ...ofPhone, rate: 'default', audit: 'write' },
    summary: 'Record that the person agreed to the text of consent, on the phone that opened the link.',
    input: z.strictObject({ key: phoneKey, version: consentText.version }),
    answer: { kind: 'json', schema: phoneEnrolment },
    errors: [...phoneErrors, 'consent-refused', 'enrolment-finished'],
  }),
} as const;

export const guidedEnrolmentOperations = { ...forOperators, ...forPhones } as const;
