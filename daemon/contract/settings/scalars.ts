import { isIP } from 'node:net';
import { z } from 'zod';
import { isSlug } from '../../kernel/ids.js';
import { isPrintableLine } from '../../kernel/printable-text.js';
import { type UrlFault, urlFault } from '../../kernel/url-fault.js';
import { nearestWord } from './nearest-word.js';

/** A short name that is safe in topics, file names and URLs. */
export const slugField = z.string().refine(isSlug, {
  error:
    'must be 1 to 64 lower-case letters, digits, "-" or "_", beginning and ending with a letter or digit',
  params: { remedy: 'Choose a short name such as "front-door".' },
});

/** A display name. It appears in logs, terminals and mail subjects: one line, without invisible characters. */
export const shownName = z
  .string()
  .trim()
  .min(1, { abort: true })
  .max(100, { abort: true })
  .refine(isPrintableLine, {
    error: 'contains control characters',
    params: { remedy: 'Remove line breaks, escape characters and marks that change the text direction.' },
  });

/** The name becomes a file name: without path separators and leading dots, as systemd requires of credential names. */
export const credentialName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/, {
  error:
    'must be a name of letters, digits, "-", "_" and "." (the name of the secret, not the secret itself)',
});

/** SHA-256 of a certificate, with or without colons; normalised to `sha256:` and upper-case hexadecimal with colons. */
export const certificateFingerprint = z
  .string()
  .regex(/^sha256:[\da-f]{2}(?::?[\da-f]{2}){31}$/i, {
    error: 'must be "sha256:" and 64 hexadecimal digits, with or without colons between',
  })
  .transform((text) => {
    const bytes = text.slice('sha256:'.length).replaceAll(':', '').toUpperCase().match(/../g) ?? [];
    return `sha256:${bytes.join(':')}`;
  });

/** True for an address and the length of its prefix, such as `192.0.2.0/24`. */
function isNetwork(text: string): boolean {
  const [address = '', length = '', ...more] = text.split('/');
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return more.length === 0 && /^\d{1,3}$/.test(length) && Number(length) <= bits && !address.includes('%');
}

/** A network in the notation of CIDR. */
export const networkField = z.string().refine(isNetwork, {
  error: 'must be a network such as "192.0.2.0/24" or "2001:db8::/32"',
});

/** True for the zones that the JavaScript runtime knows. Offsets such as `+02:00` are not zone names. */
function isTimeZone(name: string): boolean {
  // Every command of rollcall comes here, and to make a formatter costs it over 10 ms. The list lacks former names only.
  if (Intl.supportedValuesOf('timeZone').includes(name)) return true;
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** An IANA time zone name. */
export const timeZoneField = z.string().superRefine((name, context) => {
  if (isTimeZone(name)) return;
  const near = nearestWord(name, Intl.supportedValuesOf('timeZone'));
  context.addIssue({
    code: 'custom',
    message: 'is not an IANA time zone',
    params: {
      remedy: near === undefined ? 'Use a name such as "Europe/Paris" or "UTC".' : `Did you mean "${near}"?`,
    },
  });
});

/**
 * A URL with one of `schemes` and without a user name or password. Errors never repeat the value: it may contain
 * a password. `insteadOfUser` is the remedy for a user name; the default is for sections with a setting `credential`.
 */
export function urlField(
  schemes: readonly string[],
  what: string,
  insteadOfUser = 'remove "user:password@", store "user:password" as a secret and enter the name of the secret in "credential"',
): z.ZodString {
  return z.string().superRefine((text, context) => {
    const fault = urlFault(text, schemes);
    if (fault === undefined) return;
    const allowed = schemes
      .map((scheme) => `${scheme}://`)
      .join(', ')
      .replace(/, ([^,]+)$/, ' or $1');
    const form = `Write ${what} as ${schemes[0]}://host:port/path`;
    const texts: Readonly<Record<UrlFault, readonly [message: string, remedy: string]>> = {
      'not-a-url': ['is not a valid URL', `${form}, without user and password.`],
      'other-scheme': [`must begin with ${allowed}`, `${form}.`],
      'no-host': ['has no host', `${form}.`],
      'login-inside': ['must not contain a user name or password', insteadOfUser],
    };
    const [message, remedy] = texts[fault];
    context.addIssue({ code: 'custom', message, params: { remedy } });
  });
}
