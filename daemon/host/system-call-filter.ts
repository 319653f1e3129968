import { closeSync, readFileSync } from 'node:fs';
import { failure } from '../words/errors.js';

/** The library of Debian's libseccomp2, which apt and systemd need. Its interface 2 has been stable since 2012. */
const library = 'libseccomp.so.2';
/** `SCMP_ACT_ALLOW`, and `SCMP_ACT_ERRNO(EPERM)` (seccomp.h). */
const allow = 0x7fff_0000;
const refuse = 0x0005_0000 | 1;
/** `SCMP_CMP_EQ`, `SCMP_CMP_GT`. */
const equal = 4;
const greater = 6;

export interface SystemCallRules {
  /** These calls fail with EPERM. Names that this version of the library does not know are left out. */
  readonly refused: readonly string[];
  /** Sockets of other families cannot be made: EPERM. */
  readonly families: readonly number[];
}

/**
 * A seccomp filter in the form that bubblewrap loads. All other calls work; those of another architecture end the thread.
 * @throws `system-call-filter`
 */
export async function compileSystemCallFilter({ refused, families }: SystemCallRules): Promise<Buffer> {
  try {
    const { default: koffi } = await import('koffi');
    const c = koffi.load(null);
    const seccomp = koffi.load(library);
    const memfdCreate = c.func('int memfd_create(const char *name, unsigned int flags)');
    const init = seccomp.func('void *seccomp_init(uint32_t action)');
    const resolve = seccomp.func('int seccomp_syscall_resolve_name(const char *name)');
    const comparison = koffi.struct({ argument: 'uint', how: 'int', value: 'uint64', unused: 'uint64' });
    const add = seccomp.func('seccomp_rule_add_array', 'int', [
      ...['void *', 'uint32_t', 'int', 'uint'],
      koffi.pointer(comparison),
    ]);
    const write = seccomp.func('int seccomp_export_bpf(void *ctx, int fd)');
    const release = seccomp.func('void seccomp_release(void *ctx)');
    const rules: unknown = init(allow);
    const file: number = memfdCreate('system-call-filter', 0);
    try {
      for (const name of refused) {
        const call: number = resolve(name);
        // -1: unknown; below: a pseudo number for a call that this architecture does not have.
        if (call >= 0 && add(rules, refuse, call, 0, null) !== 0) throw new Error(`no rule for ${name}`);
      }
      for (const { how, value } of otherThan(families)) {
        const made = [{ argument: 0, how, value, unused: 0 }];
        if (add(rules, refuse, resolve('socket'), 1, made) !== 0) throw new Error('no rule for sockets');
      }
      if (write(rules, file) !== 0) throw new Error('the filter cannot be written');
      return readFileSync(`/proc/self/fd/${file}`);
    } finally {
      release(rules);
      closeSync(file);
    }
  } catch (cause) {
    throw failure('system-call-filter', { library }, { cause });
  }
}

/** What to compare the family of a socket with, so that only these families are left. */
function otherThan(families: readonly number[]): readonly { readonly how: number; readonly value: number }[] {
  const highest = Math.max(...families);
  const below = Array.from({ length: highest }, (_, family) => family).filter(
    (family) => !families.includes(family),
  );
  return [{ how: greater, value: highest }, ...below.map((value) => ({ how: equal, value }))];
}
