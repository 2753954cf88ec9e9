"""A `plumeline` for scripts under test that forks from a process in which everything is loaded already.

The commands, their arguments, files, output and exit codes are those of the real program; only its start is shared, which
for some seventy commands in a row is most of the time.
"""

import array
import contextlib
import json
import os
import socket
import sys

CLIENT = """#!{python} -SE
import array, json, os, socket, sys
with socket.socket(socket.AF_UNIX) as s:
    s.connect({address!r})
    fds = array.array("i", [0, 1, 2]).tobytes()
    s.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
    s.sendall(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode() + b"\\0")
    sys.exit(int(s.recv(16) or b"99"))
"""


def install(folder):
    """Put a `plumeline` into a folder; gives a function that serves it until its process is ended."""
    address = str(folder / "socket")
    (folder / "plumeline").write_text(CLIENT.format(python=sys.executable, address=address))
    (folder / "plumeline").chmod(0o755)
    server = socket.socket(socket.AF_UNIX)
    server.bind(address)
    server.listen(8)
    return server


def serve(server):
    """Answer commands, one after the other, each in a fork of this process."""
    while True:
        connection, _ = server.accept()
        with connection:
            _, ancillary, _, _ = connection.recvmsg(1, socket.CMSG_SPACE(12))
            fds = array.array("i", ancillary[0][2])
            text = b""
            while not text.endswith(b"\0"):
                text += connection.recv(65536)
            child = os.fork()
            if child == 0:
                _run(fds, *json.loads(text[:-1]))
            for fd in fds:
                os.close(fd)
            _, status = os.waitpid(child, 0)
            with contextlib.suppress(BrokenPipeError):
                connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def _run(fds, words, folder, environment):
    from plumeline.cli.main import main

    code = 99
    try:
        for number, fd in enumerate(fds):
            os.dup2(fd, number)
        sys.stdin, sys.stdout, sys.stderr = (
            os.fdopen(number, mode, encoding="utf-8") for number, mode in enumerate("rww")
        )
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        main(words)
    except SystemExit as left:
        code = left.code
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
