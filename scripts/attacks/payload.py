"""
Does what an attacker would do who has taken over a decoder or the gate. Reads the targets from its argument (JSON in Base64), and
prints one line of JSON per attempt: what was tried, whether it was refused, which gap of the isolation would explain a success, and
which feature of the kernel prevents it.
"""
import base64
import ctypes
import errno
import fcntl
import json
import os
import platform
import resource
import signal
import socket
import stat
import struct
import sys
import termios
import threading
import time

targets = json.loads(base64.b64decode(sys.argv[1]))
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.syscall.restype = ctypes.c_long

# System calls that the C library has no function for; newer ones have the same number on all machines.
call_numbers = {"pidfd_open": 434, "pidfd_getfd": 438, "io_uring_setup": 425, "clone3": 435, "process_madvise": 440} | {
    "x86_64": {"add_key": 248, "bpf": 321, "clone": 56, "kcmp": 312, "perf_event_open": 298, "userfaultfd": 323},
    "aarch64": {"add_key": 217, "bpf": 280, "clone": 220, "kcmp": 272, "perf_event_open": 241, "userfaultfd": 282},
}[platform.machine()]


def attempt(what, work, gap="rights", needs=None):
    """An attempt is refused if it raises OSError, or returns a false value."""
    try:
        succeeded = bool(work())
    # The standard library refuses a limit with ValueError.
    except (OSError, RuntimeError, ValueError):
        succeeded = False
    print(json.dumps({"what": what, "isRefused": not succeeded, "gap": gap, "needs": needs}), flush=True)


def read(path):
    with open(path, "rb") as file:
        file.read(1)
    return True


def write(folder):
    path = os.path.join(folder, targets["marker"])
    with open(path, "wb"):
        pass
    return True


def any_of(what, items, work, **reasons):
    """One attempt on many things: it names those that succeeded."""
    found = [name for name, item in items.items() if is_done(lambda: work(item))]
    attempt(": ".join([what, ", ".join(found)]) if found else what, lambda: found, **reasons)


def is_done(work):
    try:
        return bool(work())
    except OSError:
        return False


def opens(path, how=os.O_RDONLY):
    os.close(os.open(path, how | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC))
    return True


def reaches(path):
    """A socket of another type, such as that of a log, is there as well."""
    try:
        return connect(path)
    except OSError as error:
        return error.errno == errno.EPROTOTYPE


def family_of(address):
    if isinstance(address, str):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET


def connect(address):
    with socket.socket(family_of(address), socket.SOCK_STREAM) as connection:
        connection.settimeout(5)
        connection.connect(address if isinstance(address, str) else tuple(address))
    return True


def connects_again(address):
    """With a socket that is there already: it keeps its network whatever happens to its process."""
    with socket.create_server((address[0], 0), family=family_of(address)) as listener:
        # AF_UNSPEC disconnects.
        libc.connect(listener.fileno(), bytes(16), 16)
        listener.settimeout(5)
        listener.connect(tuple(address))
    return True


def opens_fast(address):
    """Connects with the first data (TCP Fast Open), without the system call connect."""
    with socket.socket(family_of(address)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 5, 0))
        connection.sendto(b"x", socket.MSG_FASTOPEN, tuple(address))
    return True


