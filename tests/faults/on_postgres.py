"""PostgreSQL: a server that is restarted or crashes, connections that are cut off, slow or silent, failed transactions."""

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess

from proxy import Proxy
from service import Ledger, Missing, Service, every, until

FAIL = """CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF random() < 0.5 THEN {what}; END IF; RETURN NEW; END $$;
DROP TRIGGER IF EXISTS fail ON {table}; {trigger} ON {table} {deferred} FOR EACH ROW EXECUTE FUNCTION fail()"""


class Cluster:
    """A PostgreSQL of its own in a temporary folder; none is touched that is there already."""

    def __init__(self, work):
        found = shutil.which("pg_ctl") or max(glob.glob("/usr/lib/postgresql/*/bin/pg_ctl"), default=None)
        if not found:
            raise Missing("no PostgreSQL (pg_ctl) on this machine")
        self.bin = os.path.dirname(os.path.realpath(found))
        self.data = os.path.join(work, "postgres")
        os.mkdir(self.data, 0o700)
        self.user = None
        if os.geteuid() == 0:
            # The server does not run as root.
            self.user = pwd.getpwnam("postgres")
            os.chmod(work, 0o755)
            os.chown(self.data, self.user.pw_uid, self.user.pw_gid)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.call("initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "--no-sync")
        with open(os.path.join(self.data, "postgresql.conf"), "a") as settings:
            settings.write(f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n")
        self.start()
        self.sql("CREATE DATABASE faults", "postgres")

    def call(self, program, *arguments):
        as_user = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}
        subprocess.run(
            [os.path.join(self.bin, program), *arguments], check=True, cwd="/", stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, **as_user,
        )

    def start(self):
        self.call("pg_ctl", "-D", self.data, "-w", "-l", os.path.join(self.data, "log"), "start")

    def stop(self, how):
        self.call("pg_ctl", "-D", self.data, "-w", "-m", how, "stop")

    def sql(self, text, database="faults"):
        self.call("psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database, "-qc", text)


def run(program, work, report, chance, seconds):
    cluster = Cluster(work)
    proxy = Proxy(cluster.port)
    url = f"postgres://postgres@127.0.0.1:{proxy.port}/faults"
    service = Service(program, {"DATABASE_URL": url}, os.path.join(work, "postgres.log"))
    try:
        service.start()
        service.sign_in()
        ledger = Ledger(service, report, chance)
        at = lambda when, begin, end, **more: lambda: faulty(service, ledger, report, f"postgres, {when}", begin, end, **more)

        def mode(word, cut=False):
            proxy.mode = word
            # A large batch would outlast every time limit.
            ledger.most = 2 if word == "slow" else 12
            if cut:
                proxy.cut()

        def failing(what, place):
            table = "event" if place == "end" else "deal"
            trigger = "CREATE CONSTRAINT TRIGGER fail AFTER INSERT" if place == "commit" else "CREATE TRIGGER fail BEFORE INSERT"
            deferred = "DEFERRABLE INITIALLY DEFERRED" if place == "commit" else ""
            cluster.sql(FAIL.format(what=what, table=table, trigger=trigger, deferred=deferred))

        sound = lambda: cluster.sql("DROP TRIGGER IF EXISTS fail ON deal; DROP TRIGGER IF EXISTS fail ON event")
        full, cancel, end = (
            "RAISE EXCEPTION 'no room' USING ERRCODE = '53100'",
            "PERFORM pg_cancel_backend(pg_backend_pid()), pg_sleep(1)",
            "PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(1)",
        )
        terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'faults' AND pid <> pg_backend_pid()"
        read_only = lambda on: cluster.sql(
            f"ALTER DATABASE faults SET default_transaction_read_only = {on}; {terminate}", "postgres"
        )
        rounds = [
            at("restarted", lambda: cluster.stop("fast"), cluster.start, down=True),
            at("crashed", lambda: cluster.stop("immediate"), cluster.start, down=True),
            at("cut off", lambda: mode("refuse", cut=True), lambda: mode("pass"), down=True),
            at("cut off for a moment", lambda: mode("pass", cut=True), lambda: None),
            at("silent", lambda: mode("swallow"), lambda: mode("pass", cut=True), down=True),
            at("slow", lambda: mode("slow"), lambda: mode("pass")),
            at("read-only", lambda: read_only("on"), lambda: read_only("off"), down=True),
            at("sessions ended", lambda: cluster.sql(terminate, "postgres"), lambda: None),
            *(
                at(f"{name} in the {place}", lambda what=what, place=place: failing(what, place), sound)
                for name, what in (("no room", full), ("cancelled", cancel), ("ended", end))
                for place in ("middle", "end", "commit")
            ),
            lambda: killed(service, ledger, report, chance),
        ]
        every(rounds, chance, seconds)
        service.restart(signal.SIGKILL)
        ledger.retry()
        ledger.verify("postgres, at the end")
        report.say(f"postgres: {len(ledger.acknowledged)} acknowledged, told {ledger.told}")
    finally:
        service.end(signal.SIGKILL)
        proxy.mode = "pass"
        cluster.stop("immediate")


def faulty(service, ledger, report, when, begin, end, down=False):
    """Writes before, while and after something is wrong; `down`: while it is, nothing can be written."""
    report.check(ledger.busy(0.3) > 0 and service.ready()[0], f"{when}: before, it writes and is ready")
    begin()
    try:
        ledger.busy(0.7)
        if down:
            report.check(until(5, ledger.is_refused), f"{when}: writes are refused")
            ready, reason = service.ready()
            report.check(not ready, f"{when}: readiness says so", reason)
    finally:
        end()
    report.check(until(15, lambda: service.ready()[0]), f"{when}: it is ready again")
    ledger.retry()
    report.check(until(15, ledger.write), f"{when}: it writes again")
    ledger.verify(when)


def killed(service, ledger, report, chance):
    when = "postgres, service killed"
    subprocess.Popen(["sh", "-c", f"sleep {chance.uniform(0.2, 0.6):.2f}; kill -9 {service.process.pid}"])
    ledger.busy(0.8)
    service.process.wait()
    service.start()
    service.sign_in()
    ledger.retry()
    report.check(until(15, ledger.write), f"{when}: it writes again")
    ledger.verify(when)
