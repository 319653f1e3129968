"""
Does what an attacker would do who has taken over a decoder or the gate. Reads the targets from its argument (JSON in Base64), and
prints one line of JSON per attempt: what was tried, whether it was refused, which gap of the isolation would explain a success, and
which feature of the kernel prevents it.
"""
import base64
import ctypes
import errno
import json
import os
import signal
import socket
import struct
import sys
import threading

targets = json.loads(base64.b64decode(sys.argv[1]))
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def attempt(what, work, gap="rights", needs=None):
    """An attempt is refused if it raises OSError, or returns a false value."""
    try:
        succeeded = bool(work())
    except (OSError, RuntimeError):
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


def connect(address):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(5)
        connection.connect(address if isinstance(address, str) else tuple(address))
    return True


def connects_again(address):
    """With a socket that is there already: it keeps its network whatever happens to its process."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # AF_UNSPEC disconnects.
        libc.connect(listener.fileno(), bytes(16), 16)
        listener.settimeout(5)
        listener.connect(tuple(address))
    return True


def opens_fast(address):
    """Connects with the first data (TCP Fast Open), without the system call connect."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 5, 0))
        connection.sendto(b"x", socket.MSG_FASTOPEN, tuple(address))
    return True


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def reads_memory(pid):
    page = ctypes.create_string_buffer(16)
    local, remote = Vector(ctypes.addressof(page), 16), Vector(4096, 16)
    result = libc.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
    # Any address shows the right to read: with it, the answer is EFAULT or data.
    return result >= 0 or ctypes.get_errno() == errno.EFAULT


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


def survives():
    """Leaves a process behind that is no child of anything. The attacker looks for it later: this line is judged there."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
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
    """Uses more memory than a limit allows, in a child, because the kernel kills what exceeds a limit."""
    child = os.fork()
    if child == 0:
        try:
            pages = bytearray(targets["memoryBytes"])
            # Each page is written: memory that is only reserved costs nothing.
            pages[::4096] = b"x" * len(pages[::4096])
        except MemoryError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


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


for path in targets["secrets"]:
    attempt(f"read {path}", lambda: read(path))
for pid in targets["pids"]:
    attempt(f"see process {pid}", lambda: os.stat(f"/proc/{pid}/status"))
    attempt(f"read the environment of process {pid}", lambda: read(f"/proc/{pid}/environ"))
    attempt(f"list the open files of process {pid}", lambda: os.listdir(f"/proc/{pid}/fd"))
    attempt(f"read the memory of process {pid}: /proc", lambda: read(f"/proc/{pid}/mem"))
    attempt(f"read the memory of process {pid}: process_vm_readv", lambda: reads_memory(pid))
    attempt(f"read the memory of process {pid}: ptrace", lambda: traces(pid))
    attempt(f"signal process {pid}", lambda: os.kill(pid, 0) is None)
for path in targets["sockets"]:
    attempt(f"connect to {path}", lambda: connect(path))
for name, address in targets["addresses"].items():
    # A socket without a file belongs to the network namespace.
    gap = "sockets" if isinstance(address, str) else "network"
    attempt(f"connect to {name}", lambda: connect(address), gap)
    if gap == "network":
        attempt(f"connect to {name} with a listening socket", lambda: connects_again(address), gap)
        attempt(f"send data to {name} without connecting", lambda: opens_fast(address), gap)
for folder in targets["folders"]:
    attempt(f"write to {folder}", lambda: write(folder))
attempt("see a process of another user", sees_others)
attempt("make a user namespace", lambda: calls("unshare", 0x10000000))
attempt("mount a file system", lambda: calls("mount", b"none", b"/tmp", b"tmpfs", 0, None))
attempt("enter another root", lambda: calls("chroot", b"/tmp"))
attempt("fill the disk through /tmp", lambda: fills("/tmp"))
attempt("fill the disk through /var/tmp", lambda: fills("/var/tmp"))
attempt("fill the memory through /dev/shm", lambda: fills("/dev/shm"), "memory", "memory")
if targets["liveFolder"] is not None:
    attempt("fill the disk of the folder for live frames", lambda: fills(targets["liveFolder"]), "disk")
attempt("fill the memory", fills_memory, "memory", "memory")
attempt("fill the process table", fills_process_table, needs="pids")
attempt("leave a process behind", survives)
