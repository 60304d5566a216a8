// A place to which every host but the service leads, so that whoever is asked besides it is known.

import { createServer } from "node:http";

/** What Chromium asks for itself, without any page. A page that asked there would be seen by its own requests. */
const ITS_OWN = /^(http:\/\/)?(accounts\.google|clients2\.google|(content-autofill|update|optimizationguide-pa)\.googleapis|(edgedl\.me|redirector)\.gvt1)\.com[:/]/;

/** How Chromium is to be started, and who was asked since last time. */
export async function fence(address) {
  const met = [];
  const server = createServer((request, response) => {
    met.push(request.url);
    response.end("A fence.");
  });
  server.on("connect", (request, socket) => {
    met.push(request.url);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { host } = new URL(address);
  const rules = [
    `--proxy-server=http://127.0.0.1:${server.address().port}`,
    // Without the first rule Chromium would go past the proxy to all that runs here.
    `--proxy-bypass-list=<-loopback>;${host}`,
  ];
  return { rules, asked: () => met.splice(0).filter((url) => !ITS_OWN.test(url)), close: () => server.close() };
}
