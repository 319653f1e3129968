import type { ComponentType } from 'preact';
import type { Scope } from '../../contract/scopes.js';
import type { IconName } from '../parts/icon.js';

/** Groups of the navigation, in their order. */
export const navigationGroups = ['watch', 'people', 'records', 'system'] as const;

/** A page of the console. */
export interface ConsoleRoute {
  /** As in preact-iso: `/passages/:id`. */
  readonly path: string;
  /** All of these are needed to see the page. */
  readonly scopes: readonly Scope[];
  /** Present: the navigation, or the overview of the system, leads to the page. */
  readonly way?: {
    /** Absent: the page is not in the navigation. */
    readonly group?: (typeof navigationGroups)[number];
    readonly icon: IconName;
    readonly text: () => string;
    /** What one does there, in one sentence. Absent: the page is not in the overview of the system. */
    readonly lead?: () => string;
    /** What stands beside the text in the navigation, such as a count. */
    readonly Beside?: ComponentType;
  };
  /** True: the page fills the screen, without the navigation. */
  readonly isBare?: true;
  /** True: the page is there without a login. */
  readonly isPublic?: true;
  readonly load: () => Promise<ComponentType>;
}
