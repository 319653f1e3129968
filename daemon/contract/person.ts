import { z } from 'zod';
import { ownThresholdReasons } from '../kernel/identification/calibration.js';
import { consentBases, consentStates } from '../kernel/persons/consent.js';
import { watchMarks } from '../kernel/persons/person-standing.js';
import { writtenAs } from './command-line.js';

export const personId = z
  .string()
  .min(1)
  .max(64)
  .describe('The opaque id of the person: `p-…`.')
  .register(writtenAs, { as: 'person' });
export const activePersonId = personId.clone().register(writtenAs, { as: 'active person' });

/** `removed`: no longer recognised. Stays sealed, and can be restored, until retention erases the person. */
export const personState = z.enum(['active', 'removed']);
export type PersonState = z.infer<typeof personState>;

export const similarity = z.number().describe('Similarity of two faces, -1 to 1; higher is closer.');

const validDay = z.string().describe('A day at the site, `YYYY-MM-DD`, inclusive.');

/** A person's groups, when they are valid, whether the box watches for them, and the values of the owner's custom fields. */
const personTerms = {
  groups: z.array(z.string()).readonly().exactOptional().describe('Sorted; absent without a group.'),
  validFrom: validDay.exactOptional(),
  validUntil: validDay.exactOptional(),
  watch: z
    .object({
      mark: z
        .enum(watchMarks)
        .describe(
          '`watch`: the box reports the person immediately. `barred`: it also records no attendance of them.',
        ),
      reason: z.string(),
    })
    .exactOptional(),
  fields: z
    .record(z.string(), z.string())
    .exactOptional()
    .describe(
      'Values of custom fields by ID, also of fields that the setting `persons.fields` no longer defines. Absent without any.',
    ),
};

/** A person in a list. */
export const personSummary = z.object({
  id: personId,
  name: z.string().describe('`(damaged)` if the stored profile does not open.'),
  externalId: z.string().exactOptional().describe('The id of the person in another system, such as payroll.'),
  state: personState.describe(
    '`removed`: no longer recognised; can be restored until retention erases them.',
  ),
  enrolledAt: z.iso.datetime(),
  removedAt: z.iso.datetime().exactOptional().describe('Absent while the person is active.'),
  templates: z.int().nonnegative().describe('Number of templates of the face.'),
  photographs: z.int().nonnegative().describe('Number of stored photos.'),
  photographId: z
    .string()
    .exactOptional()
    .describe('The stored photo of the best quality, as `persons.photographs.read` takes it.'),
  consentState: z
    .enum(consentStates)
    .describe('Whether a consent is recorded. Also `none` if the stored profile cannot be decrypted.'),
  ...personTerms,
});
export type PersonSummary = z.infer<typeof personSummary>;

export const consent = z.object({
  basis: z.enum(consentBases),
  dateIso: z.string().describe('Day of the consent, `YYYY-MM-DD`.'),
  reference: z.string().describe('Identifies the proof, such as the number of a paper form.'),
  withdrawnIso: z.string().exactOptional().describe('Day of withdrawal, `YYYY-MM-DD`.'),
});

/** All data of a person except the pictures and templates themselves. */
export const personDetail = personSummary.extend({
  notes: z.string().exactOptional(),
  consent: consent.exactOptional(),
  threshold: z
    .object({
      similarity,
      recogniser: z.string().describe('With another recogniser, the threshold has no effect.'),
      reason: z.string(),
    })
    .exactOptional()
    .describe('A threshold that was set by hand for this person. Absent: the calibrated one.'),
  thresholdInForce: z
    .object({
      similarity,
      general: similarity.describe('What the box demands of all others.'),
      reason: z.enum(ownThresholdReasons).describe('As in `gallery.calibrate`.'),
      markedPassages: z
        .array(z.string())
        .readonly()
        .exactOptional()
        .describe(
          'For `marked`, and callers with the scope `passages:read`: the passages in which another person was mistaken for this one, most similar first, at most 20. `passages.unmark` removes a mark.',
        ),
    })
    .exactOptional()
    .describe(
      'Present if the box demands a higher similarity for this person than for others. Only in answers of `persons.show`.',
    ),
  photographIds: z.array(z.string()).readonly(),
  revision: z
    .int()
    .positive()
    .describe(
      'Counts the changes of the profile, the photos and the state. Give it with a change to detect other changes.',
    ),
});
export type PersonDetail = z.infer<typeof personDetail>;