def replaces(path):
    """What belongs to another process: makes it go away, takes its place, or finds it by its folder."""
    own = path + "-own"
    folder = os.path.dirname(path)
    ways = {
        "list the folder": lambda: os.listdir(folder),
        "take its place": lambda: os.replace(own, path) is None,
        "move it": lambda: os.rename(path, own + "-moved") is None,
        "open it to others": lambda: os.chmod(path, 0o777) is None,
        "write to it": lambda: opens(path, os.O_WRONLY),
        "remove it": lambda: os.remove(path) is None,
    }
    with open(own, "wb"):
        pass
    try:
        any_of("replace the socket of another process", ways, lambda way: way())
    finally:
        for left in [own, own + "-moved"]:
            is_done(lambda: os.remove(left) is None)


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def reaches_memory(call, pid):
    page = ctypes.create_string_buffer(16)
    local, remote = Vector(ctypes.addressof(page), 16), Vector(4096, 16)
    result = getattr(libc, call)(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
    # Any address shows the right: with it, the answer is EFAULT or data.
    return result >= 0 or ctypes.get_errno() == errno.EFAULT


def reads_memory(pid):
    return reaches_memory("process_vm_readv", pid)


def traces(pid):
    attach, detach = 16, 17
    if libc.ptrace(attach, pid, None, None) != 0:
        return False
    os.waitpid(pid, 0x40000000)
    libc.ptrace(detach, pid, None, None)
    return True


def calls(name, *arguments):
    """Whether a function of the C library succeeds."""
    return getattr(libc, name)(*arguments) == 0


def kernel(name, *arguments):
    """Whether a system call returns something."""
    return libc.syscall(ctypes.c_long(call_numbers[name]), *arguments) >= 0


def has_family(family):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        if is_done(lambda: socket.socket(family, kind).close() is None):
            return True
    return False


def steals_descriptor(pid):
    process = libc.syscall(ctypes.c_long(call_numbers["pidfd_open"]), pid, 0)
    return process >= 0 and kernel("pidfd_getfd", process, 0, 0)


def writes_memory(pid):
    return reaches_memory("process_vm_writev", pid)


def compares_files(pid):
    file = 0
    return kernel("kcmp", os.getpid(), pid, file, ctypes.c_ulong(0), ctypes.c_ulong(0))


def in_child(work):
    """Where a success would change this process for the attempts that follow, or end it."""
    child = os.fork()
    if child == 0:
        os._exit(0 if is_done(work) else 1)
    return os.waitpid(child, 0)[1] == 0


def is_traced():
    trace_me = 0
    return in_child(lambda: libc.ptrace(trace_me, 0, None, None) == 0)


def advises(pid):
    """Of no memory, which needs the right alone."""
    process = libc.syscall(ctypes.c_long(call_numbers["pidfd_open"]), pid, 0)
    cold = 20
    return process >= 0 and kernel("process_madvise", process, None, ctypes.c_size_t(0), cold, 0)


def enters(pid, kind):
    file = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
    return in_child(lambda: calls("setns", file, 0))


def starts_in_namespace(flag):
    """By both calls that start a process. The child ends at once."""
    end = signal.SIGCHLD
    stack = ctypes.c_void_p(None)
    arguments = ctypes.create_string_buffer(struct.pack("QQQQQQQQ", flag, 0, 0, 0, end, 0, 0, 0))
    for start in (
        # Flags below the number of the signal would be taken for it.
        lambda: flag < 1 << 8 and -1 or libc.syscall(ctypes.c_long(call_numbers["clone"]), ctypes.c_ulong(flag | end), stack, stack, stack, stack),
        lambda: libc.syscall(ctypes.c_long(call_numbers["clone3"]), arguments, ctypes.c_size_t(64)),
    ):
        child = start()
        if child == 0:
            os._exit(0)
        if child > 0:
            os.waitpid(child, 0)
            return True
    return False


def mounts():
    mounted = calls("mount", b"none", b"/tmp", b"tmpfs", 0, None)
    if mounted:
        libc.umount(b"/tmp")
    return mounted


def can_gain_rights():
    """Whether a program with the bit for root (su, for one) would run as root."""
    get_no_new_privileges = 39
    return libc.prctl(get_no_new_privileges, 0, 0, 0, 0) != 1


def logs():
    """More in one line than a limit on the number of lines can bound. It is judged where the journal of the machine can be read."""
    file = os.memfd_create("line", os.MFD_ALLOW_SEALING)
    line = f"SYSLOG_IDENTIFIER={targets['marker']}\nMESSAGE=".encode() + base64.b64encode(os.urandom(12 * 2**20)) + b"\n"
    with open(file, "wb", closefd=False) as text:
        text.write(line)
    all_seals = 0xF
    fcntl.fcntl(file, fcntl.F_ADD_SEALS, all_seals)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.connect("/run/systemd/journal/socket")
        socket.send_fds(journal, [b""], [file])
    os.close(file)
    return True


def strange_files():
    """Open files that whoever started this process left to it, beside input and output."""
    return [number for number in range(3, 1024) if is_done(lambda: os.fstat(number))]


def types_into_terminal():
    for number in range(1024):
        if is_done(lambda: fcntl.ioctl(number, termios.TIOCSTI, b"\n") == 0):
            return True
    return False


def writable_below(root):
    return [
        path
        for folder, _, names in os.walk(root)
        for path in (os.path.join(folder, name) for name in names)
        if os.access(path, os.W_OK) and is_done(lambda: opens(path, os.O_WRONLY))
    ]


def attaches_memory(segment):
    libc.shmat.restype = ctypes.c_void_p
    read_only = 0o10000
    return libc.shmat(segment, None, read_only) != ctypes.c_void_p(-1).value


def adds_key():
    own_process = ctypes.c_long(-2)
    return kernel("add_key", b"user", b"attack", b"x", ctypes.c_size_t(1), own_process)


def loads_program():
    """A table for programs of the kernel is what comes before them."""
    create, array = 0, 2
    attributes = ctypes.create_string_buffer(struct.pack("IIIII", array, 4, 4, 1, 0), 72)
    return kernel("bpf", create, attributes, 72)


def watches_kernel():
    software, size, disabled_and_own = 1, 64, 1 | 1 << 5 | 1 << 6
    attributes = ctypes.create_string_buffer(struct.pack("IIQQQQQ", software, size, 0, 0, 0, 0, disabled_and_own), size)
    return kernel("perf_event_open", attributes, 0, -1, -1, 0)


def allows_core_dumps():
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.RLIM_INFINITY))
    return True


