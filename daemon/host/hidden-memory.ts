import { failure } from '../words/errors.js';

/** prctl(2). */
const PR_SET_DUMPABLE = 4;
const PR_SET_NO_NEW_PRIVS = 38;

/**
 * Closes the memory, environment and open files of this process to other processes of its user: `/proc/<pid>/mem`, ptrace(2),
 * process_vm_readv(2), kcmp(2) and core dumps then need CAP_SYS_PTRACE. A program that this process starts is open again until it
 * calls this itself. Neither can gain privileges, whatever it starts. @throws `memory-not-hidden`
 */
export async function hideMemory(): Promise<void> {
  try {
    const { default: koffi } = await import('koffi');
    const prctl = koffi
      .load(null)
      .func('int prctl(int option, ulong value, ulong unused3, ulong unused4, ulong unused5)');
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) === 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) === 0) return;
  } catch (cause) {
    throw notHidden(cause);
  }
  throw notHidden();
}

function notHidden(cause?: unknown): Error {
  return failure('memory-not-hidden', {}, { cause });
}
