"""moto on a free port of 127.0.0.1, which it prints. It ends with its parent, however that one ends: standard input
is a pipe that only the parent holds."""
import sys

from moto.server import ThreadedMotoServer

server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.buffer.read()
