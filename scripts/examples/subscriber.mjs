// Follows the events of one box: verifies each, takes it once, prints a line. Needs `npm install mqtt jose`.
//   node subscriber.mjs URL PREFIX/SITE/BOX THUMBPRINT [--ca FILE --cert FILE --key FILE] [--until TYPE]
// THUMBPRINT: what `rollcall identity show` says at the box. That key is trusted, and what it leads to.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { calculateJwkThumbprint, compactVerify, flattenedVerify } from 'jose';
import mqtt from 'mqtt';

const options = Object.fromEntries(['ca', 'cert', 'key', 'until'].map((name) => [name, { type: 'string' }]));
const { values, positionals } = parseArgs({ allowPositionals: true, options });
const { until, ...pem } = values;
const tls = Object.fromEntries(Object.entries(pem).map(([name, path]) => [name, readFileSync(path)]));
const [url, base, thumbprint] = positionals;
const source = `/${base.split('/').slice(-2).join('/')}`;
const algorithms = ['EdDSA']; // Nothing in a message chooses how it is verified.
let trusted = new Map([[thumbprint, undefined]]); // Keys by thumbprint. Of the first, only the name is known yet.
let [events, following] = []; // The session of events, when it has begun; the looking at the key set that came last.
let [newestKeySet, next, mayWaitFromMs] = [0, 0, 0]; // Sequences of the key set and of the event to come; see trustedFor.
const seen = new Set(); // In your system: a unique index on the id, written together with what the event changes.
const say = (...words) => console.log(words.join('  '));
const decoded = async (payload) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
const headerOf = (jws) => JSON.parse(Buffer.from(jws.split('.')[0], 'base64url'));

/** What a message says, if a key of `keysFor(kid)` signed it: its text without the last attribute, `signature`. */
async function verified(message, keysFor) {
  const [, head, header, signature] = /^(.*),"signature":"([\w-]+)\.\.([\w-]+)"}$/s.exec(message) ?? [];
  if (header === undefined) throw new Error('it is not signed');
  const { kid, typ } = headerOf(header);
  const key = (await keysFor(kid)).get(kid);
  if (key === undefined || typ !== 'rollcall+jws') throw new Error(`signed by somebody else: ${kid}`);
  const signed = { protected: header, payload: Buffer.from(`${head}}`).toString('base64url'), signature };
  await flattenedVerify(signed, key, { algorithms });
  return { kid, value: JSON.parse(`${head}}`) };
}

/** The trusted keys. One that is unknown may be on its way: waited for once a minute, since anybody can make up a `kid`. */
async function trustedFor(kid) {
  await following?.catch(() => undefined);
  if (trusted.has(kid) || Date.now() < mayWaitFromMs) return trusted;
  mayWaitFromMs = Date.now() + 60_000;
  for (let waits = 0; waits < 20 && !trusted.has(kid); waits += 1) await sleep(100);
  return trusted;
}

/** Trusts the keys of a key set that is signed with its newest key, if a trusted key leads there by endorsements. */
async function follow(message) {
  const { keys, endorsements } = JSON.parse(message);
  const offered = new Map();
  for (const { kty, crv, x } of keys.filter(({ use }) => use === 'sig'))
    offered.set(await calculateJwkThumbprint({ kty, crv, x }), { kty, crv, x });
  const [inForce] = trusted.keys(); // Former ones lead nowhere: one may have been stolen.
  const reached = new Map([...offered].filter(([kid]) => kid === inForce));
  for (const jws of endorsements.toReversed()) {
    const { kid, typ } = headerOf(jws); // Those of the oldest keys come first now.
    if (!reached.has(kid) || typ !== 'rollcall-endorsement+jws') continue;
    const { payload } = await compactVerify(jws, reached.get(kid), { algorithms });
    const { key } = JSON.parse(Buffer.from(payload));
    if (offered.has(key)) reached.set(key, offered.get(key));
  }
  const { kid, value } = await verified(message, () => reached);
  const isOfBox = `/${value.site}/${value.box}` === source && kid === [...offered.keys()][0];
  if (!isOfBox || value.sequence < newestKeySet) throw new Error('it is not the newest key set of this box');
  [trusted, newestKeySet] = [offered, value.sequence];
}

/** Takes an event once. Returns whether it is the one to end with. */
async function take(message, isRetained) {
  if (isRetained) throw new Error('it is retained, which a box does with no event');
  const { value: event } = await verified(message, trustedFor);
  if (event.source !== source) throw new Error(`it is of ${event.source}`);
  if (seen.has(event.id)) return false;
  seen.add(event.id);
  const sequence = Number(event.sequence);
  if (next > 0 && sequence > next) say('GAP', `${next} to ${sequence - 1} have not come`);
  next = Math.max(next, sequence + 1);
  say(event.time, sequence, event.type, event.historical ? 'historical' : 'new', JSON.stringify(event.data));
  return event.type === until;
}

/** Handles one message after the other, and acknowledges each when it is handled; ends after the last. */
function subscribe(session, topics, handle) {
  const client = mqtt.connect(url, { ...tls, ...session, protocolVersion: 4 }).subscribe(topics, { qos: 1 });
  client.on('error', (error) => say('ERROR', error.message));
  client.handleMessage = async ({ topic, payload, retain }, acknowledge) => {
    const handled = decoded(payload).then((message) => handle(message, retain));
    const isLast = await handled.catch((error) => say('REFUSED', topic, error.message));
    acknowledge();
    if (isLast) for (const each of [events, keys]) each.end();
  };
  return client;
}

// The events begin when the keys are known, in a session of their own: the broker keeps what comes meanwhile.
const session = { clean: false, clientId: `centre${source.replaceAll('/', '-')}` };
const keys = subscribe({}, `${base}/keys`, async (message) => {
  following = follow(message);
  await following;
  events ??= subscribe(session, [`${base}/event/#`, `${base}/reply/#`], take);
});
