import { z } from 'zod';
import { secondPersonClasses } from '../../kernel/second-person-classes.js';
import { networkField } from './scalars.js';
import { field } from './setting-field.js';

const perMinute = (normal: number, what: string) =>
  field(
    z.int().min(1).max(100_000).default(normal),
    'live',
    `Largest number of requests ${what} per minute and account. An address may send five times as many with logins, and as many without.`,
  );

const limitsSchema = z.strictObject({
  default: perMinute(100, 'of all other kinds'),
  login: perMinute(10, 'that prove who somebody is'),
  enrolment: perMinute(5, 'that enrol persons'),
  addresses: perMinute(10, 'that make the box connect to an address of a camera'),
  guidance: perMinute(300, 'that show a picture of a guided enrolment'),
  recognition: perMinute(30, 'that compare pictures with the gallery'),
  detection: perMinute(60, 'that look for faces in pictures'),
  pictures: perMinute(1200, 'for kept pictures'),
  days: perMinute(30, 'for all passages of a day'),
  heavy: perMinute(6, 'for long work'),
  stream: perMinute(30, 'that begin a stream'),
});

/** What callers from the network may take. The local socket has no such limits. */
export const apiSchema = z.strictObject({
  limits: limitsSchema.prefault({}).meta({
    description:
      'How often callers from the network may use the operations, by class. Beyond it: status 429.',
  }),
  requestsAtOnce: field(
    z.int().min(8).max(4096).default(256),
    'live',
    'Largest number of requests from the network that the box processes at the same time. Further requests get status 503.',
  ),
  secondPerson: field(
    z.array(z.enum(secondPersonClasses)).max(secondPersonClasses.length).default([]),
    'live',
    'Kinds of operations that a second user must approve, when a caller from the network asks for them; see docs/reference/accounts.md. Any kind here includes `users`. Commands of centres and callers on the box need no approval.',
  ),
  cameraNetworks: field(
    z.array(networkField).max(32).default([]),
    'replace',
    'Networks such as `127.0.0.0/8` in which cameras that are added or tested over the API may be, although the box refuses them otherwise: its own addresses, loopback, link-local, multicast and reserved addresses. A camera of this file may be anywhere.',
  ),
  channelNetworks: field(
    z.array(networkField).max(32).default([]),
    'live',
    'Networks such as `127.0.0.0/8` in which the servers of alert channels that are added over the API may be, although the box refuses them otherwise: its own addresses, loopback, link-local, multicast and reserved addresses. A channel of this file may lead anywhere, except to push services: browsers name those, so they need a public address or one of these networks.',
  ),
  bodiesMiB: field(
    z.int().min(128).max(65_536).default(256),
    'live',
    'Most memory for the bodies of requests from the network, MiB. Beyond it: status 503.',
  ),
});
