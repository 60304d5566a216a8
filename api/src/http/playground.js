"use strict";

const SIGN_IN = "mutation SignIn($input: SignInInput!) { signIn(input: $input) { accessToken userErrors { message } } }";
const FIRST_QUERY = "# Sign in above, then ask.\n{\n  viewer {\n    user { name }\n    role\n  }\n}\n";

const element = (id) => document.getElementById(id);
let token = null;

async function ask(query, variables) {
  const headers = { "content-type": "application/json", accept: "application/graphql-response+json, application/json;q=0.9" };
  if (token) headers.authorization = `Bearer ${token}`;
  const response = await fetch("/graphql", { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  return { status: response.status, id: response.headers.get("x-request-id"), body: await response.json() };
}

function show(body) {
  element("answer").textContent = JSON.stringify(body, null, 2);
}

async function run() {
  const text = element("variables").value.trim();
  let variables = {};
  try {
    if (text) variables = JSON.parse(text);
  } catch {
    element("status").textContent = "The variables are not valid JSON.";
    return;
  }
  element("status").textContent = "Running…";
  const began = performance.now();
  try {
    const { status, id, body } = await ask(element("query").value, variables);
    element("status").textContent = `${status} in ${Math.round(performance.now() - began)} ms, request ${id}`;
    show(body);
  } catch {
    element("status").textContent = "The service did not answer.";
  }
}

async function signIn(event) {
  event.preventDefault();
  const email = element("email").value;
  try {
    const { body } = await ask(SIGN_IN, { input: { email, password: element("password").value } });
    const issued = body.data?.signIn?.accessToken;
    if (!issued) return show(body);
    token = issued;
    element("password").value = "";
    signedIn(email);
  } catch {
    element("status").textContent = "The service did not answer.";
  }
}

function signedIn(email) {
  element("sign-in").hidden = Boolean(email);
  element("session").hidden = !email;
  element("who").textContent = email ? `Signed in as ${email}` : "";
}

element("query").value = FIRST_QUERY;
element("run").addEventListener("click", run);
element("sign-in").addEventListener("submit", signIn);
element("sign-out").addEventListener("click", () => { token = null; signedIn(null); });
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
});
