import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { z } from 'zod';
import { badInput } from '../../base/errors.js';
import { present } from '../../base/present.js';
import type { ProfileChange } from '../../contract/persons.js';
import { consentBases } from '../../domain/persons/consent.js';
import { explainReading } from '../../host/file-access.js';
import { dayForms, type SiteTime } from '../site-time.js';

/** Largest profile file, characters. */
const longestProfile = 64 * 1024;

export interface ProfileOptions {
  readonly externalId?: string;
  readonly notes?: string;
  readonly consentBasis?: string;
  readonly consentDate?: string;
  readonly consentReference?: string;
  readonly profile?: string;
}

const profileSchema = z.strictObject({
  name: z.string().optional(),
  externalId: z.string().nullable().optional(),
  notes: z.string().nullable().optional(),
  consent: z
    .strictObject({ basis: z.string(), date: z.string(), reference: z.string() })
    .nullable()
    .optional(),
});

/** Adds the options for a profile. Other users can see arguments (`ps`), so a file works too. */
export function withProfileOptions(command: Command): Command {
  return command
    .option('--external-id <id>', 'id of the person in another system')
    .option('--notes <text>', 'other useful information')
    .option('--consent-basis <basis>', `legal ground of the enrolment: ${consentBases.join(', ')}`)
    .option('--consent-date <date>', `day of the consent: ${dayForms}`)
    .option('--consent-reference <text>', 'where the proof is kept, for example the number of a paper form')
    .option(
      '--profile <file>',
      "read name, externalId, notes and consent { basis, date, reference } from this JSON file, or from standard input with '-'; other users of this machine can see arguments, but not this file",
    );
}

/**
 * Reads the profile from the options. Arguments override the file. An empty argument deletes a value.
 * @throws `profile-unreadable`, `consent-incomplete`, `day-unreadable`
 */
export async function readProfile(
  options: ProfileOptions,
  time: Pick<SiteTime, 'readDay'>,
): Promise<ProfileChange> {
  const { externalId, notes } = options;
  const consent = consentOf(options, time);
  const { consent: filed, ...fromFile } =
    options.profile === undefined ? {} : await readProfileFile(options.profile);
  const consentInFile = filed && { basis: filed.basis, dateIso: filed.date, reference: filed.reference };
  return {
    ...fromFile,
    ...present({
      externalId: externalId === '' ? null : externalId,
      notes: notes === '' ? null : notes,
      consent: consent ?? consentInFile,
    }),
  };
}

function consentOf(
  { consentBasis, consentDate, consentReference }: ProfileOptions,
  { readDay }: Pick<SiteTime, 'readDay'>,
) {
  if (consentBasis === undefined && consentDate === undefined && consentReference === undefined)
    return undefined;
  if (consentBasis !== undefined && consentDate !== undefined && consentReference !== undefined) {
    return { basis: consentBasis, dateIso: readDay(consentDate), reference: consentReference };
  }
  throw badInput('consent-incomplete', 'a consent needs basis, date and reference', {
    remedy: 'give --consent-basis, --consent-date and --consent-reference together',
  });
}

async function readProfileFile(path: string): Promise<z.infer<typeof profileSchema>> {
  const given = path === '-' ? 'standard input' : path;
  const unreadable = (reason: string, cause?: unknown) =>
    badInput('profile-unreadable', `cannot use the profile in ${given}: ${reason}`, {
      remedy: 'give a JSON object with name, externalId, notes and consent { basis, date, reference }',
      cause,
    });
  const content = await (path === '-' ? text(process.stdin) : readFile(path, 'utf8')).catch(
    (error: unknown) => {
      throw unreadable(explainReading(error).reason, error);
    },
  );
  if (content.length > longestProfile) throw unreadable('it is too long');
  const parsed = profileSchema.safeParse(parseOrUndefined(content));
  if (!parsed.success) throw unreadable(z.prettifyError(parsed.error));
  return parsed.data;
}

/** Hides the error of JSON.parse, which quotes the text: errors must not contain names. */
function parseOrUndefined(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
