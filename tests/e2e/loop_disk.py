"""A real ext4 of a few megabytes on a loop device, for tests as root: it can be full, and its power can be cut."""
import contextlib
import fcntl
import os
import subprocess
import tempfile

EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
NO_LOG_FLUSH = 2


class LoopDisk:
    """`with LoopDisk() as disk`: disk.path is where it is mounted. Raises PermissionError where that is not allowed."""

    def __init__(self, mib=40):
        self._folder = tempfile.TemporaryDirectory(prefix="bourse-loop-")
        self.image = os.path.join(self._folder.name, "disk.img")
        self.path = os.path.join(self._folder.name, "mounted")
        os.mkdir(self.path)
        with open(self.image, "wb") as file:
            file.truncate(mib << 20)
        self._run("mkfs.ext4", "-q", "-F", "-m", "0", self.image)
        self.mount()

    @staticmethod
    def _run(*command):
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError as missing:
            raise PermissionError(f"{missing.filename} is not installed") from missing
        if done.returncode != 0:
            raise PermissionError(f"{' '.join(command)}: {done.stderr.strip()}")

    def mount(self):
        if os.geteuid() != 0:
            raise PermissionError("loop devices are for root")
        self._run("mount", "-o", "loop", self.image, self.path)

    def unmount(self):
        self._run("umount", self.path)

    def cut_power(self):
        """What has not been synced is lost at once, as far as the file system goes; then it is there again."""
        folder = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, NO_LOG_FLUSH.to_bytes(4, "little"))
        except OSError as error:
            raise PermissionError(f"EXT4_IOC_SHUTDOWN: {error}") from error
        finally:
            os.close(folder)

    def fill(self, leave=0):
        """Takes all the room there is but `leave` bytes; returns the file that holds it."""
        ballast = os.path.join(self.path, "ballast")
        with open(ballast, "ab") as file:
            for block in (1 << 20, 1 << 16, 1 << 12):
                while True:
                    stat = os.statvfs(self.path)
                    if stat.f_bavail * stat.f_frsize < leave + block:
                        break
                    try:
                        file.write(b"\1" * block)
                        file.flush()
                        os.fsync(file.fileno())
                    except OSError:
                        break
        return ballast

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(PermissionError):
            self.unmount()
        self._folder.cleanup()
