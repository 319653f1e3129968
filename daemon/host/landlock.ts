/** `landlock_create_ruleset`, the same number on all machines, and its flag that asks for the version (landlock(7)). */
const SYS_landlock_create_ruleset = 444;
const LANDLOCK_CREATE_RULESET_VERSION = 1;
/** The version with scopes, of Linux 6.12. */
const withScopes = 6;

/** Whether the kernel can keep a process from abstract Unix sockets, as `systemd/hide-abstract-sockets` asks it to. */
export async function canHideAbstractSockets(): Promise<boolean> {
  const { default: koffi } = await import('koffi');
  const syscall = koffi
    .load(null)
    .func('long syscall(long number, void *attributes, size_t bytes, uint32_t flags)');
  return syscall(SYS_landlock_create_ruleset, null, 0, LANDLOCK_CREATE_RULESET_VERSION) >= withScopes;
}
