"""A network of the run's own, with its own congestion control; the machine's stays as it was."""

import fcntl
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys

MARK = "ORRERY_BENCH_NETWORK"  # in the environment of the run inside
SETTINGS = pathlib.Path("/proc/sys/net/ipv4")
CONGESTION = "tcp_congestion_control"
WANTED = "reno"
SIOCSIFFLAGS, UP_AND_RUNNING = 0x8914, 0x41


def prepare():
    """Inside a new network: loopback up, and as it should be. OSError if that may not be."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", UP_AND_RUNNING))
    (SETTINGS / CONGESTION).write_text(WANTED)
    (SETTINGS / "ip_local_port_range").write_text("10240 65535")


def enter():
    """Becomes this program again in a network of its own, where that is permitted."""
    if is_own() or not shutil.which("unshare"):
        return
    for kinds in (("--user", "--map-root-user", "--net"), ("--net",)):
        unshare = ["unshare", *kinds, sys.executable]
        probe = subprocess.run([*unshare, str(pathlib.Path(__file__).resolve())], check=False,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if probe.returncode == 0:
            os.environ[MARK] = "own"
            os.execvp(unshare[0], [*unshare, *sys.argv])


def is_own():
    return MARK in os.environ


def describe():
    control = (SETTINGS / CONGESTION).read_text().strip()
    if is_own():
        return f"loopback in a network namespace of its own, {control}"
    return f"loopback of the machine, {control} (its default: no namespace of our own is permitted)"


if __name__ == "__main__":
    prepare()
