"""The service as a process, one client of it, and the ledger of what it said."""

import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time

ADMIN = ("sara.salesmanager@demo.example", "demo-salesmanager-2026!")
# What a client may be told while the database does not work. Never INTERNAL, never a success.
HONEST = {"UNAVAILABLE", "TIMEOUT", "CONFLICT"}


class Missing(Exception):
    """This machine has not what a database is tried with."""


class Gone(Exception):
    """Nobody answered, or not to the end: what became of the request is not known."""


class Service:
    """A running service; `restart` is what a supervisor does."""

    def __init__(self, program, settings, log):
        self.program, self.settings, self.log = program, settings, log
        self.process = None
        self.token = None

    def start(self, patience=120):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TRIBUTARY_")}
        environment |= {
            "TRIBUTARY_LISTEN": "127.0.0.1:0",
            "TRIBUTARY_LOG": "warn",
            "TRIBUTARY_DATABASE_TIMEOUT_SECONDS": "3",
            "TRIBUTARY_RATE_POINTS": "0",
            **self.settings,
        }
        self.process = subprocess.Popen(
            [self.program, "serve"], env=environment, stdout=subprocess.PIPE, stderr=open(self.log, "ab"), text=True
        )
        deadline = threading.Timer(patience, self.process.kill)
        deadline.start()
        for line in self.process.stdout:
            found = re.search(r"http://([\d.:]+)/graphql", line)
            if found:
                self.address = found.group(1)
                deadline.cancel()
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return
        deadline.cancel()
        self.process.wait()
        raise RuntimeError(f"the service did not start; see {self.log}")

    def end(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)

    def restart(self, how):
        self.end(how)
        self.start()
        self.sign_in()

    def get(self, path):
        """Status and JSON of an address."""
        return self._exchange("GET", path, None, {})

    def ask(self, query, variables=None, leave=False):
        """The answer to a document. With `leave` the client is gone before it comes."""
        headers = {"content-type": "application/json"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        body = json.dumps({"query": query, "variables": variables or {}})
        return self._exchange("POST", "/graphql", body, headers, leave)[1]

    def _exchange(self, method, path, body, headers, leave=False):
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.request(method, path, body, headers)
            if leave:
                time.sleep(0.003)
                raise Gone("left")
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Gone(error) from error
        finally:
            connection.close()

    def sign_in(self):
        self.token = None
        query = "mutation($i: SignInInput!) { signIn(input: $i) { accessToken userErrors { message } } }"
        for _ in range(20):
            answer = self.ask(query, {"i": {"email": ADMIN[0], "password": ADMIN[1]}})
            if not answer.get("errors"):
                self.token = answer["data"]["signIn"]["accessToken"]
                return
            time.sleep(0.5)
        raise RuntimeError(f"nobody can sign in: {answer}")

    def ready(self):
        """Is it, and why not?"""
        status, body = self.get("/readyz")
        return status == 200, body.get("reason", "")


class Ledger:
    """What was sent and what was said: names of deals, each of which is there once, not at all, or nobody knows."""

    def __init__(self, service, report, chance):
        self.service, self.report, self.chance = service, report, chance
        self.number, self.most = 0, 12
        self.lock = threading.Lock()
        self.acknowledged, self.refused = set(), set()
        # Name -> the request that may be sent again with the same key.
        self.unknown = {}
        self.told = {}

    def name(self):
        with self.lock:
            self.number += 1
            return f"fault {self.number}"

    def write(self):
        """One write of some sort. True: acknowledged; False: refused or unknown."""
        keyed, many, atomic = (self.chance.random() < share for share in (0.5, 0.3, 0.5))
        if not many:
            name = self.name()
            item = {"name": name} | ({"idempotencyKey": f"key of {name}"} if keyed else {})
            return self.send("createDeal", item, [name], keyed)
        names = [self.name() for _ in range(self.chance.randint(2, self.most))]
        items = [{"name": name, "competitor": "x" * 120} for name in names]
        whole = {"items": items, "atomic": atomic} | ({"idempotencyKey": f"key of {names[0]}"} if keyed else {})
        return self.send("createDeals", whole, names, keyed)

    def send(self, mutation, given, names, keyed):
        field = "results { deal { id } userErrors { code } }" if mutation == "createDeals" else "deal { id }"
        kind = mutation[0].upper() + mutation[1:]
        query = f"mutation($i: {kind}Input!) {{ {mutation}(input: $i) {{ {field} userErrors {{ code }} }} }}"
        again = (mutation, given, names, keyed) if keyed else None
        try:
            answer = self.service.ask(query, {"i": given}, leave=self.chance.random() < 0.03)
        except Gone:
            self.note(names, None, again)
            return False
        error = (answer.get("errors") or [{}])[0].get("extensions", {}).get("code")
        payload = (answer.get("data") or {}).get(mutation)
        if error or not payload:
            self.code(error or "(no data)", answer)
            self.note(names, None, again)
            return False
        results = payload.get("results", [payload])
        done = True
        for name, result in zip(names, results):
            if result["deal"]:
                self.note([name], True, None)
            else:
                codes = [error["code"] for error in result["userErrors"]]
                for code in codes:
                    self.code(code, answer)
                # A refusal whose outcome is not known has one of the codes of a failing database.
                self.note([name], None if set(codes) & {"UNAVAILABLE", "TIMEOUT"} else False, again)
                done = False
        return done

    def is_refused(self):
        """One write. True: the service refused it; a client that left before the answer has seen no refusal."""
        before = sum(self.told.values())
        return not self.write() and sum(self.told.values()) > before

    def is_refused_while_busy(self, seconds):
        """Many writes at once for some time. True: the service refused one of them."""
        before = sum(self.told.values())
        self.busy(seconds)
        return sum(self.told.values()) > before

    def code(self, code, answer):
        with self.lock:
            self.told[code] = self.told.get(code, 0) + 1
        self.report.check(code in HONEST | {"NOT_DONE"}, "a write that fails is refused with an honest code", answer)

    def note(self, names, outcome, again):
        with self.lock:
            for name in names:
                self.unknown.pop(name, None)
                if outcome:
                    self.acknowledged.add(name)
                    # Of a batch that is sent again, also what was not done the first time is done.
                    self.refused.discard(name)
                elif outcome is None:
                    self.unknown[name] = again
                else:
                    self.refused.add(name)

    def retry(self):
        """Sends again, with their keys, what nobody knows about: now it is done, and once."""
        with self.lock:
            waiting = {again[1].get("idempotencyKey"): again for again in self.unknown.values() if again}
        for again in waiting.values():
            for _ in range(40):
                if self.send(*again):
                    break
                time.sleep(0.25)
            else:
                self.report.check(False, "a write that is sent again with its key is done", again[2])

    def verify(self, when):
        """Compares with what is there."""
        there, cursor = {}, None
        query = """query($after: String) { deals(first: 100, after: $after, filter: { name: { startsWith: "fault " } }) {
            nodes { name version transitions { totalCount } } pageInfo { hasNextPage endCursor } } }"""
        while True:
            answer = self.service.ask(query, {"after": cursor})
            if answer.get("errors"):
                self.report.check(False, f"{when}: what is there can be read", answer["errors"][0])
                return
            page = answer["data"]["deals"]
            for deal in page["nodes"]:
                there.setdefault(deal["name"], []).append(deal)
            if not page["pageInfo"]["hasNextPage"]:
                break
            cursor = page["pageInfo"]["endCursor"]
        with self.lock:
            lost = sorted(self.acknowledged - set(there))
            ghosts = sorted(self.refused & set(there))
            half = sorted(name for name, deals in there.items() for deal in deals if deal["transitions"]["totalCount"] != 1)
            twice = sorted(name for name, deals in there.items() if len(deals) > 1)
            count = len(self.acknowledged)
        self.report.check(not lost, f"{when}: no acknowledged write is lost", f"{len(lost)} of {count}, {lost[:5]}")
        self.report.check(not ghosts, f"{when}: nothing that was refused is there", ghosts[:5])
        self.report.check(not half, f"{when}: nothing is half done", half[:5])
        self.report.check(not twice, f"{when}: nothing is done twice", twice[:5])

    def busy(self, seconds, clients=4):
        """Writes for a while with some clients at once; answers how many were acknowledged."""
        end, done = time.monotonic() + seconds, []

        def client():
            while time.monotonic() < end:
                if self.write():
                    done.append(1)

        threads = [threading.Thread(target=client) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(done)


class Report:
    """Counts what held and what did not: each promise once for each occasion."""

    def __init__(self):
        self.outcomes = {}
        self.lock = threading.Lock()

    def check(self, holds, promise, found=""):
        with self.lock:
            if not holds and self.outcomes.get(promise, True):
                print(f"FAILED {promise}: {found}", flush=True)
            self.outcomes[promise] = self.outcomes.get(promise, True) and bool(holds)

    def say(self, words):
        print(words, flush=True)

    def close(self):
        """The last line; whether everything held."""
        failed = sum(not held for held in self.outcomes.values())
        print(f"{len(self.outcomes) - failed} passed, {failed} failed", flush=True)
        return failed == 0


def until(seconds, condition):
    """Waits until a condition holds; whether it did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return True
        except Gone:
            pass
        time.sleep(0.1)
    return False


def every(rounds, chance, seconds):
    """Every round once, whatever the time; then again, as long as it lasts."""
    end = time.monotonic() + seconds
    while True:
        chance.shuffle(rounds)
        for faulty in rounds:
            faulty()
        if time.monotonic() > end:
            return