def is_killed_last():
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("-1000")
    return True


def makes_device():
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), targets["marker"])
    os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 1))
    os.remove(path)
    return True


def survives():
    """Leaves a process behind that is no child of anything. The attacker looks for it later: this line is judged there."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            # Whoever reads its output would wait for it.
            os.closerange(0, 1024)
            os.execv("/usr/bin/python3", ["python3", "-c", "import signal; signal.pause()", targets["marker"]])
        os._exit(0)
    return False


def fills(folder):
    """Writes more than a vision process may have, in files of half a limit."""
    wanted, piece, written = 320 * 2**20, b"x" * 2**20, 0
    paths = []
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        for number in range(10):
            paths.append(os.path.join(folder, f"{targets['marker']}-{number}"))
            with open(paths[-1], "wb") as file:
                for _ in range(32):
                    written += file.write(piece)
        return written >= wanted
    finally:
        for path in paths:
            if os.path.exists(path):
                os.remove(path)


def fills_memory():
    """Uses more memory than a limit allows. The kernel kills what exceeds it."""

    def fill():
        try:
            pages = bytearray(targets["memoryBytes"])
        except MemoryError:
            return False
        # Each page is written: memory that is only reserved costs nothing.
        pages[::4096] = b"x" * len(pages[::4096])
        return True

    return in_child(fill)


def sees_others():
    """Whether a process is visible that is not its own, and whose user is another one."""
    numbers = [name for name in os.listdir("/proc") if name.isdigit()]
    return any(os.stat(f"/proc/{number}").st_uid != os.getuid() for number in numbers)


def fills_process_table():
    end = threading.Event()
    threading.stack_size(64 * 1024)
    threads = []
    try:
        for _ in range(targets["processes"]):
            thread = threading.Thread(target=end.wait, daemon=True)
            thread.start()
            threads.append(thread)
        return True
    finally:
        end.set()
        for thread in threads:
            thread.join()


# First: what follows opens files of its own.
left = [os.readlink(f"/proc/self/fd/{number}") for number in strange_files()]
attempt(": ".join(["use an open file that was left to it", *left[:1]]), lambda: left)
for path in targets["secrets"]:
    attempt(f"read {path}", lambda: read(path))
for pid in targets["pids"]:
    attempt(f"see process {pid}", lambda: os.stat(f"/proc/{pid}/status"))
    attempt(f"read the environment of process {pid}", lambda: read(f"/proc/{pid}/environ"))
    attempt(f"list the open files of process {pid}", lambda: os.listdir(f"/proc/{pid}/fd"))
    attempt(f"read the memory of process {pid}: /proc", lambda: read(f"/proc/{pid}/mem"))
    attempt(f"read the memory of process {pid}: process_vm_readv", lambda: reads_memory(pid))
    attempt(f"read the memory of process {pid}: ptrace", lambda: traces(pid))
    attempt(f"change the memory of process {pid}: process_vm_writev", lambda: writes_memory(pid))
    attempt(f"take an open file of process {pid}: pidfd_getfd", lambda: steals_descriptor(pid))
    attempt(f"open the folders of process {pid}, such as its uploads", lambda: os.listdir(f"/proc/{pid}/root/"))
    attempt(f"enter the network of process {pid}", lambda: enters(pid, "net"))
    attempt(f"signal process {pid}", lambda: os.kill(pid, 0) is None)
for path in targets["sockets"]:
    attempt(f"connect to {path}", lambda: connect(path))
any_of("connect to another socket of the machine", {path: path for path in targets["otherSockets"]}, reaches)
attempt("write a large line to the journal of the machine", logs)
for name, address in targets["addresses"].items():
    # A socket without a file belongs to the network namespace, which the gate shares with the machine.
    is_abstract = isinstance(address, str)
    gap, needs = ("sockets", "scopes") if is_abstract else ("network", None)
    attempt(f"connect to {name}", lambda: connect(address), gap, needs)
    if not is_abstract:
        attempt(f"connect to {name} with a listening socket", lambda: connects_again(address), gap)
        attempt(f"send data to {name} without connecting", lambda: opens_fast(address), gap)
protocols = targets["protocols"].items()
for name, (kind, number) in protocols:
    attempt(f"use the protocol {name}", lambda: socket.socket(socket.AF_INET, kind, number).close() is None, "network")
for folder in targets["folders"]:
    attempt(f"write to {folder}", lambda: write(folder))
attempt("see a process of another user", sees_others)
# Nothing needs these calls, so that they are closed even where the kernel would allow them.
own_process = {"process_vm_readv": reads_memory, "process_vm_writev": writes_memory, "kcmp": compares_files}
own_process |= {"pidfd_getfd": steals_descriptor, "process_madvise": advises, "ptrace": lambda _: is_traced()}
any_of("reach into a process of its own", own_process, lambda call: call(os.getpid()))
attempt("attach memory that the machine shares", lambda: attaches_memory(targets["sharedMemory"]))
other_families = {name: number for number, name in enumerate(["netlink", "packet"], 16)}
other_families |= {"encryption of the kernel": 38, "vsock": 40, "Bluetooth": 31, "CAN": 29, "key": 15}
for name, family in other_families.items():
    attempt(f"open a socket of the family {name}", lambda: has_family(family))
attempt("send raw packets", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close() is None)
attempt("use io_uring", lambda: kernel("io_uring_setup", 1, ctypes.create_string_buffer(120)))
attempt("handle page faults: userfaultfd", lambda: kernel("userfaultfd", 1))
attempt("use a keyring of the kernel", adds_key)
attempt("load a program into the kernel: bpf", loads_program)
attempt("watch the kernel: perf_event_open", watches_kernel)
attempt("read the log of the kernel", lambda: libc.klogctl(3, ctypes.create_string_buffer(64), 64) >= 0)
triggers = ["/proc/sysrq-trigger", "/sys/power/state", "/sys/kernel/uevent_helper"]
# What counts for its namespaces alone (of IPC, of processes) is its own.
namespaced = ["fs/mqueue/", "kernel/auto_msgmni", "kernel/msg", "kernel/ns_last_pid", "kernel/pid_max", "kernel/sem", "kernel/shm"]
own_settings = tuple(f"/proc/sys/{name}" for name in namespaced)
settings = [path for path in writable_below("/proc/sys") if not path.startswith(own_settings)]
settings += [path for path in triggers if os.access(path, os.W_OK)]
attempt(": ".join(["change a setting of the kernel", *settings[:1]]), lambda: settings)
groups = writable_below("/sys/fs/cgroup")
attempt(": ".join(["leave or change its control group", *groups[:1]]), lambda: groups)
devices = ["/dev/mem", "/dev/kmsg", "/dev/kvm", "/dev/fuse", "/dev/net/tun", "/dev/uinput", "/dev/video0", "/dev/tpmrm0"]
any_of("open a device of the machine", {path: path for path in [*devices, *targets["disks"]]}, opens)
attempt("make a device", makes_device)
attempt("open the terminal of who started the box", lambda: opens("/dev/tty", os.O_RDWR))
attempt("set the clock", lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()) is None)
attempt("take precedence over the core", lambda: os.setpriority(os.PRIO_PROCESS, 0, -20) is None)
attempt("run in real time", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)) is None)
attempt("be killed last when memory is short", is_killed_last)
attempt("leave a core dump", allows_core_dumps)
attempt("type into a terminal", types_into_terminal)
kinds = {"user": 1 << 28, "mount": 1 << 17, "network": 1 << 30, "process": 1 << 29, "IPC": 1 << 27, "name": 1 << 26, "group": 1 << 25, "time": 1 << 7}
any_of("move into a namespace of its own", kinds, lambda kind: in_child(lambda: calls("unshare", kind)))
any_of("start a process in a namespace of its own", kinds, starts_in_namespace)
attempt("mount a file system", mounts)
attempt("gain rights through a program of root", can_gain_rights)
attempt("enter another root", lambda: in_child(lambda: calls("chroot", b"/")))
for folder in sorted({"/tmp", "/var/tmp", "/run", os.environ.get("TMPDIR", "/tmp")}):
    attempt(f"fill the disk through {folder}", lambda: fills(folder))
attempt("fill the memory through /dev/shm", lambda: fills("/dev/shm"), "memory", "memory")
if targets["foreignSocket"] is not None:
    replaces(targets["foreignSocket"])
if targets["liveFolder"] is not None:
    attempt("fill the disk of the folder for live frames", lambda: fills(targets["liveFolder"]), "disk")
attempt("fill the memory", fills_memory, "memory", "memory")
attempt("fill the process table", fills_process_table, needs="pids")
attempt("leave a process behind", survives)
