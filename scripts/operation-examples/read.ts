import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OperationExample } from '../../daemon/contract/openapi.js';

export type Examples = Readonly<Record<string, OperationExample>>;

/** The folder of the examples, from the root of the checkout: one file for each operation. */
export const examplesFolder = 'docs/contract/operations';

const noStream = 'it needs a camera that streams, and the cameras of the demo box do not exist';
const noPassage = 'no camera of the demo box sees a person';
const noPush = 'devices need the push service of a browser';
const noBrowser = 'passkeys need a certificate that browsers trust, and a browser that signs';

const noStranger = 'the demo box has seen no stranger whom it could remember';

/** Operations of the network that have no example, and why. */
export const withoutExample: Readonly<Record<string, string>> = {
  'alerts.add-device': noPush,
  'alerts.change-device': noPush,
  'alerts.devices': noPush,
  'alerts.remove-device': noPush,
  'auth.add-passkey': noBrowser,
  'auth.begin-passkey': noBrowser,
  'auth.begin-passkey-login': noBrowser,
  'auth.begin-passkey-proof': noBrowser,
  'auth.login-with-passkey': noBrowser,
  'auth.remove-passkey': noBrowser,
  'cameras.discover': 'its answer depends on the network of the box',
  'cameras.profiles': 'it needs a device of ONVIF in the network of the box',
  'cameras.snapshot': noStream,
  'cameras.watch': noStream,
  'cameras.watch-video': noStream,
  'cameras.follow': noStream,
  'enrolments.take-camera-picture': noStream,
  'events.picture': 'the demo box keeps no pictures of events',
  'passages.add-reference': noPassage,
  'passages.remove-reference': noPassage,
  'passages.mark': noPassage,
  'passages.mark-many': noPassage,
  'passages.mark-effect': noPassage,
  'passages.unmark': noPassage,
  'passages.picture': noPassage,
  'passages.clip': noPassage,
  'passages.show': noPassage,
  'host.check-broker': 'the demo box has no broker',
  'keys.create': 'it works once, on a box whose gallery has no key yet',
  'strangers.assign': noStranger,
  'strangers.discard': noStranger,
  'strangers.enrol': noStranger,
  'strangers.ignore': noStranger,
  'strangers.merge': noStranger,
  'strangers.notice': noStranger,
  'strangers.restore': noStranger,
  'strangers.show': noStranger,
  'strangers.split': noStranger,
};

/** The captured examples. `root`: the checkout. */
export function readExamples(root: string): Examples {
  const folder = join(root, examplesFolder);
  const read = (name: string): OperationExample => {
    // Written by main.ts; a test compares each with the schemas of its operation.
    return JSON.parse(readFileSync(join(folder, name), 'utf8')) as OperationExample;
  };
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name.replace(/\.json$/, ''), read(name)]),
  );
}
