import { effect } from '@preact/signals';
import { me } from '../api/session.js';

/** Where the user was on a page. */
interface Place {
  /** How far the page was scrolled. */
  readonly scrolledPx: number;
  /** The link that had the focus, such as the one that was opened. */
  readonly link?: Link;
}

interface Link {
  readonly href: string;
  /** Of its upper edge in the window. */
  readonly topPx: number;
}

/** A page that takes longer to show what the user had opened stays as it is. */
const longestMs = 10_000;
const storedAs = 'places';

/** Browsers without the Navigation API restore what they can by themselves. */
const navigation: Navigation | undefined = globalThis.navigation;

/** By key of the entry in the history of the tab. */
let places: Readonly<Record<string, Place>> = JSON.parse(sessionStorage.getItem(storedAs) ?? '{}');
/** Where the user was on the page that is about to be shown. */
let wanted: Place | undefined;
let restoring = new AbortController();

/**
 * Remembers where the user was on each page that they leave. `restorePlace` leads back there: the browser itself restores a page
 * before its content has been fetched.
 */
export function watchPlaces(): void {
  if (navigation === undefined) return;
  history.scrollRestoration = 'manual';
  wanted = placeOf(navigation.currentEntry);
  navigation.addEventListener('navigate', ({ navigationType }) => {
    if (navigationType !== 'replace') notePlace(navigation);
  });
  navigation.addEventListener('currententrychange', ({ navigationType, from }) => {
    if (navigationType === 'replace') return;
    restoring.abort();
    wanted = navigationType === 'traverse' ? placeOf(navigation.currentEntry) : undefined;
    // The router acts when the path changes, not when the page shows something else.
    const [left, shown] = [urlOf(from), urlOf(navigation.currentEntry)];
    if (left.pathname !== shown.pathname || left.search === shown.search) return;
    if (wanted === undefined) globalThis.scrollTo(0, 0);
    else requestAnimationFrame(restorePlace);
  });
  globalThis.addEventListener('pagehide', () => notePlace(navigation));
  effect(() => {
    if (me.value !== null) return;
    places = {};
    sessionStorage.removeItem(storedAs);
  });
}

const urlOf = (entry: NavigationHistoryEntry | null): URL => new URL(entry?.url ?? location.href);

const placeOf = (entry: NavigationHistoryEntry | null): Place | undefined => places[entry?.key ?? ''];

function notePlace(history: Navigation): void {
  const { currentEntry } = history;
  if (currentEntry === null || !me.value) return;
  const reachable = new Set(history.entries().map(({ key }) => key));
  const others = Object.entries(places).filter(([key]) => reachable.has(key));
  const link = focusedLink();
  const place = { scrolledPx: globalThis.scrollY, ...(link && { link }) };
  places = { ...Object.fromEntries(others), [currentEntry.key]: place };
  sessionStorage.setItem(storedAs, JSON.stringify(places));
}

function focusedLink(): Link | undefined {
  const focused = document.activeElement;
  const href = focused?.getAttribute('href') ?? null;
  // A dialog is closed when the user comes back.
  if (focused === null || href === null || focused.closest('#content :not(dialog *)') !== focused)
    return undefined;
  return { href, topPx: focused.getBoundingClientRect().top };
}

/**
 * Scrolls the page that is shown now to where it was, and gives the focus back. What is fetched comes later, so it tries again
 * whenever the page changes, until the user does something.
 */
export function restorePlace(): void {
  const place = wanted;
  wanted = undefined;
  if (place === undefined) return;
  const over = new AbortController();
  restoring = over;
  const { signal } = over;
  const { scrolledPx, link } = place;
  let isScrolled = false;
  let found: HTMLElement | undefined;
  const attempt = (): void => {
    if (!isScrolled) {
      globalThis.scrollTo(0, scrolledPx);
      isScrolled = Math.abs(globalThis.scrollY - scrolledPx) <= 1;
    }
    if (!isScrolled || link === undefined) return;
    if (found?.isConnected !== true) found = shownLink(link);
    if (found === undefined) return;
    // The heading takes the focus of each page that is shown, perhaps after this.
    if (['body', 'h1'].includes(document.activeElement?.localName ?? 'body'))
      found.focus({ preventScroll: true });
    // Rows may have come above it, or come now.
    globalThis.scrollBy(0, found.getBoundingClientRect().top - link.topPx);
  };
  const changes = new MutationObserver(attempt);
  const sizes = new ResizeObserver(attempt);
  signal.addEventListener('abort', () => {
    changes.disconnect();
    sizes.disconnect();
  });
  const stop = (): void => over.abort();
  for (const input of ['wheel', 'touchstart', 'pointerdown', 'keydown', 'click'])
    globalThis.addEventListener(input, stop, { signal, capture: true, passive: true });
  setTimeout(stop, longestMs);
  globalThis.addEventListener('focusin', attempt, { signal });
  changes.observe(document.body, { childList: true, subtree: true });
  sizes.observe(document.body);
  attempt();
}

/**
 * The link in the window that leads there: of several, the one that is where the user left it. Rows of a long list that are still
 * drawn for the top of the page do not count.
 */
function shownLink({ href, topPx }: Link): HTMLElement | undefined {
  const links = document.querySelectorAll<HTMLElement>(`#content a[href="${CSS.escape(href)}"]`);
  return [...links]
    .map((link) => ({ link, box: link.getBoundingClientRect() }))
    .filter(({ box }) => box.bottom > 0 && box.top < globalThis.innerHeight)
    .toSorted((one, other) => Math.abs(one.box.top - topPx) - Math.abs(other.box.top - topPx))[0]?.link;
}
