import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { z } from 'zod';
import { badInput } from '../../base/errors.js';
import type { ProfileChange } from '../../control/person-control.js';
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

/** Adds the options that tell about a person, in arguments or, out of the sight of `ps`, in a file. */
export function withProfileOptions(command: Command): Command {
  return command
    .option('--external-id <id>', 'what another system knows the person by')
    .option('--notes <text>', 'anything else worth knowing')
    .option('--consent-basis <basis>', `ground of the enrolment: ${consentBases.join(', ')}`)
    .option('--consent-date <date>', `day the consent was given: ${dayForms}`)
    .option('--consent-reference <text>', 'where its proof is found, such as the number of a paper form')
    .option(
      '--profile <file>',
      "take name, externalId, notes and consent { basis, date, reference } from this JSON file, or from standard input with '-': arguments are visible to other users of this machine",
    );
}

/**
 * What the options say about a person; arguments win over the file. An empty argument takes a value away.
 * @throws `profile-unreadable`, `consent-incomplete`, `day-unreadable`
 */
export async function readProfile(
  options: ProfileOptions,
  time: Pick<SiteTime, 'readDay'>,
): Promise<ProfileChange> {
  const { externalId, notes } = options;
  const consent = consentOf(options, time);
  const { consent: filed, ...fromFile } =
    options.profile === undefined ? {} : await readFileOf(options.profile);
  return {
    ...fromFile,
    ...(filed === undefined
      ? {}
      : { consent: filed === null ? null : { ...withoutDate(filed), dateIso: filed.date } }),
    ...(externalId === undefined ? {} : { externalId: externalId === '' ? null : externalId }),
    ...(notes === undefined ? {} : { notes: notes === '' ? null : notes }),
    ...(consent === undefined ? {} : { consent }),
  };
}

function withoutDate({ basis, reference }: { readonly basis: string; readonly reference: string }) {
  return { basis, reference };
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
  throw badInput('consent-incomplete', 'a consent needs its basis, its date and its reference', {
    remedy: 'give --consent-basis, --consent-date and --consent-reference together',
  });
}

async function readFileOf(path: string): Promise<z.infer<typeof profileSchema>> {
  const given = path === '-' ? 'standard input' : path;
  const unreadable = (reason: string, cause?: unknown) =>
    badInput('profile-unreadable', `the profile in ${given} cannot be used: ${reason}`, {
      remedy: 'give a JSON object with name, externalId, notes and consent { basis, date, reference }',
      cause,
    });
  const content = await (path === '-' ? text(process.stdin) : readFile(path, 'utf8')).catch(
    (error: unknown) => {
      throw unreadable(explainReading(error).says, error);
    },
  );
  if (content.length > longestProfile) throw unreadable('it is too long');
  const parsed = profileSchema.safeParse(parseOrUndefined(content));
  if (!parsed.success) throw unreadable(z.prettifyError(parsed.error));
  return parsed.data;
}

/** What JSON.parse says of a text that is none quotes it: a name has no place in an error. */
function parseOrUndefined(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
