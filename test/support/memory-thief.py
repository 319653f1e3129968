"""Tries to read the memory, environment and open files of the process PID as another process of its user. Prints what succeeded."""
import ctypes
import os
import sys

pid = int(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
stolen = []


def attempt(name, work):
    try:
        if work():
            stolen.append(name)
    except OSError:
        pass


def first_writable_page():
    with open(f"/proc/{pid}/maps") as maps:
        for line in maps:
            addresses, rights = line.split()[:2]
            if rights.startswith("rw"):
                return int(addresses.split("-")[0], 16)
    return 0


def memory():
    with open(f"/proc/{pid}/mem", "rb") as file:
        file.seek(first_writable_page())
        return len(file.read(16)) == 16


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def process_vm_readv():
    page = ctypes.create_string_buffer(16)
    local = Vector(ctypes.addressof(page), 16)
    # Any address shows the right to read: without the right the answer is EPERM, with it EFAULT or data.
    remote = Vector(4096, 16)
    result = libc.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
    return result > 0 or ctypes.get_errno() == 14


def ptrace():
    attach, detach = 16, 17
    if libc.ptrace(attach, pid, None, None) != 0:
        return False
    os.waitpid(pid, 0x40000000)
    libc.ptrace(detach, pid, None, None)
    return True


attempt("maps", first_writable_page)
attempt("mem", memory)
attempt("environ", lambda: open(f"/proc/{pid}/environ", "rb").read())
attempt("open files", lambda: os.listdir(f"/proc/{pid}/fd"))
attempt("process_vm_readv", process_vm_readv)
attempt("ptrace", ptrace)
print(",".join(stolen))
