import type { Socket } from 'node:net';
import { messageOf, operational } from '../base/errors.js';

/** The process at the other end of a unix socket, as the kernel knew it when it connected. */
export interface PeerCredentials {
  /** 0 where the process lives in another pid namespace. It may have ended, and its number may be another's by now. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Undefined where the descriptor cannot be had: a closed socket, or one that is no unix socket. */
export type ReadPeerCredentials = (socket: Socket) => PeerCredentials | undefined;

/** Linux on the processors that Node.js is built for (include/uapi/asm-generic/socket.h). */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** `struct ucred`: pid, uid, gid, 32 bits each (unix(7)). */
const UCRED_BYTES = 12;
/** What Linux gives for a socket that has no such credentials, in pid and in uid. */
const nobody = 0xffff_ffff;

/**
 * Makes the kernel's word on who is at the other end available: `getsockopt` with SO_PEERCRED, which no Node.js API offers.
 * Unlike anything that a client says of itself it cannot be made up. @throws `peer-credentials-unavailable`
 */
export async function openPeerCredentials(): Promise<ReadPeerCredentials> {
  const getsockopt = await loadGetsockopt();
  return (socket) => {
    const descriptor = descriptorOf(socket);
    if (descriptor === undefined) return undefined;
    const value = Buffer.alloc(UCRED_BYTES);
    const length = Buffer.alloc(4);
    length.writeInt32LE(UCRED_BYTES);
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, value, length) !== 0) return undefined;
    const [pid, uid, gid] = [value.readInt32LE(0), value.readUInt32LE(4), value.readUInt32LE(8)];
    return length.readInt32LE() === UCRED_BYTES && uid !== nobody ? { pid, uid, gid } : undefined;
  };
}

type Getsockopt = (fd: number, level: number, name: number, value: Buffer, length: Buffer) => number;

async function loadGetsockopt(): Promise<Getsockopt> {
  try {
    const { default: koffi } = await import('koffi');
    // The C library that this process runs with already.
    return koffi
      .load(null)
      .func('int getsockopt(int fd, int level, int name, _Out_ void *value, _Inout_ void *length)');
  } catch (error) {
    throw operational(
      'peer-credentials-unavailable',
      `the operating system cannot be asked who uses the local API: ${messageOf(error)}`,
      { remedy: 'install the program again with its optional native parts (npm ci)', cause: error },
    );
  }
}

/** Node.js keeps the descriptor in the handle below the socket; it is -1 once that is closed. */
function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null) return undefined;
  const fd: unknown = Reflect.get(handle, 'fd');
  return typeof fd === 'number' && Number.isInteger(fd) && fd >= 0 ? fd : undefined;
}
