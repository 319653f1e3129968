import { can, me } from '../../api/session.js';
import type en from '../../messages/en/system.json';
import { Icon } from '../../parts/icon.js';
import { PageHead } from '../../parts/page.js';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../console-route.js';

const t = wordsOf<typeof en>('system');

/** The page that leads to every page of the system that the caller may see. */
export const overviewOf = (routes: readonly ConsoleRoute[]) => () => <Overview routes={routes} />;

function Overview({ routes }: { readonly routes: readonly ConsoleRoute[] }) {
  const shown = routes.flatMap(({ way, path, scopes }) =>
    way?.lead !== undefined && can(...scopes) ? [{ ...way, lead: way.lead, path }] : [],
  );
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')} />
      <nav class="cards" aria-label={t('pages')}>
        {shown.map(({ path, icon, text, lead }) => (
          <a key={path} class="card way" href={path}>
            <Icon name={icon} />
            <span>
              <strong>{text()}</strong>
              <small>{lead()}</small>
            </span>
          </a>
        ))}
      </nav>
      <p class="quiet">{t('version', { version: me.value?.box.version ?? '' })}</p>
    </>
  );
}
