"""Modules of Python's standard library by version: the same answer whichever Python runs."""

from __future__ import annotations

# sys.stdlib_module_names of Python 3.11 without private ones, then what other versions add and have dropped.
_AT_3_11 = """
__future__ _thread abc aifc antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb
binascii bisect builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop collections
colorsys compileall concurrent configparser contextlib contextvars copy copyreg crypt csv ctypes curses
dataclasses datetime dbm decimal difflib dis distutils doctest email encodings ensurepip enum errno
faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass gettext
glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib imghdr imp importlib inspect io ipaddress
itertools json keyword lib2to3 linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap
modulefinder msilib msvcrt multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode operator
optparse os ossaudiodev pathlib pdb pickle pickletools pipes pkgutil platform plistlib poplib posix posixpath
pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline
reprlib resource rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site smtpd
smtplib sndhdr socket socketserver spwd sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string
stringprep struct subprocess sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios
textwrap this threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty turtle
turtledemo types typing unicodedata unittest urllib uu uuid venv warnings wave weakref webbrowser winreg
winsound wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib zoneinfo
"""
_ADDED = {"3.9": "graphlib zoneinfo", "3.11": "tomllib", "3.14": "annotationlib compression"}
_DROPPED = {
    "3.9": "_dummy_thread dummy_threading",
    "3.10": "formatter parser symbol",
    "3.11": "binhex",
    "3.12": "asynchat asyncore distutils imp smtpd",
    "3.13": (
        "aifc audioop cgi cgitb chunk crypt imghdr lib2to3 mailcap msilib nis nntplib ossaudiodev pipes sndhdr spwd "
        "sunau telnetlib uu xdrlib"
    ),
}
VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14")


def stdlib_modules(version: str) -> frozenset[str]:
    """Top-level public modules of the standard library of a Python version of VERSIONS; ValueError for another one."""
    asked, base = VERSIONS.index(version), VERSIONS.index("3.11")
    names = set(_AT_3_11.split())
    for at, name in enumerate(VERSIONS):
        if base < at <= asked:
            names = (names | set(_ADDED.get(name, "").split())) - set(_DROPPED.get(name, "").split())
    for at in range(base, asked, -1):
        name = VERSIONS[at]
        names = (names - set(_ADDED.get(name, "").split())) | set(_DROPPED.get(name, "").split())
    return frozenset(names)
