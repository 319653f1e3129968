import type { ComponentType } from 'preact';
import type { Scope } from '../../contract/scopes.js';
import type { IconName } from '../parts/icon.js';

/** Groups of the navigation, in their order. */
export const navigationGroups = ['watch', 'people', 'records', 'system'] as const;

/** A page of the console. Each folder of `pages/` has a `route.ts` whose default export is a list of these. */
export interface ConsoleRoute {
  /** As in preact-iso: `/passages/:id`. */
  readonly path: string;
  /** All of these are needed to see the page. */
  readonly scopes: readonly Scope[];
  /** Absent: the page is reached from others. */
  readonly navigation?: {
    readonly group: (typeof navigationGroups)[number];
    /** Place within the group. */
    readonly order: number;
    readonly icon: IconName;
    readonly text: () => string;
  };
  /** Present: the overview of the system leads to the page. */
  readonly card?: {
    /** Place among the cards. */
    readonly order: number;
    readonly icon: IconName;
    readonly text: () => string;
    /** What one does there, in one sentence. */
    readonly lead: () => string;
  };
  /** True: the page fills the screen, without the navigation. */
  readonly isBare?: true;
  /** True: the page is there without a login. */
  readonly isPublic?: true;
  readonly load: () => Promise<{ readonly default: ComponentType }>;
}
