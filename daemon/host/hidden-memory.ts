import { failure } from '../words/errors.js';

/** prctl(2). */
const PR_SET_DUMPABLE = 4;
const PR_SET_NO_NEW_PRIVS = 38;
/** close_range(2), which has one number on all machines. */
const SYS_close_range = 436;
const CLOSE_RANGE_CLOEXEC = 4;
const firstAfterErrors = 3;
const lastPossible = 0xffff_ffff;

/**
 * Closes the memory, environment and open files of this process to other processes of its user: `/proc/<pid>/mem`, ptrace(2),
 * process_vm_readv(2), kcmp(2) and core dumps then need CAP_SYS_PTRACE. A program that this process starts is open again until it
 * calls this itself. Neither can gain privileges, whatever it starts. Files that this process inherited go no further.
 *
 * SIGUSR1 does nothing afterwards. Any process of the user may send it, and Node.js would open its debugger, which reads all memory, at a
 * port that every user of the machine can connect to.
 * @throws `memory-not-hidden`
 */
export async function hideMemory(): Promise<void> {
  process.on('SIGUSR1', () => undefined);
  try {
    const { default: koffi } = await import('koffi');
    const prctl = koffi
      .load(null)
      .func('int prctl(int option, ulong value, ulong unused3, ulong unused4, ulong unused5)');
    await keepInheritedFiles();
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) === 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) === 0) return;
  } catch (cause) {
    throw notHidden(cause);
  }
  throw notHidden();
}

/**
 * Keeps files that whoever started this process left open from the programs that it starts: Node.js does so for the lowest numbers
 * only, and bubblewrap for none. Needs Linux 5.11, and does nothing before.
 */
export async function keepInheritedFiles(): Promise<void> {
  const { default: koffi } = await import('koffi');
  const call = koffi.load(null).func('long syscall(long number, uint first, uint last, uint flags)');
  call(SYS_close_range, firstAfterErrors, lastPossible, CLOSE_RANGE_CLOEXEC);
}

function notHidden(cause?: unknown): Error {
  return failure('memory-not-hidden', {}, { cause });
}
