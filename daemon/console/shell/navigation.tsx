import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { logOut } from '../api/call.js';
import { can, me } from '../api/session.js';
import type en from '../messages/en/shell.json';
import { navigationGroups } from '../pages/console-route.js';
import { pageRoutes } from '../pages/page-routes.js';
import { Icon } from '../parts/icon.js';
import { wordsOf } from '../words/words.js';
import { FinderButton } from './finder.js';

const t = wordsOf<typeof en>('shell');

/** The pages that the caller may see, in groups. A bar at the top on narrow screens, with a menu. */
export function Navigation() {
  const { path } = useLocation();
  const isOpen = useSignal(false);
  useEffect(() => {
    isOpen.value = false;
  }, [path]);
  const { box, user, actor } = me.value ?? {};
  return (
    <header class={`side ${isOpen.value ? 'open' : ''}`}>
      <div class="brand">
        <a href="/">
          <img src={new URL('../mark.svg', import.meta.url).href} alt="" width="28" height="28" />
          <span>
            <strong>{box?.site}</strong>
            <small>{box?.box}</small>
          </span>
        </a>
        <FinderButton />
        <button
          type="button"
          class="plain menu"
          aria-expanded={isOpen.value}
          aria-controls="pages"
          onClick={() => {
            isOpen.value = !isOpen.value;
          }}
        >
          <Icon name={isOpen.value ? 'close' : 'menu'} />
          {t('menu')}
        </button>
      </div>
      <nav id="pages" aria-label={t('navigation')}>
        {navigationGroups.map((group) => (
          <Group key={group} group={group} path={path} />
        ))}
        <div class="me">
          <a href="/account" aria-current={path === '/account' ? 'page' : undefined}>
            <Icon name="account" />
            <span>{user?.displayName || user?.userName || actor}</span>
          </a>
          <button type="button" class="plain" onClick={() => void logOut()}>
            {t('logout')}
          </button>
        </div>
      </nav>
    </header>
  );
}

function Group({
  group,
  path,
}: {
  readonly group: (typeof navigationGroups)[number];
  readonly path: string;
}) {
  const shown = pageRoutes.flatMap(({ way, path: own, scopes }) =>
    way?.group === group && can(...scopes) ? [{ ...way, own }] : [],
  );
  if (shown.length === 0) return null;
  // A page below another one of the navigation is the nearer one of the two.
  const here = shown
    .map(({ own }) => own)
    .filter((own) => isWithin(path, own))
    .sort((a, b) => b.length - a.length)[0];
  return (
    <section>
      <h2>{t(group)}</h2>
      <ul>
        {shown.map(({ own, icon, text, Beside }) => (
          <li key={own}>
            <a href={own} aria-current={own === here ? 'page' : undefined}>
              <Icon name={icon} />
              <span>{text()}</span>
              {Beside && <Beside />}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

const isWithin = (path: string, page: string): boolean =>
  page === '/' ? path === '/' : path === page || path.startsWith(`${page}/`);
