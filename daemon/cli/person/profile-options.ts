import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import { z } from 'zod';
import type { ProfileChange } from '../../contract/persons.js';
import { explainReading } from '../../host/file-access.js';
import { badInput } from '../../kernel/errors.js';
import { consentBases } from '../../kernel/persons/consent.js';
import { type WatchMark, watchMarks } from '../../kernel/persons/person-standing.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import { dayForms, type SiteTime } from '../site-time.js';

/** Largest profile file, characters. */
const longestProfile = 64 * 1024;

export interface ProfileOptions {
  readonly externalId?: string;
  readonly notes?: string;
  readonly field?: readonly string[];
  readonly consentBasis?: string;
  readonly consentDate?: string;
  readonly consentReference?: string;
  readonly group?: readonly string[];
  readonly validFrom?: string;
  readonly validUntil?: string;
  readonly watch?: 'none' | WatchMark;
  readonly watchReason?: string;
  readonly profile?: string;
}

const profileSchema = z.strictObject({
  name: z.string().optional(),
  externalId: z.string().nullable().optional(),
  notes: z.string().nullable().optional(),
  fields: z.record(z.string(), z.string().nullable()).optional(),
  consent: z
    .strictObject({ basis: z.string(), date: z.string(), reference: z.string() })
    .nullable()
    .optional(),
  groups: z.array(z.string()).nullable().optional(),
  validFrom: z.string().nullable().optional(),
  validUntil: z.string().nullable().optional(),
  watch: z
    .strictObject({ mark: z.enum(watchMarks), reason: z.string() })
    .nullable()
    .optional(),
});

const fileForm =
  'name, externalId, notes, fields, consent { basis, date, reference }, groups, validFrom, validUntil and watch { mark, reason }';

/** Adds the options for a profile. Other users can see arguments (`ps`), so a file works too. */
export function withProfileOptions(command: Command): Command {
  return command
    .option('--external-id <id>', 'id of the person in another system')
    .option('--notes <text>', 'other useful information')
    .option('--field <id=text...>', "custom fields, such as department=Sales; 'department=' removes a value")
    .option('--consent-basis <basis>', `legal ground of the enrolment: ${consentBases.join(', ')}`)
    .option('--consent-date <date>', `day of the consent: ${dayForms}`)
    .option('--consent-reference <text>', 'where the proof is kept, for example the number of a paper form')
    .option('--group <name...>', 'all groups of the person, such as team or visitors')
    .option('--valid-from <date>', `first day on which the person is valid: ${dayForms}`)
    .option('--valid-until <date>', `last day on which the person is valid: ${dayForms}`)
    .addOption(
      new Option(
        '--watch <mark>',
        "'watch' tells of the person at once; 'barred' does the same, and records no attendance; both need --watch-reason",
      ).choices([...watchMarks, 'none']),
    )
    .option('--watch-reason <text>', 'why the person is watched or barred')
    .option(
      '--profile <file>',
      `read ${fileForm} from this JSON file, or from standard input with '-'; other users of this machine can see arguments, but not this file`,
    );
}

/**
 * Reads the profile from the options. Arguments override the file. An empty argument deletes a value.
 * @throws `profile-unreadable`, `consent-incomplete`, `day-unreadable`, `field-unreadable`, `watch-incomplete`
 */
export async function readProfile(
  options: ProfileOptions,
  time: Pick<SiteTime, 'readDay'>,
): Promise<ProfileChange> {
  const { externalId, notes } = options;
  const consent = consentOf(options, time);
  const fields = options.field && fieldsOf(options.field);
  const { consent: filed, ...fromFile } =
    options.profile === undefined ? {} : await readProfileFile(options.profile);
  const consentInFile = filed && { basis: filed.basis, dateIso: filed.date, reference: filed.reference };
  return {
    ...fromFile,
    ...present({
      externalId: externalId === '' ? null : externalId,
      notes: notes === '' ? null : notes,
      fields: fields && { ...fromFile.fields, ...fields },
      consent: consent ?? consentInFile,
      ...termsOf(options, time),
    }),
  };
}

function fieldsOf(given: readonly string[]): NonNullable<ProfileChange['fields']> {
  return Object.fromEntries(
    given.map((each) => {
      const [, id = '', value = ''] = /^([a-z][a-z0-9_]*)=(.*)$/s.exec(each) ?? [];
      if (id !== '') return [id, value === '' ? null : value];
      throw refusal('field-unreadable');
    }),
  );
}

function termsOf(
  { group, validFrom, validUntil, ...mark }: ProfileOptions,
  { readDay }: Pick<SiteTime, 'readDay'>,
) {
  const day = (text: string | undefined) =>
    text === undefined ? undefined : text === '' ? null : readDay(text);
  return {
    groups: group?.every((name) => name === '') === true ? null : group,
    validFrom: day(validFrom),
    validUntil: day(validUntil),
    watch: watchOf(mark),
  };
}

function watchOf({ watch, watchReason: reason }: ProfileOptions) {
  if (watch === 'none' && reason === undefined) return null;
  if (watch === undefined && reason === undefined) return undefined;
  if (watch !== undefined && watch !== 'none' && reason !== undefined) return { mark: watch, reason };
  throw refusal('watch-incomplete');
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
  throw refusal('consent-incomplete');
}

async function readProfileFile(path: string): Promise<z.infer<typeof profileSchema>> {
  const given = path === '-' ? 'standard input' : path;
  const unreadable = (reason: string, cause?: unknown) =>
    badInput('profile-unreadable', `cannot use the profile in ${given}: ${reason}`, {
      remedy: `Give a JSON object with ${fileForm}.`,
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
