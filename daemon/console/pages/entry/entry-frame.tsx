import type { ComponentChildren } from 'preact';
import { Languages } from '../../parts/languages.js';
import { PageHead } from '../../parts/page.js';

/** The frame of what is seen before the login. */
export function EntryFrame({
  title,
  lead,
  children,
}: {
  readonly title: string;
  readonly lead?: ComponentChildren;
  readonly children?: ComponentChildren;
}) {
  return (
    <main class="entry" id="content">
      <div class="card">
        <img src={new URL('../../mark.svg', import.meta.url).href} alt="" width="40" height="40" />
        <PageHead title={title} lead={lead} />
        {children}
      </div>
      <div class="languages">
        <Languages />
      </div>
    </main>
  );
}
