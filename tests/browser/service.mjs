// The service with fresh demo data, and how the tests speak to it past the page.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Starts the binary on a free port with an empty database, which it fills; ends with `stop`. */
export async function start(binary) {
  const folder = mkdtempSync(join(tmpdir(), "tributary-"));
  const environment = { ...process.env, TRIBUTARY_LISTEN: "127.0.0.1:0", TRIBUTARY_LOG: "warn", TRIBUTARY_DEMO: "auto" };
  environment.DATABASE_URL = `sqlite://${join(folder, "demo.db")}?mode=rwc`;
  const child = spawn(binary, [], { cwd: folder, env: environment, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /Playground\s+(http:\S+)/.exec(line)?.[1];
    if (address) {
      child.stdout.resume();
      return { address, stop };
    }
  }
  await stop();
  throw new Error("The service ended before it was ready.");
}

/** One operation as a user; throws what it was refused with. */
export async function ask(address, user, query, variables) {
  const post = async (body, headers = {}) => {
    const sent = { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
    const { data, errors } = await (await fetch(new URL("graphql", address), sent)).json();
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  };
  const signIn = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }";
  const { email, password } = user;
  const { signIn: session } = await post({ query: signIn, variables: { input: { email, password } } });
  return post({ query, variables }, { authorization: `Bearer ${session.accessToken}` });
}
