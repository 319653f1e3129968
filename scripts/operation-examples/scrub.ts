import { createHash } from 'node:crypto';

/** Texts that are secret, or different in every run, by the name of their field. */
const fixedTexts: Readonly<Record<string, string>> = {
  ...{ accessToken: 'eyJhbGciOiJFZERTQSJ9.example.signature', refreshToken: 'rcr_example' },
  ...{ password: 'seven grey herons wade', oldPassword: 'seven grey herons wade' },
  ...{ newPassword: 'nine quiet otters swim', initialPassword: 'k3t9g-wvdey-nbc1d-kwkjg' },
  ...{ uri: 'otpauth://totp/rollcall:demo-admin?secret=JBSWY3DPEHPK3PXP&issuer=rollcall' },
  ...{ jpegBase64: '/9j/4AAQSkZJRgABAQ==', vectorBase64: 'AACAPwAAAAA=' },
  ...{ names: 'DNS:localhost, DNS:box-1, IP Address:127.0.0.1' },
};

/** Measures, by the name of their field: they say nothing to a reader. */
const fixedNumbers: Readonly<Record<string, number>> = {
  ...{ uptimeS: 3600, ageS: 3600, pid: 1234, durationMs: 250, p99Ms: 25, maximumMs: 60 },
  ...{ freeBytes: 100_000_000_000, fileBytes: 1_500_000, sizeBytes: 1_000_000, workedSoFarMin: 120 },
  ...{ restarts: 0, longestBatchMs: 5 },
};

export interface ScrubOptions {
  /** When the box was filled. It becomes the same weekday of the first week of March 2026, at 10:00. */
  readonly nowMs: number;
  /** Words and paths that name this machine, and what stands in their place. */
  readonly places: Readonly<Record<string, string>>;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Instants of this run, and ends that follow from them, are exact to so much. */
const roundMs = 5 * 60_000;
/** Dates that are further away do not follow from the day of the run. */
const nearDays = 60;
/** Long lists are cut to so many items. */
const shownItems = 2;

/** Everything that is replaced in a text, by what it is. */
const patterns = new RegExp(
  [
    String.raw`(?<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))`,
    String.raw`(?<date>(?<![\w-])2\d{3}-\d\d-\d\d(?![\w-]))`,
    String.raw`(?<uuid>\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b)`,
    String.raw`(?<id>(?<=[a-z]-)[0-9a-z]{26}\b)`,
    String.raw`(?<fingerprint>\b(?:[0-9A-F]{2}:){31}[0-9A-F]{2}\b)`,
    String.raw`(?<grouped>\b(?:[0-9a-f]{4} ){7}[0-9a-f]{4}\b)`,
    String.raw`(?<signature>\beyJ[\w-]+\.[\w-]*\.[\w-]+)`,
    String.raw`(?<secret>\brc[a-z]_[\w-]{20,}|\b[A-Z2-7]{32}\b)`,
    String.raw`(?<recoveryCode>\b[0-9a-z]{4}(?:-[0-9a-z]{4}){3}\b)`,
    String.raw`(?<hex>\b(?=\d*[a-f])[0-9a-f]{16,80}\b)`,
    String.raw`(?<digest>(?<![\w-])[\w-]{43}(?![\w-]))`,
    String.raw`(?<counter>(?<="sequence":)\d{9,})`,
    String.raw`(?<code>^\d{6}$)`,
  ].join('|'),
  'g',
);

/** Makes captured values the same in every run. Ids keep their form, and equal values of one example stay equal. */
export function scrubbed(example: unknown, options: ScrubOptions): unknown {
  const { places } = options;
  const forms = formsOf(options);
  const known = new Map<string, string>();
  const replaced = (given: string, kind: string): string => {
    const name = known.get(given) ?? forms[kind]?.(given, known.size + 1) ?? given;
    known.set(given, name);
    return name;
  };
  const text = (given: string): string => {
    let shown = given;
    for (const [found, name] of Object.entries(places)) {
      shown = shown.replace(new RegExp(`(?<!\\w)${escaped(found)}(?!\\w)`, 'g'), name);
    }
    return shown.replace(patterns, (match: string, ...rest: readonly unknown[]) => {
      const groups = Object.entries(Object(rest.at(-1)));
      return replaced(match, groups.find(([, value]) => value !== undefined)?.[0] ?? '');
    });
  };
  const shown = (value: unknown, name: string): unknown => {
    if (typeof value === 'string') return fixedTexts[name] ?? text(value);
    if (typeof value === 'number') return fixedNumbers[name] ?? shownNumber(value);
    if (Array.isArray(value)) return value.slice(0, shownItems).map((item) => shown(item, ''));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shown(item, key)]));
  };
  return shown(example, '');
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Numbers that are drawn at random are far larger than counts. */
const shownNumber = (value: number): number =>
  value > 1e12 ? 1_000_000_000_000 : Math.round(value * 100) / 100;

type Form = (given: string, number: number) => string;

function formsOf({ nowMs }: ScrubOptions): Readonly<Record<string, Form>> {
  const weekday = (new Date(nowMs).getUTCDay() + 6) % 7;
  const shownNowMs = Date.UTC(2026, 2, 2 + weekday, 10);
  const shiftMs = (Math.floor(shownNowMs / dayMs) - Math.floor(nowMs / dayMs)) * dayMs;
  /** Times of the site belong to its days; others that are not over follow from the moment of the call. */
  const shownMs = (atMs: number, isOfSite: boolean): number => {
    const isOfRun = isOfSite ? Math.abs(atMs - nowMs) < 2 * roundMs : atMs > nowMs - hourMs;
    return isOfRun ? shownNowMs + Math.round((atMs - nowMs) / roundMs) * roundMs : atMs + shiftMs;
  };
  const hex = (number: number, length: number): string =>
    createHash('sha512').update(`example ${number}`).digest('hex').repeat(2).slice(0, length);
  const bytes = (number: number): Buffer => Buffer.from(hex(number, 64), 'hex');
  return {
    time(given) {
      const offset = given.endsWith('Z') ? '' : given.slice(-6);
      const [sign, hours, minutes] = [offset[0], Number(offset.slice(1, 3)), Number(offset.slice(4))];
      const offsetMs = offset === '' ? 0 : (sign === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000;
      const iso = new Date(shownMs(Date.parse(given), offset !== '') + offsetMs).toISOString();
      return offset === '' ? iso : `${iso.slice(0, 19)}${offset}`;
    },
    date(given) {
      const isNear = Math.abs(Date.parse(given) - nowMs) < nearDays * dayMs;
      return isNear ? new Date(Date.parse(given) + shiftMs).toISOString().slice(0, 10) : given;
    },
    uuid: (_, number) => `019cad2e-0000-7000-8000-${String(number).padStart(12, '0')}`,
    id: (_, number) => String(number).padStart(26, '0'),
    fingerprint: (_, number) =>
      hex(number, 64)
        .toUpperCase()
        .replace(/..(?!$)/g, '$&:'),
    grouped: (_, number) => hex(number, 32).replace(/....(?!$)/g, '$& '),
    signature: () => 'eyJhbGciOiJFZERTQSJ9..c2lnbmF0dXJl',
    secret: (given) => (given.startsWith('rc') ? `${given.slice(0, 4)}example` : 'JBSWY3DPEHPK3PXP'),
    recoveryCode: (_, number) => `0000-0000-0000-${String(number).padStart(4, '0')}`,
    hex: ({ length }, number) => hex(number, length),
    digest: (_, number) => bytes(number).toString('base64url'),
    counter: () => '1772445600',
    code: () => '123456',
  };
}
