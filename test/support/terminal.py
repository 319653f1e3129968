"""Runs a program on a terminal of its own, and passes on what the program writes.

Arguments: columns, rows, and the program with its arguments. Each line of standard input is an order in JSON: {"keys": "..."}
types, {"size": [columns, rows]} changes the size. When the program has ended, the last line of standard error says in JSON how,
and whether the terminal shows typed keys as it did before.
"""
import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios

columns, rows = int(sys.argv[1]), int(sys.argv[2])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[3], sys.argv[3:])


def resize(columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


resize(columns, rows)
before = termios.tcgetattr(terminal)
orders, inputs = b"", [terminal, 0]
while True:
    ready, _, _ = select.select(inputs, [], [])
    if 0 in ready:
        given = os.read(0, 65536)
        if not given:
            inputs.remove(0)
        *lines, orders = (orders + given).split(b"\n")
        for line in lines:
            order = json.loads(line)
            if "size" in order:
                resize(*order["size"])
            else:
                os.write(terminal, order["keys"].encode())
    if terminal in ready:
        try:
            written = os.read(terminal, 65536)
        except OSError:
            break
        os.write(1, written)
status = os.waitpid(pid, 0)[1]
is_restored = termios.tcgetattr(terminal)[3] == before[3]
print(json.dumps({"code": os.waitstatus_to_exitcode(status), "isRestored": is_restored}), file=sys.stderr)
