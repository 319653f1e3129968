import { type ComponentChildren, Fragment } from 'preact';
import { useEffect, useErrorBoundary } from 'preact/hooks';
import { ErrorBoundary, LocationProvider, lazy, Route, Router, useLocation } from 'preact-iso';
import { unreachable } from '../api/api-error.js';
import { isConnected, reconnections, watchConnection } from '../api/connection.js';
import { loginWanted, lossWanted, proofWanted } from '../api/questions.js';
import { can, me, resumeFault, unsent } from '../api/session.js';
import type scopeTexts from '../messages/en/scopes.json';
import type en from '../messages/en/shell.json';
import type { ConsoleRoute } from '../pages/console-route.js';
import { EntryFrame } from '../pages/entry/entry-frame.js';
import { Login, LoginAgain, NewPassword, resume } from '../pages/entry/login.js';
import { pageRoutes } from '../pages/page-routes.js';
import { Confirm } from '../parts/dialog.js';
import { Icon } from '../parts/icon.js';
import { Notes } from '../parts/notes.js';
import { PageHead } from '../parts/page.js';
import { ProofDialog } from '../parts/proof-dialog.js';
import { Fault } from '../parts/shown-fault.js';
import { isDraftAtRisk } from '../parts/use-draft.js';
import { useLeaveWarning } from '../parts/use-leave-warning.js';
import { loadAllWords, wordsOf } from '../words/words.js';
import { Finder } from './finder.js';
import { Navigation } from './navigation.js';
import { restorePlace } from './place.js';

const t = wordsOf<typeof en>('shell');
const scopeText = wordsOf<typeof scopeTexts>('scopes');

/** The whole console: what can be seen without a login, the entry, or the pages with their navigation. */
export function Console() {
  useEffect(watchConnection, []);
  useLeaveWarning(unsent.value > 0 || isDraftAtRisk.value);
  return (
    <LocationProvider>
      <Lost />
      <Frame />
      {proofWanted.value !== undefined && <ProofDialog onAnswer={proofWanted.value.answer} />}
      {lossWanted.value !== undefined && <Loss onAnswer={lossWanted.value.answer} />}
      {loginWanted.value !== undefined && <LoginAgain onAnswer={loginWanted.value.answer} />}
      <Notes />
    </LocationProvider>
  );
}

/** Asks before a logout that loses what is being sent. */
function Loss({ onAnswer }: { readonly onAnswer: (mayLose: boolean) => void }) {
  return (
    <Confirm
      title={t('loss-title')}
      act={t('logout')}
      isDestructive
      onAct={() => Promise.resolve()}
      onClose={onAnswer}
    >
      <p>{t('loss', { count: unsent.value })}</p>
    </Confirm>
  );
}

/** Says that the box does not answer, above everything else. */
function Lost() {
  return (
    <div role="status" class="lost-place">
      {!isConnected.value && (
        <p class="lost">
          <Icon name="warning" />
          {t('lost')}
        </p>
      )}
    </div>
  );
}

function Frame() {
  const { path } = useLocation();
  const isBare = (route: ConsoleRoute): boolean => route.isBare === true && matches(route.path, path);
  if (pageRoutes.some((route) => route.isPublic === true && matches(route.path, path))) return <Pages />;
  const account = me.value;
  if (account === undefined) return <Silence />;
  if (account === null) return <Login />;
  if (account.user?.mustChangePassword === true) return <NewPassword />;
  if (pageRoutes.some(isBare)) return <Pages />;
  return (
    <div class="frame">
      <a class="skip" href="#content">
        {t('skip')}
      </a>
      <Navigation />
      <main id="content" tabIndex={-1}>
        <Pages />
      </main>
      <Finder />
    </div>
  );
}

/** How long after a refusal the console asks again. */
const againMs = 5000;

/** The console has opened while the box does not answer, or refuses: it is not known yet who is logged in. */
function Silence() {
  const count = reconnections.value;
  useEffect(() => {
    if (count > 0) void resume();
  }, [count]);
  const fault = resumeFault.value;
  const isSilent = fault === undefined || fault.code === unreachable;
  useEffect(() => {
    if (isSilent) return;
    const { retryAfterS } = fault.details;
    const timer = setTimeout(resume, Math.max(againMs, 1000 * Number(retryAfterS ?? 0)));
    return () => clearTimeout(timer);
  }, [fault]);
  if (isSilent) return <EntryFrame title={t('silence')} lead={t('silence-lead')} />;
  return (
    <EntryFrame title={t('not-opened')} lead={t('not-opened-lead')}>
      <Fault error={fault} onRetry={() => void resume()} />
    </EntryFrame>
  );
}

const matches = (pattern: string, path: string): boolean =>
  new RegExp(`^${pattern.replaceAll(/:\w+/g, '[^/]+')}/?$`).test(path);

function Pages() {
  return (
    <Failures>
      <ErrorBoundary>
        <Router onRouteChange={restorePlace} onLoadEnd={restorePlace}>
          {shownRoutes.map(({ path, show }) => (
            <Route key={path} path={path} component={show} />
          ))}
          <Route default component={NotFound} />
        </Router>
      </ErrorBoundary>
    </Failures>
  );
}

/** Each route has one component for good: a new one would begin the page anew whenever its query changes. */
const shownRoutes = pageRoutes.map((route) => {
  const Page = lazy(() => loaded(route));
  return {
    path: route.path,
    show: () => (
      <Admitted route={route}>
        <Page />
      </Admitted>
    ),
  };
});

/** A page that cannot be loaded, such as one of a console that the box has replaced meanwhile, fails when it is shown. */
async function loaded(route: ConsoleRoute): ReturnType<ConsoleRoute['load']> {
  try {
    await loadAllWords();
    return await route.load();
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function Admitted({
  route,
  children,
}: {
  readonly route: ConsoleRoute;
  readonly children: ComponentChildren;
}) {
  const { path } = useLocation();
  // The page of another person begins anew: what the user began with this one, or what was fetched of it, is not theirs.
  if (route.isPublic === true || can(...route.scopes)) return <Fragment key={path}>{children}</Fragment>;
  const missing = route.scopes.filter((scope) => !me.value?.scopes.includes(scope));
  const needed = missing.map((scope) => scopeText(`scope-${scope}`)).join('; ');
  const lead = missing.length === 0 ? t('not-limited-lead') : t('not-allowed-lead', { scopes: needed });
  return <PageHead title={t('not-allowed')} lead={lead} />;
}

function NotFound() {
  return (
    <PageHead title={t('not-found')} lead={t('not-found-lead')}>
      <a href="/">{t('to-start')}</a>
    </PageHead>
  );
}

/** A mistake of one page leaves the rest of the console in use. */
function Failures({ children }: { readonly children: ComponentChildren }) {
  const { path } = useLocation();
  const [error, forget] = useErrorBoundary();
  useEffect(forget, [path]);
  if (error === undefined) return <>{children}</>;
  return (
    <PageHead title={t('failed')} lead={t('failed-lead', { message: String(error) })}>
      <button type="button" onClick={() => location.reload()}>
        {t('reload')}
      </button>
    </PageHead>
  );
}
