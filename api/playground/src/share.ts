/** What a link carries: never a token, never headers. */
export interface Shared {
  query: string;
  variables: string;
  role: string;
}

const PREFIX = "#share=";

/** The address of this page with an operation in its fragment, which no server ever sees. */
export async function linkTo(shared: Shared): Promise<string> {
  const packed = await through(new CompressionStream("deflate-raw"), new TextEncoder().encode(JSON.stringify(shared)));
  const text = btoa(String.fromCharCode(...packed)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `${location.origin}${location.pathname}${PREFIX}${text}`;
}

/** The operation in the address of this page. */
export async function sharedHere(): Promise<Shared | null> {
  if (!location.hash.startsWith(PREFIX)) return null;
  try {
    const text = atob(location.hash.slice(PREFIX.length).replaceAll("-", "+").replaceAll("_", "/"));
    const packed = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    const { query, variables, role } = JSON.parse(
      new TextDecoder().decode(await through(new DecompressionStream("deflate-raw"), packed)),
    );
    return { query: String(query), variables: String(variables), role: String(role) };
  } catch {
    return null;
  }
}

async function through(stream: CompressionStream | DecompressionStream, bytes: Uint8Array<ArrayBuffer>) {
  const body = new Blob([bytes]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(body).arrayBuffer());
}
