"""SQLite: a disk that is full or fails, a lock that others hold, a process that is killed."""

import os
import shutil
import signal
import sqlite3
import subprocess

from service import Ledger, Missing, Service, every, until

HERE = os.path.dirname(os.path.abspath(__file__))


def run(program, work, report, chance, seconds):
    shim = os.path.join(work, "disk.so")
    if not shutil.which("cc"):
        raise Missing("no C compiler (cc) on this machine")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", shim, os.path.join(HERE, "disk.c"), "-ldl"], check=True)
    folder, switch = os.path.join(work, "data"), os.path.join(work, "switch")
    os.mkdir(folder)
    file = os.path.join(folder, "faults.db")
    service = Service(
        program,
        {
            "DATABASE_URL": f"sqlite://{file}?mode=rwc",
            "LD_PRELOAD": shim,
            "FAULTS_FOLDER": folder,
            "FAULTS_SWITCH": switch,
        },
        os.path.join(work, "sqlite.log"),
    )

    def disk(word):
        with open(switch + ".new", "w") as new:
            new.write(word)
        os.replace(switch + ".new", switch)

    disk("")
    service.start()
    try:
        service.sign_in()
        ledger = Ledger(service, report, chance)
        rounds = [lambda word=word: broken_disk(service, ledger, report, disk, word) for word in ("full", "write", "sync")]
        rounds += [lambda: locked(service, ledger, report, file)]
        rounds += [lambda word=word: killed(service, ledger, report, chance, disk, word) for word in ("", "full", "sync")]
        rounds += [lambda: ended(service, ledger, report)]
        every(rounds, chance, seconds)
        service.restart(signal.SIGKILL)
        ledger.retry()
        ledger.verify("sqlite, at the end")
        report.say(f"sqlite: {len(ledger.acknowledged)} acknowledged, told {ledger.told}")
    finally:
        disk("")
        service.end(signal.SIGKILL)


def recovers(service, ledger, report, when):
    """Without a restart: ready, what nobody knew about is done once, everything acknowledged is there."""
    report.check(until(10, lambda: service.ready()[0]), f"{when}: it is ready again", "")
    ledger.retry()
    report.check(until(10, ledger.write), f"{when}: it writes again")
    ledger.verify(when)


def broken_disk(service, ledger, report, disk, word):
    when = {"full": "sqlite, full disk", "write": "sqlite, disk that does not write", "sync": "sqlite, disk that loses"}[word]
    report.check(ledger.busy(0.5) > 0 and service.ready()[0], f"{when}: before, it writes and is ready")
    disk(word)
    ledger.busy(1.5)
    # With room left in its journal SQLite still writes, and it finds some again whenever it can begin the journal anew: then
    # saying that it is ready is no lie, though a write was refused a moment ago.
    reason = ""

    def refuses():
        nonlocal reason
        refused = ledger.is_refused_while_busy(0.5)
        ready, reason = service.ready()
        return refused and not ready

    report.check(until(25, refuses), f"{when}: writes are refused in the end, and readiness says so", reason)
    report.check("disk" in reason, f"{when}: readiness says why", reason)
    answer = service.ask("{ deals(first: 5) { nodes { name } } campaigns(first: 5) { nodes { name } } }")
    report.check("errors" not in answer, f"{when}: reading goes on", answer)
    ledger.busy(0.5)
    disk("")
    recovers(service, ledger, report, when)


def locked(service, ledger, report, file):
    when = "sqlite, written by another process"
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        report.check(until(5, ledger.is_refused), f"{when}: writes are refused")
        report.check(not service.ready()[0], f"{when}: readiness says so")
        answer = service.ask("{ deals(first: 5) { nodes { name } } }")
        report.check("errors" not in answer, f"{when}: reading goes on", answer)
    finally:
        other.execute("ROLLBACK")
        other.close()
    recovers(service, ledger, report, when)


def killed(service, ledger, report, chance, disk, word):
    when = f"sqlite, killed on a {'sound' if not word else 'full' if word == 'full' else 'failing'} disk"
    disk(word)
    pid = service.process.pid
    subprocess.Popen(["sh", "-c", f"sleep {chance.uniform(0.3, 1.0):.2f}; kill -9 {pid}"])
    ledger.busy(1.2)
    service.process.wait()
    disk("")
    service.start()
    service.sign_in()
    recovers(service, ledger, report, when)


def ended(service, ledger, report):
    when = "sqlite, told to end while it writes"
    subprocess.Popen(["sh", "-c", f"sleep 0.4; kill -TERM {service.process.pid}"])
    ledger.busy(0.8)
    service.process.wait()
    service.start()
    service.sign_in()
    recovers(service, ledger, report, when)
