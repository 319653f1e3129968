import { z } from 'zod';
import { markedAs } from '../kernel/events/notice.js';
import { eyeFaults, livenessVerdicts } from '../kernel/liveness/liveness.js';
import { passageOutcomes } from '../kernel/passage-outcome.js';
import { blindCauses } from '../kernel/passages/blind-period.js';
import { clipAbsences } from '../kernel/passages/clip.js';
import { passageEnds } from '../kernel/passages/passage.js';
import { passageReasons } from '../kernel/passages/passage-reason.js';
import { earlyRefusals } from '../kernel/passages/passage-reference.js';
import { personId, similarity } from './person.js';
import { refusalOfOne } from './refusal-of-one.js';
import { says } from './said.js';

const count = z.int().nonnegative();
const number = z
  .int()
  .positive()
  .describe('Ascends from passage to passage, with gaps. Lists are in this order.');
const passageId = z.string().describe('The id of the passage.');
export const outcome = z.enum(passageOutcomes);
export const reason = z.enum(passageReasons).describe('docs/reference/passage-reasons.md explains each.');
export const strangerId = z.string().min(1).max(64).describe('The opaque ID of the unknown person: `s-…`.');

/** A person as callers see one. */
export const personRef = z.object({
  id: personId,
  name: z
    .string()
    .exactOptional()
    .describe('Absent for callers without `names:read`, for an erased person, and for a damaged profile.'),
});
export type PersonRef = z.infer<typeof personRef>;

/** A passage in a list. */
export const readablePassage = z.object({
  number,
  id: passageId,
  camera: z.string(),
  startedAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime(),
  inSightS: z.number().describe('Seconds from the first to the last time the face was seen.'),
  end: z.enum(passageEnds).exactOptional().describe('How it ended. Absent while the face is in sight.'),
  outcome,
  reason,
  sentence: z.string().describe('Why the passage has this outcome, in words.'),
  remedy: z.string().exactOptional().describe('What to do about it. Absent if there is nothing to do.'),
  says: says('sentence', 'remedy'),
  person: personRef.exactOptional().describe('The person whom the box recognised.'),
  stranger: z.object({ id: strangerId, visit: z.int().positive() }).exactOptional(),
  events: z.array(z.string()).readonly().describe('The ids of the events that the passage caused.'),
});
export type ReadablePassage = z.infer<typeof readablePassage>;

/** A passage whose content the box cannot open. */
export const unreadablePassage = z
  .object({ number, id: passageId, unreadable: z.literal(true) })
  .describe(
    'A passage whose content the box cannot open: its key is gone, as after the restore of an older backup, or the row was damaged.',
  );

export const passageItem = z.union([readablePassage, unreadablePassage]);
export type PassageItem = z.infer<typeof passageItem>;

export const measures = z.object({
  score: z.number().describe('0 (cannot be used) to 1.'),
  widthPx: z.number().describe('Width of the face in the full picture.'),
  yawDeg: z.number(),
  pitchDeg: z.number(),
  meanLuma: z.number().describe('Mean brightness of the face, 0 to 255.'),
  sharpness: z.number(),
});

const afterS = z.number().describe('Seconds from the first time the face was seen.');
const eyeOpenness = z
  .number()
  .describe('Height by width, the mean of both eyes: about 0.3 where they are open.');

export const openness = z.object({
  samples: z
    .array(
      z.object({
        afterS,
        openness: eyeOpenness.exactOptional(),
        fault: z
          .enum(eyeFaults)
          .exactOptional()
          .describe('Why the eyes could not be judged in this view, in place of `openness`.'),
      }),
    )
    .readonly()
    .describe('The views in the order of time.'),
  openEyes: eyeOpenness
    .exactOptional()
    .describe('The openness of the open eyes. Absent if they were seen too briefly.'),
  closedUnder: eyeOpenness
    .exactOptional()
    .describe('A dip that comes down to it is a blink, however long it lasts. A quick one needs less.'),
});

/** A passage with everything that was measured. */
export const passageDetails = readablePassage.extend({
  recogniser: z.string(),
  views: z.object({
    count: count.describe('Views in which the landmarks were found.'),
    embedded: count.describe('Views that were compared with the gallery.'),
    faults: z
      .record(z.string(), count)
      .readonly()
      .describe('Number of views with each fault. A view can have several.'),
    best: measures.exactOptional().describe('The best view. Absent without any.'),
  }),
  threshold: z.number().describe('The similarity from which two faces count as one person.'),
  margin: z.number().describe('How much nearer than the second the nearest person must be.'),
  nearest: z
    .array(z.object({ person: personRef, similarity, threshold: z.number() }))
    .readonly()
    .describe('The nearest persons, the most similar first, with the threshold of each.'),
  liveness: z.object({
    require: z.string().describe('What the camera demands: `liveness.require`.'),
    verdict: z.enum(livenessVerdicts),
    reason: z.string(),
    blinkCount: count,
    blinks: z
      .array(
        z.object({
          afterS: z
            .number()
            .describe('Seconds from the first time the face was seen to the middle of the blink.'),
          durationS: z.number(),
        }),
      )
      .readonly()
      .exactOptional()
      .describe('The first blinks. Absent in passages of earlier versions, and of an attack.'),
    openness: openness
      .exactOptional()
      .describe(
        'How far the eyes were open: the last 300 views before the verdict, or before the end where there was none. Absent if neither happened, and in passages of earlier versions.',
      ),
    observedS: z.number().describe('Seconds in which a blink would have been detected.'),
    frameCount: count.describe('Frames in which the eyes were measured.'),
    passiveScore: z.number().exactOptional().describe('0 (attack) to 1 (live). Absent without a model.'),
  }),
  cooldown: z
    .object({ elapsedS: z.number(), cooldownS: z.number(), passage: passageId.exactOptional() })
    .exactOptional()
    .describe('The rule that kept an event back, and the earlier passage.'),
  hasPicture: z.boolean(),
  clip: z
    .object({
      state: z
        .enum(['kept', 'pending', ...clipAbsences])
        .describe('`pending`: it is being made. Otherwise, unless it is `kept`, why there is none.'),
      message: z.string().exactOptional().describe('Why there is none, in words.'),
      remedy: z.string().exactOptional(),
      says: says('message', 'remedy').exactOptional(),
      from: z.iso.datetime().describe('The first frame; of a clip that is not kept, what was wanted.'),
      until: z.iso.datetime().describe('The last frame, likewise.'),
      frames: count,
      bytes: count.describe('Size of the file.'),
      isShort: z.boolean().describe('The camera delivered no frames for a part of the wanted time.'),
    })
    .exactOptional()
    .describe('The clip of the passage. Absent where none was wanted, and after it was deleted.'),
  mark: z
    .object({ was: z.enum(markedAs), person: personRef.exactOptional(), at: z.iso.datetime() })
    .exactOptional()
    .describe('The latest feedback of an operator on the passage.'),
  reference: z
    .object({
      photograph: z
        .string()
        .exactOptional()
        .describe('The photo of the person that was taken from the passage.'),
      refusal: z
        .enum(earlyRefusals)
        .exactOptional()
        .describe('Why none can be taken. Absent if `passages.add-reference` may be called.'),
    })
    .exactOptional()
    .describe('Only for callers with the scope `persons:write`.'),
});
export type PassageDetails = z.infer<typeof passageDetails>;

