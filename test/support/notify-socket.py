"""Binds a datagram socket as a service manager does and prints every message as one JSON line.

First argument: the address, a path or '@name' for the abstract namespace. Prints 'bound' when it listens. Ends
when its standard input does.
"""
import json
import select
import socket
import sys

address = sys.argv[1]
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
manager.bind("\0" + address[1:] if address.startswith("@") else address)
print(json.dumps("bound"), flush=True)
while True:
    ready, _, _ = select.select([manager, sys.stdin], [], [])
    if manager in ready:
        print(json.dumps(manager.recv(4096).decode()), flush=True)
    elif sys.stdin in ready:
        break
