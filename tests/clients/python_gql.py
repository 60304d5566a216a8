"""Python's gql, with its transports out of the box: a query over HTTP, a subscription over a WebSocket."""

import asyncio
import os

from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.websockets import WebsocketsTransport

URL = os.environ["TRIBUTARY_URL"]
AUTHORIZATION = {"Authorization": f"Bearer {os.environ['TRIBUTARY_TOKEN']}"}
CHANGED = gql("subscription { changed(types: [LEAD]) { cursor event { action } } }")
CAPTURE = gql("mutation ($input: CaptureLeadInput!) { captureLead(input: $input) { outcome } }")


async def capture(session, number):
    contact = {"email": f"gql-{os.getpid()}-{number}@example.org", "firstName": "Gil", "lastName": "Quell"}
    await session.execute(CAPTURE, variable_values={"input": {"source": "INBOUND", "contact": contact}})


async def main():
    http = Client(transport=AIOHTTPTransport(url=URL, headers=AUTHORIZATION))
    socket = Client(
        transport=WebsocketsTransport(
            url=URL.replace("http", "ws", 1),
            init_payload=AUTHORIZATION,
            # Its default is 1 MiB; the schema with all its descriptions is larger.
            connect_args={"max_size": 4 * 1024 * 1024},
        ),
        fetch_schema_from_transport=True,
    )
    async with http as asking, socket as following:
        print((await asking.execute(gql("{ viewer { role } }")))["viewer"]["role"])
        print((await following.execute(gql("{ viewer { role } }")))["viewer"]["role"])
        print(socket.schema.query_type)
        changes = following.subscribe(CHANGED)
        told = asyncio.ensure_future(changes.__anext__())
        for number in range(200):
            await capture(asking, number)
            if told.done():
                break
        print((await told)["changed"]["event"]["action"])


asyncio.run(main())
