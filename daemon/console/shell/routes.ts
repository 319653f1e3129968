import { type ComponentType, h, type VNode } from 'preact';
import { lazy } from 'preact-iso';
import type { ConsoleRoute } from '../pages/route.js';
import { loadAllWords } from '../words/words.js';

/** Every page, with its component, which loads when it is first shown. */
export const routes: readonly (ConsoleRoute & { readonly show: () => VNode })[] = Object.values(
  import.meta.glob<readonly ConsoleRoute[]>('../pages/*/route.ts', { eager: true, import: 'default' }),
)
  .flat()
  .map((route) => {
    const component: ComponentType = lazy(async () => {
      await loadAllWords();
      return route.load();
    });
    return { ...route, show: () => h(component, {}) };
  });
