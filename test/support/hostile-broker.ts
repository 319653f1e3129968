import { connect, createServer, type Socket } from 'node:net';
import type { Random } from '../../daemon/kernel/random.js';
import { listenOnLoopback } from './listening.js';
import { packetTypes, splitPackets } from './packet-gate.js';

/** A port that gives hostile answers instead of a broker, until it forwards to a real one. */
export interface HostileBroker extends AsyncDisposable {
  /** `mqtt://127.0.0.1:port`. */
  readonly url: string;
  /** Number of connections that got hostile answers. */
  readonly caseCount: number;
  /** Resolves after `count` cases; from then on connections lead to a real broker on `port`. */
  giveWay(count: number, port: number): Promise<void>;
}

/** Time for a client to react to an answer, milliseconds. */
const LONGEST_CASE_MS = 15;

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
};

/** Text that would do harm on a terminal, in a line-based log, in a shell or in a template. */
const hostileTexts = [
  '\u001b[2J\u001b[31mall is well\n{"level":"info","message":"forged"}\r\n',
  '\u0000\u0007\u009b31m\u202egnp.exe\u2066',
  '$(reboot) `reboot` {{constructor}} ../../../etc/shadow',
  'x'.repeat(3000),
  '__proto__',
];

/** Properties of MQTT 5: a reason string (31) and user properties (38), or a wrong length. */
function properties(random: Random): Buffer {
  const pick = (): Buffer => text(choose(random, hostileTexts));
  const body = Buffer.concat([
    Buffer.from([31]),
    pick(),
    ...Array.from({ length: Math.floor(random.unit() * 4) }, () =>
      Buffer.concat([Buffer.from([38]), pick(), pick()]),
    ),
  ]);
  return Buffer.concat([lengthOf(body.length), body]);
}

function lengthOf(length: number): Buffer {
  const bytes: number[] = [];
  let rest = length;
  do {
    bytes.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.from(bytes);
}

function packet(type: number, flags: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(type << 4) | flags]), lengthOf(body.length), body]);
}

const choose = <T>(random: Random, values: readonly [T, ...T[]] | readonly T[]): T => {
  const value = values[Math.floor(random.unit() * values.length)];
  if (value === undefined) throw new Error('nothing to choose from');
  return value;
};

const byte = (random: Random): number => Math.floor(random.unit() * 256);
const randomBytes = (random: Random, most: number): Buffer =>
  Buffer.from(Array.from({ length: 1 + Math.floor(random.unit() * most) }, () => byte(random)));

const connack = (random: Random): Buffer =>
  packet(packetTypes.connack, 0, Buffer.concat([Buffer.from([0, byte(random)]), properties(random)]));
const accepted = Buffer.from([0x20, 3, 0, 0, 0]);

/** A packet of any type with hostile text in a valid form. */
function anyPacket(random: Random): Buffer {
  const id = Buffer.from([0, 1 + Math.floor(random.unit() * 40)]);
  const refusal = Buffer.from([choose(random, [0x80, 0x83, 0x87, 0x90, 0x97, byte(random) | 0x80])]);
  const makers = [
    () => packet(packetTypes.puback, 0, Buffer.concat([id, refusal, properties(random)])),
    () => packet(packetTypes.suback, 0, Buffer.concat([id, properties(random), refusal])),
    () => packet(packetTypes.disconnect, 0, Buffer.concat([refusal, properties(random)])),
    () =>
      packet(
        packetTypes.publish,
        choose(random, [0, 1, 2, 3, 4, 6, 0xb]),
        Buffer.concat([text(choose(random, hostileTexts)), id, properties(random), randomBytes(random, 500)]),
      ),
    () => packet(choose(random, [5, 6, 7]), choose(random, [0, 2]), Buffer.concat([id, refusal])),
    () => packet(choose(random, [0, 15]), byte(random) & 0xf, properties(random)),
    () => Buffer.from([byte(random), 0xff, 0xff, 0xff, 0xff, 0xff]),
    () => Buffer.concat([Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]), Buffer.alloc(65_536, byte(random))]),
    () => connack(random),
    () => accepted,
  ] as const;
  return choose(random, makers)();
}

/** Changes one bit or byte, removes a part, or repeats one. */
function mutated(random: Random, bytes: Buffer): Buffer {
  const at = Math.floor(random.unit() * bytes.length);
  const kind = random.unit();
  if (kind < 0.4) {
    const copy = Buffer.from(bytes);
    copy[at] = random.unit() < 0.5 ? byte(random) : (copy[at] ?? 0) ^ (1 << Math.floor(random.unit() * 8));
    return copy;
  }
  if (kind < 0.6) return bytes.subarray(0, at);
  if (kind < 0.7) return Buffer.concat([bytes.subarray(at), bytes]);
  return bytes;
}

/** The answers to a new client and to each of its packets. */
export function hostileWords(random: Random): Buffer {
  const kind = random.unit();
  if (kind < 0.15) return randomBytes(random, 400);
  if (kind < 0.4) return mutated(random, connack(random));
  const talk = Array.from({ length: 1 + Math.floor(random.unit() * 5) }, () =>
    mutated(random, anyPacket(random)),
  );
  return Buffer.concat([accepted, ...talk]);
}

export async function startHostileBroker(random: Random): Promise<HostileBroker> {
  const sockets = new Set<Socket>();
  let caseCount = 0;
  let way: { readonly after: number; readonly port: number; readonly given: () => void } | undefined;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    if (way !== undefined && caseCount >= way.after) {
      way.given();
      lead(socket, way.port, sockets);
      return;
    }
    caseCount += 1;
    torment(socket, random);
  });
  const port = await listenOnLoopback(server);
  return {
    url: `mqtt://127.0.0.1:${port}`,
    get caseCount() {
      return caseCount;
    },
    giveWay: (after, port) =>
      new Promise((given) => {
        way = { after, port, given };
      }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Some servers send before they are asked, and some continue when the client sends more. */
function torment(socket: Socket, random: Random): void {
  const say = (): void => void socket.write(hostileWords(random));
  if (random.unit() < 0.1) say();
  let waiting: Buffer = Buffer.alloc(0);
  let answers = 0;
  socket.on('data', (chunk: Buffer) => {
    const { packets, rest } = splitPackets(Buffer.concat([waiting, chunk]));
    waiting = rest;
    for (const _packet of packets) {
      if (answers < 4) say();
      answers += 1;
    }
  });
  const end = random.unit() < 0.5 ? () => socket.destroy() : () => socket.end();
  const timer = setTimeout(end, random.unit() * LONGEST_CASE_MS);
  socket.on('close', () => clearTimeout(timer));
}

function lead(near: Socket, port: number, sockets: Set<Socket>): void {
  const far = connect(port, '127.0.0.1');
  sockets.add(far);
  far.on('error', () => far.destroy());
  far.on('close', () => {
    sockets.delete(far);
    near.destroy();
  });
  near.on('close', () => far.destroy());
  near.pipe(far).pipe(near);
}