/** A passage as a mark on a timeline: enough to draw it and to say what it is. */
const timelinePassage = readablePassage
  .pick({ id: true, camera: true, startedAt: true, inSightS: true, outcome: true, person: true })
  .extend({ stranger: strangerId.exactOptional() });
export type TimelinePassage = z.infer<typeof timelinePassage>;

export const blindPeriod = z
  .object({
    camera: z.string().exactOptional().describe('Absent where the box itself was down: no camera was seen.'),
    from: z.iso.datetime(),
    until: z.iso.datetime(),
    cause: z
      .enum(blindCauses)
      .describe(
        '`failed`, `disabled`: the camera delivered nothing, or was switched off. `damaged`: its pictures could not be used. `box-stopped`: the box was down. `box-killed`: the box was down at some time of this period, which begins with the last sign of life.',
      ),
    code: z.string().exactOptional().describe('The code of the error, where there is one.'),
  })
  .describe('A time without usable pictures, so that no passage could be seen.');
export type BlindPeriod = z.infer<typeof blindPeriod>;

export const passageTimeline = z.object({
  passages: z.array(timelinePassage).readonly().describe('In the order of their numbers.'),
  blind: z.array(blindPeriod).readonly().describe('In the order of time, as far as events are kept.'),
  unreadable: count.describe('Passages whose content the box cannot open. They are left out.'),
  isCut: z.boolean().describe('True if there are more passages than the answer has.'),
});
export type PassageTimeline = z.infer<typeof passageTimeline>;

const position = count.describe(
  'Give it as `after` to continue later. A reader can get passages again, and misses none.',
);

/** An item of the stream of passages. */
export const followedPassage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('passage'), passage: passageItem, position }),
  z
    .object({ kind: z.literal('up-to-date'), position })
    .describe(
      'Comes once at the beginning, after the passages that ended before, and whenever no passage ended for 30 seconds.',
    ),
]);
export type FollowedPassage = z.infer<typeof followedPassage>;

export const markOutcome = z.object({
  event: z.string().describe('The id of the event that tells the centre.'),
  corrections: count.describe('Attendances that were added or cancelled.'),
});
export type MarkOutcome = z.infer<typeof markOutcome>;

/** What became of one passage of `passages.mark-many`. */
export const markedPassage = z.object({
  passage: z.string(),
  outcome: z
    .enum(['marked', 'unchanged', 'refused'])
    .describe(
      'In a preview: what would become of the passage. `unchanged`: its last mark says the same, and attendance is as it says if the caller may correct it.',
    ),
  mark: markOutcome.exactOptional().describe('Absent in a preview, and where nothing was marked.'),
  refusal: refusalOfOne.exactOptional().describe('Why the passage was not marked.'),
});
export type MarkedPassage = z.infer<typeof markedPassage>;

export const markedPassages = z.object({
  isPreview: z.boolean(),
  passages: z.array(markedPassage).readonly().describe('In the order of the request, each passage once.'),
});
export type MarkedPassages = z.infer<typeof markedPassages>;

export const markEffect = z.object({
  thresholds: z
    .array(
      z.object({
        person: personRef,
        before: z.number().describe('The threshold now.'),
        after: z.number().describe('The threshold with the mark.'),
        comparisons: count.describe("Comparisons of the person's own photos with each other."),
        lost: count.describe('Those of them that match now, and would not then.'),
      }),
    )
    .readonly()
    .describe('The persons whose threshold would change: at most two. Empty while thresholds are unknown.'),
});
export type MarkEffect = z.infer<typeof markEffect>;

export const referenceRemoved = z.object({
  person: personId,
  photograph: z.string().describe('The id of the photo.'),
});
export type ReferenceRemoved = z.infer<typeof referenceRemoved>;

export const referenceAdded = referenceRemoved.extend({
  retired: z
    .string()
    .exactOptional()
    .describe(
      'The photo of another passage that was deleted for it, because the others show nearly the same.',
    ),
});
export type ReferenceAdded = z.infer<typeof referenceAdded>;
