// Follows the events of one box: verifies each, takes it once, prints a line. Needs `npm install mqtt jose`.
//   node subscriber.mjs URL PREFIX/SITE/BOX THUMBPRINT [--ca FILE --cert FILE --key FILE] [--until TYPE]
// THUMBPRINT: what `rollcall identity show` says at the box. That key is trusted, and what it leads to: box-keys.mjs.
// Standard output gets verified events and nothing else; what is refused, kept or missing is told on standard error.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import mqtt from 'mqtt';
import { BoxKeys, isThumbprint, partsOf } from './box-keys.mjs';

const { url, base, thumbprint, until, tls } = commandLine();
const source = `/${base.split('/').slice(-2).join('/')}`;
const boxKeys = new BoxKeys(source, thumbprint);
const seen = new Set(); // In your system: a unique index on the id, written together with what the event changes.
let kept = []; // Messages that wait for their key. In your system: a table, since what is acknowledged comes only once.
let [next, isDone, turn] = [0, false, Promise.resolve()]; // The sequence to come; whether to end; see `subscribe`.
let events; // The session of events, when it has begun.

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

/** Nothing that ends a line, steers a terminal or turns the direction of writing is left in it; JSON stays JSON. */
function printable(text) {
  const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (found) => found.split('').map(escaped).join(''));
}

/** Whatever is told here may have been made up by anybody: topics, and reasons that quote the message. */
function complain(word, ...texts) {
  const quoted = texts.map((text) => printable(JSON.stringify(text.slice(0, 200))));
  console.error([word, ...quoted].join('  '));
}

/** Takes an event once. */
async function take(message, { topic, retain }) {
  if (retain) throw new Error('it is retained, which a box does with no event');
  const parts = partsOf(message);
  if (!boxKeys.knows(parts.kid)) return keep({ message, topic, kid: parts.kid });
  const event = await boxKeys.verified(parts);
  if (event.source !== source) throw new Error(`it is of ${event.source}`);
  if (seen.has(event.id)) return;
  seen.add(event.id);
  const sequence = Number(event.sequence);
  if (next > 0 && sequence > next) complain('GAP', `${next} to ${sequence - 1} have not come`);
  next = Math.max(next, sequence + 1);
  const news = event.historical ? 'historical' : 'new';
  console.log(printable([event.time, sequence, event.type, news, JSON.stringify(event.data)].join('  ')));
  isDone = event.type === until;
}

/** A message may overtake the key set with its key. Anybody can make up a key, too: the oldest go, and it is said. */
function keep(waiting) {
  if (waiting.message.length > 100_000) throw new Error('unknown key, longer than any event');
  complain('KEPT', waiting.topic, `until its key is known: ${waiting.kid}`);
  kept.push(waiting);
  if (kept.length <= 500) return;
  const { topic, kid } = kept.shift();
  complain('FORGOTTEN', topic, `too many wait for a key, this one longest: ${kid}`);
}

/** Takes what was kept and has its key now. */
async function takeKept() {
  const waiting = kept;
  kept = waiting.filter(({ kid }) => !boxKeys.knows(kid));
  for (const { message, topic, kid } of waiting)
    if (boxKeys.knows(kid) && !isDone) await attempt(topic, () => take(message, { topic }));
}

async function attempt(topic, work) {
  await work().catch((error) => complain('REFUSED', topic, error.message));
}

/** Handles one message of both sessions after the other, and acknowledges each when it is handled; ends after the last. */
function subscribe(session, topics, handle) {
  const client = mqtt.connect(url, { ...tls, ...session, protocolVersion: 4 }).subscribe(topics, { qos: 1 });
  client.on('error', (error) => complain('ERROR', error.message || String(error.code)));
  const decode = (payload) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
  const handleInTurn = async (packet, acknowledge) => {
    if (isDone) return; // Not acknowledged: the broker keeps it for the next time.
    await attempt(packet.topic, async () => handle(decode(packet.payload), packet));
    acknowledge();
    if (isDone) for (const each of [events, keys]) each.end();
  };
  client.handleMessage = (packet, acknowledge) => {
    turn = turn.then(() => handleInTurn(packet, acknowledge));
  };
  return client;
}

// The events begin when the keys are known, in a session of their own: the broker keeps what comes meanwhile.
const session = { clean: false, clientId: `centre${source.replaceAll('/', '-')}` };
const keys = subscribe({}, `${base}/keys`, async (message) => {
  await boxKeys.follow(message);
  events ??= subscribe(session, [`${base}/event/#`, `${base}/reply/#`], take);
  await takeKept();
});
setTimeout(() => {
  if (events === undefined) complain('WAITING', `${base}/keys`, 'no key set yet: are address and ids right?');
}, 10_000).unref();
