import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { Certificates } from './site.js';
import { idOf, type Worker } from './worker.js';

const stream = {
  name: 'ROLLCALL',
  subjects: ['rollcall.*.*.event.*', 'rollcall.*.*.reply.*'],
  retention: 'workqueue',
};
const consumer = { stream_name: stream.name, config: { durable_name: 'workers', ack_policy: 'explicit' } };

/** A worker on a queue of JetStream, in the text protocol of NATS: it asks for one event at a time and acknowledges it. */
export async function startNatsWorker(port: number, { authority, centre }: Certificates): Promise<Worker> {
  const plain = connectPlain(port, '127.0.0.1');
  // NATS introduces itself before the handshake.
  await once(plain, 'data');
  const socket = connect({
    socket: plain,
    servername: 'localhost',
    ca: authority,
    cert: centre.certificate,
    key: centre.key,
  });
  await once(socket, 'secureConnect');
  const inbox = `_INBOX.${randomUUID()}`;
  const publish = (subject: string, text: string): void =>
    void socket.write(`PUB ${subject} ${inbox}.answer ${Buffer.byteLength(text)}\r\n${text}\r\n`);
  const next = (): void =>
    void socket.write(`PUB $JS.API.CONSUMER.MSG.NEXT.${stream.name}.workers ${inbox}.event 0\r\n\r\n`);
  const ids: string[] = [];
  let answers = 0;
  let onAnswers = (): void => undefined;
  const isSetUp = new Promise<void>((resolve, reject) => {
    onAnswers = resolve;
    socket.once('close', () => reject(new Error('NATS closed the connection of a worker')));
  });
  readMessages(socket, ({ subject, reply, payload }) => {
    if (subject.endsWith('.answer')) {
      answers += 1;
      if (answers === 2) onAnswers();
    } else if (reply.startsWith('$JS.ACK.')) {
      ids.push(idOf(payload));
      publish(reply, '+ACK');
      next();
    }
  });
  socket.write(`CONNECT {"verbose":false,"pedantic":false,"headers":true}\r\nSUB ${inbox}.* 1\r\n`);
  publish(`$JS.API.STREAM.CREATE.${stream.name}`, JSON.stringify(stream));
  publish(`$JS.API.CONSUMER.DURABLE.CREATE.${stream.name}.workers`, JSON.stringify(consumer));
  await isSetUp;
  next();
  return { ids, [Symbol.asyncDispose]: async () => void socket.destroy() };
}

interface NatsMessage {
  readonly subject: string;
  readonly reply: string;
  readonly payload: string;
}

/** Reads `MSG subject sid [reply] bytes` and `HMSG subject sid [reply] headerBytes bytes`, and answers pings. */
function readMessages(socket: TLSSocket, onMessage: (message: NatsMessage) => void): void {
  let waiting = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk]);
    for (let end = waiting.indexOf('\r\n'); end >= 0; end = waiting.indexOf('\r\n')) {
      const [verb, ...words] = waiting.toString('utf8', 0, end).split(' ');
      if (verb === 'PING') socket.write('PONG\r\n');
      let taken = end + 2;
      if (verb === 'MSG' || verb === 'HMSG') {
        const start = taken + (verb === 'HMSG' ? Number(words.at(-2)) : 0);
        const last = taken + Number(words.at(-1));
        if (waiting.length < last + 2) return;
        const reply = words.length === (verb === 'HMSG' ? 5 : 4) ? (words[2] ?? '') : '';
        onMessage({ subject: words[0] ?? '', reply, payload: waiting.toString('utf8', start, last) });
        taken = last + 2;
      }
      waiting = waiting.subarray(taken);
    }
  });
}
