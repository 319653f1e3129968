import type { Socket } from 'node:net';
import { messageOf } from '../kernel/errors.js';
import { failure } from '../words/errors.js';

/** The process at the other end of a unix socket, recorded by the kernel when it connected. */
export interface PeerCredentials {
  /** 0 where the process is in another pid namespace. The process may have ended, and its pid may be in use again. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Its supplementary groups. */
  readonly groups: readonly number[];
}

/** Undefined for a closed socket, and for one that is not a unix socket. */
type ReadPeerCredentials = (socket: Socket) => PeerCredentials | undefined;

/** Linux on the processors that Node.js is built for (include/uapi/asm-generic/socket.h). */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_PEERGROUPS = 59;
/** `struct ucred`: pid, uid, gid, 32 bits each (unix(7)). */
const UCRED_BYTES = 12;
/** 32 bits each; a process with more groups than this is taken for one without. */
const mostGroups = 1024;
/** The uid that Linux returns for a socket without credentials. */
const noUid = 0xffff_ffff;

/**
 * Opens `getsockopt` with SO_PEERCRED, which Node.js does not offer. The kernel records these credentials, so a client cannot
 * fake them. @throws `peer-credentials-unavailable`
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
    if (length.readInt32LE() !== UCRED_BYTES || uid === noUid) return undefined;
    return { pid, uid, gid, groups: groupsOf(getsockopt, descriptor) };
  };
}

function groupsOf(getsockopt: Getsockopt, descriptor: number): readonly number[] {
  const value = Buffer.alloc(4 * mostGroups);
  const length = Buffer.alloc(4);
  length.writeInt32LE(value.length);
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, value, length) !== 0) return [];
  return Array.from({ length: length.readInt32LE() / 4 }, (_, index) => value.readUInt32LE(4 * index));
}

type Getsockopt = (fd: number, level: number, name: number, value: Buffer, length: Buffer) => number;

async function loadGetsockopt(): Promise<Getsockopt> {
  try {
    const { default: koffi } = await import('koffi');
    // The C library of this process.
    return koffi
      .load(null)
      .func('int getsockopt(int fd, int level, int name, _Out_ void *value, _Inout_ void *length)');
  } catch (error) {
    throw failure('peer-credentials-unavailable', { reason: messageOf(error) }, { cause: error });
  }
}

/** The descriptor of a socket, from its internal handle; -1 there means closed. */
function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null) return undefined;
  const fd: unknown = Reflect.get(handle, 'fd');
  return typeof fd === 'number' && Number.isInteger(fd) && fd >= 0 ? fd : undefined;
}
