import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './built.js';

/** A fenced block of a page. */
export interface DocBlock {
  /** `page:line`, for messages. */
  readonly place: string;
  readonly text: string;
  /** Why no test runs the block: `<!-- not run: REASON -->` above it. Undefined if a test must run it. */
  readonly notRun: string | undefined;
}

const installedBox = 'test/live/installed-box.test.ts';
const installedPackage = 'test/live/debian-package.test.ts';

/** Pages that have something for a shell, and which test runs all of it that is not marked. */
export const shellPages: Readonly<Record<string, string>> = {
  'README.md': installedBox,
  'systemd/README.md': installedBox,
  'docs/reference/alerts.md': installedBox,
  'docs/tutorial/call-the-api.md': 'test/integration/api-page.test.ts',
  'docs/reference/delivery.md': installedBox,
  'docs/reference/events.md': installedBox,
  'docs/how-to/connect-home-assistant.md': 'test/live/home-assistant.test.ts',
  'docs/how-to/add-a-camera.md': installedBox,
  'docs/how-to/answer-a-request.md': installedBox,
  'docs/how-to/back-up-and-restore.md': installedBox,
  'docs/how-to/connect-the-broker.md': installedBox,
  'docs/how-to/enrol-people.md': installedBox,
  'docs/how-to/find-log-lines.md': installedBox,
  'docs/how-to/install-the-package.md': installedPackage,
  'docs/how-to/find-out-why-not-recorded.md': installedBox,
  'docs/how-to/reach-the-box-from-the-network.md': 'test/live/gate-unit.test.ts',
  'docs/how-to/mask-parts-of-a-picture.md': 'test/e2e/camera-masks-page.test.ts',
  'docs/how-to/read-attendance.md': installedBox,
  'docs/how-to/rotate-keys.md': installedBox,
  'docs/how-to/prepare-packages-for-your-boxes.md': installedPackage,
  'docs/how-to/set-up-a-box.md': installedBox,
  'docs/how-to/take-a-box-out-of-service.md': installedBox,
  'docs/reference/identity.md': installedBox,
  'docs/tutorial/receive-events.md': 'test/live/integrators-walkthrough.test.ts',
};

const fence = /^(?:<!-- not run: (?<notRun>[^\n]+?) -->\n)?```(?<language>\w*)\n(?<text>.*?)^```$/gms;

/** The blocks of a page in a language, in the order in which a reader meets them. */
export function docBlocks(page: string, language = 'sh'): readonly DocBlock[] {
  const content = readFileSync(join(root, page), 'utf8');
  return [...content.matchAll(fence)]
    .filter(({ groups }) => groups?.['language'] === language)
    .map(({ index, groups }) => ({
      place: `${page}:${content.slice(0, index).split('\n').length}`,
      text: groups?.['text'] ?? '',
      notRun: groups?.['notRun'],
    }));
}
