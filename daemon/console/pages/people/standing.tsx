import type { PersonSummary } from '../../../contract/person.js';
import type en from '../../messages/en/people.json';
import { Badge } from '../../parts/page.js';
import { plainDay, siteDay } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('people');

type Standing = 'removed' | 'barred' | 'watched' | 'expired' | 'not-yet-valid' | 'unrecognisable' | 'active';

/** What is to be known of a person at first sight, the weightiest first. */
function standingsOf(person: PersonSummary): readonly Standing[] {
  const today = siteDay();
  const { state, watch, validFrom, validUntil, templates } = person;
  if (state === 'removed') return ['removed'];
  const found: Standing[] = [];
  if (watch !== undefined) found.push(watch.mark === 'barred' ? 'barred' : 'watched');
  if (validUntil !== undefined && validUntil < today) found.push('expired');
  if (validFrom !== undefined && validFrom > today) found.push('not-yet-valid');
  if (templates === 0) found.push('unrecognisable');
  return found.length === 0 ? ['active'] : found;
}

const looks = {
  removed: ['quiet', undefined],
  barred: ['bad', 'warning'],
  watched: ['warn', 'eye'],
  expired: ['warn', 'warning'],
  'not-yet-valid': ['info', undefined],
  unrecognisable: ['bad', 'warning'],
  active: ['ok', 'check'],
} as const;

/** Says how the box treats a person. */
export function StandingBadges({ of: person }: { readonly of: PersonSummary }) {
  return (
    <span class="badges">
      {standingsOf(person).map((standing) => {
        const [tone, icon] = looks[standing];
        return (
          <Badge key={standing} tone={tone} {...(icon && { icon })}>
            {t(`standing-${standing}`)}
          </Badge>
        );
      })}
    </span>
  );
}

/** Says whether a consent is recorded. */
export function ConsentBadge({ state }: { readonly state: PersonSummary['consentState'] }) {
  const tone = ({ none: 'quiet', recorded: 'ok', withdrawn: 'warn' } as const)[state];
  return <Badge tone={tone}>{t(`consent-${state}`)}</Badge>;
}

/** The days on which a person is valid, in words; empty without an end on either side. */
export function validityOf({ validFrom, validUntil }: PersonSummary): string {
  const short = { year: 'numeric', month: 'short', day: 'numeric' } as const;
  const [from, until] = [validFrom, validUntil].map((day) => (day === undefined ? '' : plainDay(day, short)));
  if (from && until) return t('from-until', { from, until });
  if (from) return t('from', { from });
  return until ? t('until', { until }) : '';
}
