#!/usr/bin/env python3
"""An integration with Tributary in plain Python: signs in, walks a list, writes with safe retries, reads what changed."""

import json
import os
import time
import urllib.error
import urllib.request
import uuid

URL = os.environ.get("TRIBUTARY_URL", "http://127.0.0.1:8080/graphql")

# Nothing is wrong with the request: the same one may pass a little later.
PASSING = {"RATE_LIMITED", "UNAVAILABLE", "TIMEOUT"}


class Refused(Exception):
    """An error that asking again does not mend; `code` is from the closed list."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error["extensions"]["code"]


class Tributary:
    def __init__(self, email, password):
        self.tokens = None
        self.begin("signIn", "SignInInput", {"email": email, "password": password})

    def begin(self, mutation, type, input):
        document = f"mutation ($input: {type}!) {{ {mutation}(input: $input) {{ accessToken refreshToken userErrors {{ message }} }} }}"
        self.tokens = None
        session = self.ask(document, input=input)[mutation]
        if not session["accessToken"]:
            raise SystemExit(session["userErrors"][0]["message"])
        self.tokens = session

    def ask(self, query, idempotency_key=None, **variables):
        """Runs an operation. A retry sends the same key, so that whatever it does is done once."""
        for attempt in range(5):
            answer, retry_after = self.post({"query": query, "variables": variables}, idempotency_key)
            errors = answer.get("errors", [])
            code = errors[0]["extensions"]["code"] if errors else None
            if code == "UNAUTHENTICATED" and self.tokens:
                self.begin("refreshSession", "RefreshSessionInput", {"refreshToken": self.tokens["refreshToken"]})
            elif code in PASSING:
                time.sleep(float(retry_after or 2**attempt))
            elif errors:
                raise Refused(errors[0])
            else:
                return answer["data"]
        raise Refused(errors[0])

    def post(self, body, idempotency_key):
        headers = {"Content-Type": "application/json"}
        if self.tokens:
            headers["Authorization"] = "Bearer " + self.tokens["accessToken"]
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        request = urllib.request.Request(URL, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response), None
        except urllib.error.HTTPError as error:  # Refusals have a JSON body with a code, too.
            return json.load(error), error.headers.get("Retry-After")

    def walk(self, query, field, after=None, **variables):
        """All pages of a connection, and the cursor behind each. Rows that come or go meanwhile shift nothing."""
        while True:
            page = self.ask(query, after=after, **variables)[field]
            after = page["pageInfo"]["endCursor"] or after
            yield page["nodes"], after
            if not page["pageInfo"]["hasNextPage"]:
                return


COMPANIES = """query ($after: String) {
  companies(first: 200, after: $after, orderBy: [{ field: ID }]) {
    nodes { id name domain }
    pageInfo { endCursor hasNextPage }
  }
}"""

CAPTURE = """mutation ($input: CaptureLeadsInput!) {
  captureLeads(input: $input) {
    results { outcome userErrors { code field message } }
    userErrors { message }
  }
}"""

CHANGES = """query ($after: String, $filter: EventFilter) {
  events(first: 500, after: $after, filter: $filter, orderBy: [{ field: SEQ }]) {
    nodes { seq at action subjectType subjectId changes { field from to } }
    pageInfo { endCursor hasNextPage }
  }
}"""

NEWEST = "{ events(first: 1, orderBy: [{ field: SEQ, direction: DESC }]) { nodes { seq } } }"


def main():
    tributary = Tributary("ivo.integration@demo.example", "demo-integration-2026!")

    companies = [company for nodes, _ in tributary.walk(COMPANIES, "companies") for company in nodes]
    print(f"{len(companies)} companies")

    # Where we stand in the log; an integration keeps this, or the last cursor, between its runs.
    seen = tributary.ask(NEWEST)["events"]["nodes"][0]["seq"]

    run = uuid.uuid4().hex
    items = [{"source": "API", "contact": {"email": f"{name}-{run}@example.org"}} for name in ("ann", "bob", "cem")]
    items.append({"source": "API", "contact": {"jobTitle": "Somebody"}})
    # One answer for each item, mistakes included. The second call finds the outcome of the first.
    first, again = (tributary.ask(CAPTURE, run, input={"items": items})["captureLeads"] for _ in range(2))
    # An integration that may not read e-mail addresses is not told whether a person was known: RECEIVED.
    taken = [result for result in first["results"] if result["outcome"]]
    print(f"{len(taken)} leads, then the same again: {first == again}")
    for error in first["results"][-1]["userErrors"]:
        print(f"{'.'.join(error['field'])}: {error['message']}")

    news = {"seq": {"gt": seen}, "subjectType": {"in": ["LEAD", "CONTACT"]}}
    changes = [event for nodes, _ in tributary.walk(CHANGES, "events", filter=news) for event in nodes]
    leads = {event["subjectId"] for event in changes if event["subjectType"] == "LEAD"}
    print(f"{len(leads)} leads have changed, {len(changes)} changes of leads and contacts")


if __name__ == "__main__":
    main()
