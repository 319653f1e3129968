import { fstatSync } from 'node:fs';
import type { DestinationStream } from 'pino';
import { openStandardError } from './pino-logger.js';

interface JournalOptions {
  /** The name of the program in the journal. Default: rollcalld. */
  readonly identifier?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Default: the socket of journald for its native protocol (systemd-journald.service(8)). */
  readonly socketPath?: string;
  /** Takes the lines that journald does not. Default: standard error. */
  readonly fallback?: DestinationStream;
}

/** The fields of a line by which people look for lines, and their names in the journal. */
const fieldNames = {
  camera: 'CAMERA_ID',
  track: 'TRACK_ID',
  code: 'ERROR_CODE',
  visionProcess: 'VISION_PROCESS',
  operation: 'OPERATION',
  requestId: 'REQUEST_ID',
} as const;

/** Those that a vision process fills itself for what it says. It must not look like an operation of a caller. */
const saidFields = ['camera', 'track', 'code'] as const;

/** Levels of syslog(3). */
const priorities: Readonly<Record<string, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

/** What these fields may contain. The protocol separates fields by line ends. */
const plainValue = /^[\w.@:+/-]{1,128}$/;

/**
 * Opens the output for the log. Where standard error goes to journald, lines go there as entries with a priority and fields of
 * their own, so that `journalctl CAMERA_ID=door` finds those of a camera. The text of an entry is the same JSON line as elsewhere.
 * A line that journald does not take at once goes to standard error: the log never waits for journald longer than without fields.
 */
export async function openLogOutput(options: JournalOptions = {}): Promise<DestinationStream> {
  const { environment = process.env, fallback = openStandardError(), identifier = 'rollcalld' } = options;
  if (!isStandardErrorOf(environment['JOURNAL_STREAM'])) return fallback;
  const send = await openDatagrams(options.socketPath ?? '/run/systemd/journal/socket');
  if (send === undefined) return fallback;
  return {
    write(line) {
      const entry = entryOf(line, identifier);
      if (entry === undefined || !send(entry)) fallback.write(line);
    },
  };
}

/** systemd names the device and the inode of the stream that it connected; a later redirection gives another one. */
function isStandardErrorOf(stream: string | undefined): boolean {
  if (stream === undefined) return false;
  const { dev, ino } = fstatSync(process.stderr.fd);
  return stream === `${dev}:${ino}`;
}

/** The entry in the native protocol of journald: `NAME=value` lines. Undefined for a line that is not of the logger. */
function entryOf(line: string, identifier: string): Buffer | undefined {
  const message = line.trimEnd();
  const fields = parsed(message);
  const priority = priorities[String(fields?.['level'])];
  if (fields === undefined || priority === undefined || message.includes('\n')) return undefined;
  const said = objectOf(fields['said']) ?? {};
  const all = { ...Object.fromEntries(saidFields.map((field) => [field, said[field]])), ...fields };
  const own = Object.entries(fieldNames).flatMap(([field, name]) => {
    const value = String(all[field] ?? '');
    return plainValue.test(value) ? [`${name}=${value}`] : [];
  });
  const lines = [`MESSAGE=${message}`, `PRIORITY=${priority}`, `SYSLOG_IDENTIFIER=${identifier}`, ...own];
  return Buffer.from(`${lines.join('\n')}\n`);
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null ? { ...value } : undefined;

/** Linux on the processors that Node.js is built for (include/linux/socket.h, include/uapi/asm-generic/fcntl.h). */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2_000_000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/**
 * Sends datagrams to a unix socket, which Node.js cannot do itself. The function returns false where one could not be sent at
 * once: the receiver is away or slow, or it is too large. Undefined where the system offers no such socket.
 */
async function openDatagrams(path: string): Promise<((bytes: Buffer) => boolean) | undefined> {
  try {
    const { default: koffi } = await import('koffi');
    const library = koffi.load(null);
    const socket = library.func('int socket(int domain, int type, int protocol)') as (
      ...of: readonly [domain: number, type: number, protocol: number]
    ) => number;
    const sendto = library.func(
      'long sendto(int fd, const void *bytes, size_t length, int flags, const void *address, uint size)',
    ) as (
      ...of: readonly [fd: number, bytes: Buffer, length: number, flags: number, to: Buffer, size: number]
    ) => number;
    const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return undefined;
    // `struct sockaddr_un` (unix(7)).
    const address = Buffer.concat([Buffer.alloc(2), Buffer.from(`${path}\0`)]);
    address.writeUInt16LE(AF_UNIX);
    return (bytes) =>
      sendto(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length) >= 0;
  } catch {
    // Without the library, lines have no fields.
    return undefined;
  }
}
