// Follows the events of one box: verifies each, takes it once, prints a line. Needs `npm install mqtt jose`.
//   node subscriber.mjs URL PREFIX/SITE/BOX THUMBPRINT [--ca FILE --cert FILE --key FILE] [--until TYPE]
// THUMBPRINT: from `rollcall identity show` at the box. Trusts this key and the keys that it endorses: box-keys.mjs.
// Standard output gets only verified events. Standard error reports refused, kept and missing messages.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import mqtt from 'mqtt';
import { BoxKeys, isThumbprint, partsOf } from './box-keys.mjs';

const { url, base, thumbprint, until, tls } = commandLine();
const source = `/${base.split('/').slice(-2).join('/')}`;
const boxKeys = new BoxKeys(source, thumbprint);
const seen = new Set(); // In your system: a unique index on the id, written together with the effect of the event.
let kept = []; // Messages that wait for their key. In your system: a table, because acknowledged messages come only once.
let [next, isDone, turn] = [0, false, Promise.resolve()]; // The next sequence; whether to end; see `subscribe`.
let events; // The session of events, once it has begun.

function commandLine() {
  try {
    const [url = '', base = '', thumbprint = '', ...args] = process.argv.slice(2);
    const names = ['ca', 'cert', 'key', 'until'];
    const options = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
    const { until, ...files } = parseArgs({ args, options }).values;
    if (!/^(mqtt|ws)s?:\/\/./.test(url)) throw new Error('URL begins with mqtt:// or mqtts://');
    if (!/^[^+#]+\/[^/+#]+\/[^/+#]+$/.test(base)) throw new Error('PREFIX/SITE/BOX has three levels or more');
    if (!isThumbprint(thumbprint)) throw new Error("THUMBPRINT is 43 letters and digits, of 'identity show'");
    const tls = Object.fromEntries(Object.entries(files).map(([name, path]) => [name, readFileSync(path)]));
    return { url, base, thumbprint, until, tls };
  } catch ({ message }) {
    const usage = 'URL PREFIX/SITE/BOX THUMBPRINT [--ca FILE --cert FILE --key FILE] [--until TYPE]';
    console.error(`${message}\nusage: node subscriber.mjs ${usage}`);
    process.exit(2);
  }
}

/** Escapes line ends, terminal controls and direction marks. JSON stays valid JSON. */
function printable(text) {
  const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (found) => found.split('').map(escaped).join(''));
}

/** Reports on standard error. The texts may come from an attacker: topics, and reasons that quote a message. */
function complain(word, ...texts) {
  const quoted = texts.map((text) => printable(JSON.stringify(text.slice(0, 200))));
  console.error([word, ...quoted].join('  '));
}

/** Takes an event once. */
async function take(message, { topic, retain }) {
  if (retain) throw new Error('it is retained; a box never retains an event');
  const parts = partsOf(message);
  if (!boxKeys.knows(parts.kid)) return keep({ message, topic, kid: parts.kid });
  const event = await boxKeys.verified(parts);
  if (event.source !== source) throw new Error(`it is from ${event.source}`);
  if (seen.has(event.id)) return;
  seen.add(event.id);
  const sequence = Number(event.sequence);
  if (next > 0 && sequence > next) complain('GAP', `${next} to ${sequence - 1} are missing`);
  next = Math.max(next, sequence + 1);
  const news = event.historical ? 'historical' : 'new';
  console.log(printable([event.time, sequence, event.type, news, JSON.stringify(event.data)].join('  ')));
  isDone = event.type === until;
}

/** Keeps a message that came before its key. An attacker can invent keys, so the oldest messages are dropped and reported. */
function keep(waiting) {
  if (waiting.message.length > 100_000) throw new Error('unknown key, longer than any event');
  complain('KEPT', waiting.topic, `until its key is known: ${waiting.kid}`);
  kept.push(waiting);
  if (kept.length <= 500) return;
  const { topic, kid } = kept.shift();
  complain('FORGOTTEN', topic, `too many messages wait for a key; dropped the oldest, key ${kid}`);
}

/** Takes the kept messages whose key is now known. */
async function takeKept() {
  const waiting = kept;
  kept = waiting.filter(({ kid }) => !boxKeys.knows(kid));
  for (const { message, topic, kid } of waiting)
    if (boxKeys.knows(kid) && !isDone) await attempt(topic, () => take(message, { topic }));
}

async function attempt(topic, work) {
  await work().catch((error) => complain('REFUSED', topic, error.message));
}

/** Handles the messages of both sessions one after the other, and acknowledges each one afterwards. */
function subscribe(session, topics, handle) {
  const client = mqtt.connect(url, { ...tls, ...session, protocolVersion: 4 }).subscribe(topics, { qos: 1 });
  client.on('error', (error) => complain('ERROR', error.message || String(error.code)));
  const decode = (payload) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
  const handleInTurn = async (packet, acknowledge) => {
    if (isDone) return; // Not acknowledged: the broker keeps it for the next session.
    await attempt(packet.topic, async () => handle(decode(packet.payload), packet));
    acknowledge();
    if (isDone) for (const each of [events, keys]) each.end();
  };
  client.handleMessage = (packet, acknowledge) => {
    turn = turn.then(() => handleInTurn(packet, acknowledge));
  };
  return client;
}

// Subscribes to the events once the keys are known, in a separate session: the broker keeps messages that come meanwhile.
const session = { clean: false, clientId: `centre${source.replaceAll('/', '-')}` };
const keys = subscribe({}, `${base}/keys`, async (message) => {
  await boxKeys.follow(message);
  events ??= subscribe(session, [`${base}/event/#`, `${base}/reply/#`], take);
  await takeKept();
});
setTimeout(() => {
  if (events === undefined)
    complain('WAITING', `${base}/keys`, 'no key set yet: check the address and the ids');
}, 10_000).unref();
